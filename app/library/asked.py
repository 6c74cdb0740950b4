"""What was asked of an index and what that found, kept beside it on this machine, so that the report can tell which
passages nothing ever led to and which questions led to nothing.

indexes/<domain>/asked.db goes when the index's folder goes. It is never needed for an answer: where it cannot be
written, nothing is kept and nobody is bothered.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.datatypes import Answer, Hit
from ingest.encryption.vault import Key
from ingest.errors import LibraryError
from ingest.store.database import failures, open_own, told_of

FILE = "asked.db"
MOST = 5000  # questions kept; older ones go
MIGRATIONS = (
    """
    CREATE TABLE questions (
        id INTEGER PRIMARY KEY, at REAL NOT NULL, question TEXT NOT NULL, outcome TEXT NOT NULL,
        reason TEXT NOT NULL, n_found INTEGER NOT NULL, nearest TEXT NOT NULL);
    CREATE TABLE found (
        question_id INTEGER NOT NULL REFERENCES questions(id) ON DELETE CASCADE, chunk_id INTEGER NOT NULL,
        PRIMARY KEY (question_id, chunk_id)) WITHOUT ROWID;
    """,
)

Outcome = Literal["answered", "refused", "searched"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was put. `nearest` is the file of the best passage found, '' where none was."""

    at: float  # seconds since 1970
    question: str
    outcome: Outcome
    reason: str = ""
    n_found: int = 0
    nearest: str = ""


class Questions:
    """Those put to one index. Each call opens the file for one short transaction, so any process may call any time."""

    def __init__(self, index_dir: Path, key: Key | None = None) -> None:
        self.path, self._key = index_dir / FILE, key

    def keep_answer(self, question: str, answer: Answer, hits: Sequence[Hit]) -> None:
        """`hits` are the passages as they were stored."""
        outcome: Outcome = "refused" if answer.status == "abstained" else "answered"
        self.keep(question, outcome, answer.reason, [hit.chunk.id for hit in hits], hits[0].file if hits else "")

    def keep_search(self, question: str, hits: Sequence[Hit]) -> None:
        self.keep(question, "searched", "", [hit.chunk.id for hit in hits], hits[0].file if hits else "")

    def keep(self, question: str, outcome: Outcome, reason: str, chunk_ids: Sequence[int], nearest: str) -> None:
        """Remembers what a question found. Never fails, and never waits long for another process."""
        if not self.path.parent.is_dir():
            return
        with suppress(*failures(OSError, LibraryError)), self._opened() as db:
            db.execute("BEGIN IMMEDIATE")
            row = (time.time(), question, outcome, reason, len(chunk_ids), nearest)
            number = db.execute("INSERT INTO questions VALUES (NULL,?,?,?,?,?,?)", row).lastrowid
            db.executemany("INSERT OR IGNORE INTO found VALUES (?,?)", [(number, chunk_id) for chunk_id in chunk_ids])
            db.execute("DELETE FROM questions WHERE id <= ?", ((number or 0) - MOST,))
            db.execute("COMMIT")

    def asked(self) -> list[Asked]:
        """Newest first. Raises StorageError."""
        sql = "SELECT at, question, outcome, reason, n_found, nearest FROM questions ORDER BY id DESC"
        return [Asked(*row) for row in self._rows(sql)]

    def found(self) -> dict[int, int]:
        """How often each passage was found, by its id. Raises StorageError."""
        return dict(self._rows("SELECT chunk_id, count(*) FROM found GROUP BY chunk_id"))

    def forget(self) -> None:
        """Removes all that was kept. Raises StorageError."""
        with self._explained():
            for file in self.path.parent.glob(f"{FILE}*"):
                file.unlink(missing_ok=True)

    def _rows(self, sql: str) -> list[tuple]:  # type: ignore[type-arg]
        if not self.path.is_file():
            return []
        with self._explained(), self._opened() as db:
            return db.execute(sql).fetchall()

    def _opened(self) -> closing[sqlite3.Connection]:
        return closing(open_own(self.path, self._key, MIGRATIONS, timeout=0.3, lasting=False))

    def _explained(self) -> AbstractContextManager[None]:
        return told_of(f"The questions kept in {self.path}", "Delete that file: nothing but the report uses it.")
