"""Turns a question into an answer with its page and quote. `app` reads what `ingest` made."""
