"""Turns text into vectors with a sentence encoder.

Hands out `SentenceEncoder` (embed.py). May call `ingest.datatypes` and `ingest.errors`.
"""
