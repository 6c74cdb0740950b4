"""For `table`: which table, column, rows and operation a question means, worked out by code.

`interpret.understood` makes a Query of a question (intent, links, filters, operations), `select.results` computes it in
SQLite, `reply.answered` puts it into words. It asks `ingest.store.catalogue` for the tables, and no model for anything.
"""
