"""Child processes that read and draw files, shut in: without network, without writing, with limits of memory and time.

Hands out `Worker` and `Recogniser` (worker.py), which run child.py, and `render_page` (render.py). May call the readers
and what lies below them.
"""
