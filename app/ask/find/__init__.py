"""Where an answer may stand: passages (`retrieve`), their best sentences (`evidence`), the right edition, and the
documents, sections and mentions that a phrase names.

Called by the kinds and by a question's way; calls `plan`, `language`, `structure` and the index.
"""
