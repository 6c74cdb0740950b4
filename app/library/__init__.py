"""What an index holds and what it lacks: a survey of its documents, and the report and page that show it.

Hands out `survey`, the report (report.py, page.py) and the questions that found nothing (asked.py). May call `ingest`
and `datatypes`.
"""
