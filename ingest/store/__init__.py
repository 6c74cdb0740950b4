"""The index on disk: SQLite, which is the truth, the text index in it, and the FAISS snapshots made from it.

Hands out `Store` (store.py), for the one writer, and `LocalIndex` (index.py), for readers.
May call `text`, `encryption` and what lies below them.
"""
