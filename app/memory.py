"""Threads and their turns in one SQLite file, apart from the indexes, which may be deleted at any time.

Those about an encrypted library hold its words: they live inside it, under its key, and not in the file that all plain
ones share, which is open to whoever asks a plain one.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.datatypes import Answer, Grid, Hit, Plan, Sentence, Turn, citation_of
from app.llm.protocol import Stats
from ingest.datatypes import Chunk
from ingest.encryption.vault import Key
from ingest.store.database import open_own, told_of

_001_FIRST = """
    CREATE TABLE threads (
        id INTEGER PRIMARY KEY, domain TEXT NOT NULL, title TEXT NOT NULL, created REAL NOT NULL, used REAL NOT NULL);
    CREATE TABLE turns (
        id INTEGER PRIMARY KEY, thread_id INTEGER NOT NULL REFERENCES threads(id) ON DELETE CASCADE,
        question TEXT NOT NULL, answer TEXT NOT NULL, vote INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL);
    CREATE INDEX turns_of ON turns(thread_id, id);
"""
MIGRATIONS = (_001_FIRST,)


@dataclass(frozen=True, slots=True)
class Thread:
    id: int
    title: str
    used: float  # seconds since 1970


class Memory:
    """Safe to use from several threads of execution; each call is one short transaction."""

    def __init__(self, path: Path, key: Key | None = None) -> None:
        """Raises StorageError when the file cannot be opened."""
        self._lock = threading.RLock()
        self._path = path
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = open_own(path, key, MIGRATIONS)

    def close(self) -> None:
        self._db.close()

    def threads(self, domain: str) -> list[Thread]:
        """Newest first."""
        rows = self._run("SELECT id, title, used FROM threads WHERE domain = ? ORDER BY used DESC, id DESC", domain)
        return [Thread(*row) for row in rows]

    def domains(self) -> list[str]:
        """Those that there are threads about."""
        return [row[0] for row in self._run("SELECT DISTINCT domain FROM threads")]

    def new_thread(self, domain: str, title: str) -> int:
        now = time.time()
        short = " ".join(title.split())[:80]
        rows = self._run("INSERT INTO threads VALUES (NULL,?,?,?,?) RETURNING id", domain, short, now, now)
        return int(rows[0][0])

    def delete_thread(self, thread: int) -> None:
        self._run("DELETE FROM threads WHERE id = ?", thread)

    def turns(self, thread: int) -> list[Turn]:
        rows = self._run("SELECT id, question, answer, vote FROM turns WHERE thread_id = ? ORDER BY id", thread)
        return [Turn(row[0], row[1], _answer(json.loads(row[2])), row[3]) for row in rows]

    def keep(self, thread: int, question: str, answer: Answer) -> Turn:
        """Stores a turn at the end of its thread."""
        data = json.dumps(asdict(answer), ensure_ascii=False)
        now = time.time()
        rows = self._run(
            "INSERT INTO turns (thread_id, question, answer, created) VALUES (?,?,?,?) RETURNING id",
            thread,
            question,
            data,
            now,
        )
        self._run("UPDATE threads SET used = ? WHERE id = ?", now, thread)
        return Turn(int(rows[0][0]), question, answer)

    def vote(self, turn: int, vote: int) -> None:
        """1 for up, -1 for down, 0 to take it back."""
        self._run("UPDATE turns SET vote = ? WHERE id = ?", vote, turn)

    def delete_turn(self, turn: int) -> None:
        self._run("DELETE FROM turns WHERE id = ?", turn)

    def move_to(self, other: Memory, domain: str) -> int:
        """Takes a domain's threads out of here and puts them there; cut short, the same call finishes it. How many."""
        there = {(thread.title, thread.used) for thread in other.threads(domain)}
        mine = self.threads(domain)
        for thread in mine:
            if (thread.title, thread.used) not in there:
                rows = self._run("SELECT question, answer, vote, created FROM turns WHERE thread_id = ? ORDER BY id",
                                 thread.id)  # fmt: skip
                other.put_thread(domain, thread, rows)
        self._run("DELETE FROM threads WHERE domain = ?", domain)
        if mine:
            self._run("VACUUM")  # copies that stayed where rows were moved about go too
        return len(mine)

    def put_thread(self, domain: str, thread: Thread, turns: Sequence[tuple[object, ...]]) -> None:
        """As it was kept elsewhere: (question, answer, vote, created) of each turn."""
        with self._lock, self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                values = (domain, thread.title, thread.used, thread.used)
                number = self._db.execute("INSERT INTO threads VALUES (NULL,?,?,?,?)", values).lastrowid
                sql = "INSERT INTO turns (thread_id, question, answer, vote, created) VALUES (?,?,?,?,?)"
                self._db.executemany(sql, [(number, *turn) for turn in turns])
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def _run(self, sql: str, *parameters: object) -> list[tuple]:  # type: ignore[type-arg]
        with self._lock, self._explained():
            return self._db.execute(sql, parameters).fetchall()

    def _explained(self) -> AbstractContextManager[None]:
        return told_of(
            f"Your conversations in {self._path}",
            "Free some space or check its permissions; if the file is damaged, move it away and start anew.",
        )


def memory_of(home_db: Path, index_dir: Path, key: Key | None, domain: str) -> Memory:
    """The conversations about an index. With a key those inside it, and any that stayed outside are brought in."""
    if key is None:
        return Memory(home_db)
    inside = Memory(index_dir / home_db.name, key)
    if home_db.is_file():
        outside = Memory(home_db)
        try:
            outside.move_to(inside, domain)
        finally:
            outside.close()
    return inside


def _answer(data: dict) -> Answer:  # type: ignore[type-arg]
    hits = tuple(Hit(**{**hit, "chunk": Chunk(**hit["chunk"])}) for hit in data["hits"])
    return Answer(
        **{
            **data,
            "hits": hits,
            "citations": tuple(map(citation_of, data["citations"])),
            "evidence": tuple(Sentence(**sentence) for sentence in data["evidence"]),
            "stats": Stats(**data["stats"]),
            "warnings": tuple(data.get("warnings", ())),
            "plan": _plan(data.get("plan", {})),
            "grid": _grid(data.get("grid")),
        }
    )


def _plan(stored: Mapping[str, Any]) -> Plan:
    """Returns the plan from what `asdict` made of it and JSON kept."""
    lists = {name: tuple(map(_frozen, stored[name])) for name in ("documents", "filters") if name in stored}
    return Plan(**{**stored, **lists})


def _grid(stored: Mapping[str, Any] | None) -> Grid | None:
    """Returns the table from what `asdict` made of it and JSON kept; None for None."""
    if stored is None:
        return None
    return Grid(tuple(stored["columns"]), tuple(map(tuple, stored["rows"])), tuple(stored["cited"]))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
