"""For `listing` and `steps`: what is to be listed, which lists, tables and headings may be it, and sentences one by
one."""
