"""The pages in the browser. main.py is the script that Streamlit runs; serve.py is the server in front of it.

May call every room but the commands (whose terminal.py gives the words for sizes and times).
"""
