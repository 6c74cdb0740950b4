"""What compares words: words, numbers, codes and names in one form, tables' rows said in full, patterns, likeness.

Pure functions of text, on which search, check and kinds must agree. Calls `ingest.text` only.
"""
