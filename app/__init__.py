"""A question in, an answer with its page and quote out. `app` reads what `ingest` made."""
