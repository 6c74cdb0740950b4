"""Measures how good the answers are: asks questions with known answers, grades, counts and shows the results.

Hands out `evaluate` (run.py), the cases (cases.py), the figures (figures.py), the report page (page.py), calibration of
the doubt and drafted questions. May call `ask`, `library` and what lies below them.
"""
