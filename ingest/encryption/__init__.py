"""Encrypted libraries: the key and the passphrase that opens it, and files that are sealed with it.

Hands out `Key` (vault.py) and the sealing of files (sealed.py). May call `ingest.files` and `ingest.errors`.
"""
