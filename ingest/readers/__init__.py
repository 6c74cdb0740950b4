"""One reader for each format: `read(path, on_page)` gives a ReadResult, or raises a ReadError in words for people.

Hands out `read_file` (read.py), which picks the reader by the file's ending, and text recognition (ocr.py). They run in
a child process with limits; each also minds its own: sizes, depths, what a file claims. May call `pdf` and `text`.
"""
