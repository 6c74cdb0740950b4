"""The question before anything is searched: courtesies taken off, made to stand alone, its spelling mended, put into
the documents' language, cut into the questions that it holds. Hands out questions as text. Calls `language` only.
"""
