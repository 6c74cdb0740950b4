"""Bringing an index in step with folders: scan, plan, read, embed, publish; then watch them.

Hands out `sync` (sync.py), `changes` (watch.py) and `status_of` (status.py). May call every room but `upkeep`.
"""
