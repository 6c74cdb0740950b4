"""Work on text that was read: cleaning, layout, tables, sentences, passages, language, likeness, hostile phrases.

Functions without state; each file says what it hands out. May call `datatypes`, `config` and `errors`.
"""
