"""Brings an index in step with folders: scans, plans, reads, embeds and publishes; watches folders for changes.

Hands out `sync` (sync.py), `changes` (watch.py) and `status_of` (status.py). May call every room but `upkeep`.
"""
