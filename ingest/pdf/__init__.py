"""Reads PDF files page by page, with pdfium or pypdf, whichever reads a page better; finds headings and hidden text.

Hands out `read_pdf` and `pdf_events` (pdf.py). May call `text`, `datatypes`, `files` and `errors`.
"""
