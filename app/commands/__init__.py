"""The commands of the command line, one file for each group. terminal.py formats their output.

Hands out click commands to `app.cli`. May call every room but the pages; heavy imports wait inside the functions.
"""
