"""Measures how fast this machine answers, compared with its hardware limits and with usual pipelines.

Hands out `measure` (measure.py) and its report. May call `evaluation`, `ask` and what lies below them.
"""
