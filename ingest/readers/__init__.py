"""One reader for each format: `read(path, on_page)` returns a ReadResult, or raises a ReadError in words for people.

Hands out `read_file` (read.py), which picks the reader by the file's ending, and text recognition (ocr.py). Readers run
in a child process with limits; each also limits sizes and depths itself. May call `pdf` and `text`.
"""
