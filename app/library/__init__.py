"""Surveys what an index holds and what it lacks, and shows that as a report and a page.

Hands out `survey`, the report (report.py, page.py) and the questions that found nothing (asked.py). May call `ingest`
and `datatypes`.
"""
