"""Encrypted libraries: the key, the passphrase that unlocks it, and the encryption of single files.

Hands out `Key` (vault.py) and the sealing of files (sealed.py). May call `ingest.files` and `ingest.errors`.
"""
