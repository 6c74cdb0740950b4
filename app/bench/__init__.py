"""How fast this machine answers, beside its own ceilings and beside the usual pipeline.

Hands out `measure` (measure.py) and its report. May call `evaluation`, `ask` and what lies below them.
"""
