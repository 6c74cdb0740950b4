"""Keeps documents private: passwords of pages and libraries, and the proof that nothing leaves the machine.

Hands out `open_unlocked` (unlock.py), the page's password (password.py) and the offline rehearsal (offline.py). May
call `ask`, `doctor` and what lies below them.
"""
