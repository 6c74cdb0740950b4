"""A question's way to its answer: understand it, find passages, let the model write, check the quotes, judge the doubt.

Hands out `open_assistant` (opening.py) and `Assistant` (assistant.py), whose `ask` and `search` are all that pages and
commands need. The files here are the way, top to bottom in `stream.py`; what it goes through are the rooms: kinds,
understand, find, write, check, structure, language. May call `llm`, `models`, `datatypes`, `settings` and `ingest`.
"""
