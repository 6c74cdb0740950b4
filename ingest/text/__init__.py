"""Functions on text that was already read: cleaning, layout, tables, sentences, chunks, language, similarity, hostile
text.

They keep no state and open no files. May call `datatypes`, `config` and `errors`.
"""
