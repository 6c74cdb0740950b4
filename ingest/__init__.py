"""Turns files into an index. `ingest` owns the index's format, reading and writing; it never imports `app`."""
