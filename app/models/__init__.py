"""The models: which there are, where their files are, and how they are downloaded.

Hands out `find` (catalogue.py), `path`, `pull` and `add` (store.py) and the downloads (fetch.py, wheels.py). May call
`ingest.errors` only.
"""
