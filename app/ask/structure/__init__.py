"""What documents are made of besides sentences: sections under their headings, lists and tables within them, and which
of these a question is about. Found by form and by words alone; every piece is a span of its document's text."""
