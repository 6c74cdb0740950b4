"""Text to vectors: the sentence encoder, with its batches, precision and prefixes.

Hands out `SentenceEncoder` (embed.py). May call `ingest.datatypes` and `ingest.errors`.
"""
