"""The index on disk: a SQLite database with all data, the full-text index in it, and FAISS snapshots made from it.

Hands out `Store` (store.py), for the one process that writes, the snapshots it publishes (snapshots.py), and
`LocalIndex` (index.py), for readers. May call `text`, `encryption` and what lies below them.
"""
