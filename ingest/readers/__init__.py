"""One reader for each format: `read(path, on_page)` gives a ReadResult, or raises a ReadError in words for people.

They run in `ingest.worker`, a child process with limits; each also minds its own: sizes, depths, what a file claims.
"""
