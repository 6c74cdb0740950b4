"""A question's way to its answer: understand it, find passages, let the model write, check the quotes, judge the doubt.

Hands out `open_assistant` (opening.py) and `Assistant` (assistant.py), whose `ask` and `search` are all that pages and
commands need. May call `llm`, `models`, `datatypes`, `settings` and `ingest`.
"""
