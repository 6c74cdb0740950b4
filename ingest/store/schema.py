"""The tables of store.db, as the migrations that made them."""

from __future__ import annotations

_001_FIRST = """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, title TEXT NOT NULL, sha256 TEXT NOT NULL,
        size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, n_pages INTEGER NOT NULL, n_chunks INTEGER NOT NULL,
        error TEXT NOT NULL, hint TEXT NOT NULL);
    CREATE TABLE pages (
        doc_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE, number INTEGER NOT NULL,
        start INTEGER NOT NULL, label TEXT NOT NULL, reader TEXT NOT NULL, text BLOB NOT NULL, raw_index BLOB,
        PRIMARY KEY (doc_id, number)) WITHOUT ROWID;
    CREATE TABLE headings (
        doc_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE, start INTEGER NOT NULL,
        level INTEGER NOT NULL, text TEXT NOT NULL);
    CREATE INDEX headings_of ON headings(doc_id, start);
    CREATE TABLE notes (doc_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE, text TEXT NOT NULL);
    CREATE TABLE chunks (
        id INTEGER PRIMARY KEY, doc_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        start INTEGER NOT NULL, end INTEGER NOT NULL, page INTEGER NOT NULL,
        title TEXT NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL);
    CREATE INDEX chunks_of ON chunks(doc_id, start);
    CREATE TABLE vectors (
        chunk_id INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE,
        content TEXT NOT NULL, vector BLOB NOT NULL);
    CREATE INDEX vectors_by_content ON vectors(content);
    CREATE VIRTUAL TABLE chunks_fts USING fts5(
        title, heading, text, content='chunks', content_rowid='id',
        tokenize='porter unicode61 remove_diacritics 2');
    CREATE TRIGGER chunks_in AFTER INSERT ON chunks BEGIN
        INSERT INTO chunks_fts(rowid, title, heading, text) VALUES (new.id, new.title, new.heading, new.text);
    END;
    CREATE TRIGGER chunks_out AFTER DELETE ON chunks BEGIN
        INSERT INTO chunks_fts(chunks_fts, rowid, title, heading, text)
        VALUES ('delete', old.id, old.title, old.heading, old.text);
    END;
"""

_002_PLACES_TABLES_FLAGS = """
    ALTER TABLE pages ADD COLUMN place TEXT NOT NULL DEFAULT '';
    ALTER TABLE pages ADD COLUMN confidence REAL NOT NULL DEFAULT 1;
    ALTER TABLE pages ADD COLUMN unread INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE tables (
        doc_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE, number INTEGER NOT NULL,
        page INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, caption TEXT NOT NULL,
        columns TEXT NOT NULL, rows BLOB NOT NULL,
        PRIMARY KEY (doc_id, number)) WITHOUT ROWID;
    CREATE TABLE flags (
        doc_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        kind TEXT NOT NULL, page INTEGER NOT NULL, text TEXT NOT NULL);
"""

_003_CURATED = """
    CREATE TABLE curated (
        doc_id INTEGER PRIMARY KEY REFERENCES documents(id) ON DELETE CASCADE,
        language TEXT NOT NULL, sketch BLOB NOT NULL, edition TEXT NOT NULL);
    CREATE TABLE sketches (
        chunk_id INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE, sketch BLOB NOT NULL);
    CREATE TABLE duplicates (
        doc_id INTEGER PRIMARY KEY REFERENCES documents(id) ON DELETE CASCADE,
        other INTEGER NOT NULL, why TEXT NOT NULL);
    CREATE TABLE superseded (
        doc_id INTEGER PRIMARY KEY REFERENCES documents(id) ON DELETE CASCADE,
        other INTEGER NOT NULL, why TEXT NOT NULL);
    CREATE TABLE twins (
        chunk_id INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE, leader INTEGER NOT NULL);
    CREATE INDEX twins_of ON twins(leader);
    CREATE TABLE weights (
        chunk_id INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE, weight REAL NOT NULL);
"""

# Vectors of documents that are not stored yet; and indexes that deleting a document needs in every table.
_004_UNFINISHED = """
    CREATE TABLE unfinished (content TEXT PRIMARY KEY, doc_id INTEGER NOT NULL, vector BLOB NOT NULL) WITHOUT ROWID;
    CREATE INDEX unfinished_of ON unfinished(doc_id);
    CREATE INDEX notes_of ON notes(doc_id);
    CREATE INDEX flags_of ON flags(doc_id);
"""

# What was recognised in pages that are pictures; kept when their document is read anew, so without a reference to it.
_005_RECOGNISED = """
    CREATE TABLE recognised (
        doc_id INTEGER NOT NULL, number INTEGER NOT NULL, sha256 TEXT NOT NULL,
        text BLOB, raw_index BLOB, confidence REAL NOT NULL, boxes BLOB NOT NULL,
        PRIMARY KEY (doc_id, number)) WITHOUT ROWID;
    CREATE INDEX pages_unread ON pages(doc_id) WHERE unread;
"""

MIGRATIONS = (
    _001_FIRST,
    _002_PLACES_TABLES_FLAGS,
    _003_CURATED,
    _004_UNFINISHED,
    _005_RECOGNISED,
)  # applied once, in order; PRAGMA user_version counts them
