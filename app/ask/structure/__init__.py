"""What a document is made of: sections under their headings, statements and lists in them, and which statements matter.

Hands out outlines, sections, statements (each a span of its document's text). Calls `language` and the index.
"""
