"""Questions about whole tables: which table, column, rows and operation a question means, worked out by code.

`reading.understood` makes a Wanted of a question (intent, links, filters, operations), `select.results` computes it in
SQLite, `said.answered` puts it into words. It asks `ingest.store.catalogue` for the tables, and no model for anything.
"""
