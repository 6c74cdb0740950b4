"""Child processes that read and draw files in a sandbox: no network, no writing, limited memory and time.

Hands out `Reader` and `Recogniser` (worker.py), which run child.py, and `render_page` (render.py). May call the readers
and what lies below them.
"""
