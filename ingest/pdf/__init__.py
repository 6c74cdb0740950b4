"""PDF files, page by page: pdfium's text or pypdf's, whichever reads a page better; headings and hidden text.

Hands out `read_pdf` and `pdf_events` (pdf.py). May call `text`, `datatypes`, `files` and `errors`.
"""
