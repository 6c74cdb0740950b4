"""For `listing`: what is to be listed, which lists, tables and headings may be it, and single
sentences."""
