"""Which models there are, where their files lie, and how they come: catalogue, store, download, wheels.

Hands out `find` (catalogue.py), `path`, `pull` and `add` (store.py) and the downloads (fetch.py, wheels.py). May call
`ingest.errors` only.
"""
