"""Maintains an index: check, repair, export, import, encrypt, decrypt.

Hands out `examine` (check.py), `check` (repair.py), export and import (archive.py, unpack.py) and `convert`
(convert.py). May call every other room of `ingest`.
"""
