"""How good the answers are: questions with known answers are asked, graded, counted and shown.

Hands out `evaluate` (run.py), the cases (cases.py), the figures (figures.py), the report page (page.py), calibration of
the doubt and drafted questions. May call `ask`, `library` and what lies below them.
"""
