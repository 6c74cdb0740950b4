"""The question before anything is searched: made to stand alone, its spelling mended, put into the documents'
language, cut into the questions that it holds."""
