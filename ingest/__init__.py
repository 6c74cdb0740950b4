"""Files in, index out. `ingest` owns the index's format, reading and writing; it never imports `app`."""
