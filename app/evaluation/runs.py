"""Runs on disk: one row for each question that was asked, as JSON lines that a kill cannot corrupt.

The first line says what was asked of what (see `evaluate.header_of`), each further one is a row, written at once. A
finished run.jsonl has run.json beside it, its summary, and run.md, the same for people.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from app.datatypes import Citation, citation_of
from app.evaluation.cases import Case
from app.llm.protocol import Stats
from ingest.errors import InvalidInput, StorageError
from ingest.files import write_whole

Header = Mapping[str, Any]
_FIRST = b'{"docent": '  # what a run begins with, also one whose first line was torn
SUMMARY, READABLE, LOCK, USUAL = ".json", ".md", ".lock", ".usual.jsonl"


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved passage with shortened text."""

    file: str
    page: int
    text: str
    place: str = ""  # what the page is called, where it is no page


@dataclass(frozen=True, slots=True)
class Row:
    """One question, its answer, and its grades. `retrieved` has each (file, page) once, best first.

    `status` is empty where only the search was asked. `scores` holds what this question can be scored by.
    """

    case: Case
    retrieved: tuple[tuple[str, int], ...] = ()
    passages: tuple[Passage, ...] = ()
    query: str = ""
    prompt: str = ""
    reply: str = ""  # the model's own words
    status: str = ""
    answer: str = ""
    reason: str = ""
    citations: tuple[Citation, ...] = ()
    confidence: float = 0.0
    signals: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    stats: Stats = field(default_factory=Stats)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"case": self.case.model_dump(mode="json", exclude_defaults=True)}


def row_of(values: Mapping[str, Any]) -> Row:
    """Returns the row from the values that `as_json` gave. Unknown keys of a newer Docent are ignored."""
    known = {key: value for key, value in values.items() if key in Row.__dataclass_fields__}
    return Row(
        **known
        | {
            "case": Case(**known["case"]),
            "retrieved": tuple((file, page) for file, page in known.get("retrieved", ())),
            "passages": tuple(Passage(**passage) for passage in known.get("passages", ())),
            "citations": tuple(map(citation_of, known.get("citations", ()))),
            "stats": Stats(**{k: v for k, v in known.get("stats", {}).items() if k in Stats.__dataclass_fields__}),
        }
    )


def load_rows(file: Path) -> tuple[Header, list[Row]]:
    """Returns the header and the rows of a run, finished or not; an incomplete last line is ignored.

    `file` is run.jsonl or the summary beside it. Raises InvalidInput that names the file and the line that cannot be
    used.
    """
    file = file.with_suffix(".jsonl") if file.suffix == SUMMARY else file
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.", "Name the .jsonl file of a run.") from error
    header, rows, _ = _parsed(file, data)
    if header is None:
        raise InvalidInput(f"{file} holds no run.", "Name the .jsonl file that docent eval wrote.")
    return header, rows


@dataclass(frozen=True, slots=True)
class Run:
    """A run on disk. `done` of `total` questions were asked; `summary` is None until all were."""

    file: Path
    header: Header
    done: int
    total: int
    summary: dict[str, Any] | None

    @property
    def finished(self) -> bool:
        return self.summary is not None


def list_runs(home: Path, index_name: str) -> list[Run]:
    """Returns the runs over an index, newest first. Files that are not runs are ignored."""
    found = []
    for file in _newest_first(home / "runs" / index_name):
        try:
            data = file.read_bytes()
            header = json.loads(data.partition(b"\n")[0])
            total, done = int(header["n"]), data.count(b"\n") - 1
            found.append(Run(file, header, done, total, load_summary(file)))
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return found


def load_summary(file: Path) -> dict[str, Any] | None:
    """Returns the summary beside a run; None while it is not finished."""
    try:
        summary: dict[str, Any] = json.loads(file.with_suffix(SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return summary


def save_summary(file: Path, summary: Mapping[str, Any], readable: str) -> None:
    """Writes both files beside the run. The JSON comes last, so where it exists, both are complete."""
    for suffix, text in ((READABLE, readable), (SUMMARY, json.dumps(summary, ensure_ascii=False, indent=2) + "\n")):
        write_whole(file.with_suffix(suffix), text.encode("utf-8"))


def unfinished(folder: Path, header: Header, *, usual: bool = False) -> Path | None:
    """Returns the newest unfinished run with the same header on which no process is working; None for none.

    With `usual`, a run also counts as unfinished if the usual pipeline was begun beside it and is not done.
    """
    for file in _newest_first(folder):
        beside = usual_of(file)
        if load_summary(file) is None or (usual and beside.exists() and load_summary(beside) is None):
            try:
                same = load_rows(file)[0] == header
            except InvalidInput:
                continue
            if same and not is_busy(file):
                return file
    return None


def _newest_first(folder: Path) -> list[Path]:
    """Returns the runs sorted by name, which is their time, without those of the usual pipeline."""
    files = [file for file in folder.glob("*.jsonl") if not file.name.endswith(USUAL)]
    return sorted(files, key=lambda file: file.stem, reverse=True)


def usual_of(file: Path) -> Path:
    """Returns the path of the usual pipeline's answers to the same questions."""
    return file.with_suffix(USUAL)


@contextmanager
def writing(file: Path, header: Header) -> Iterator[tuple[list[Row], RowWriter]]:
    """Yields the rows that `file` already holds, and a writer that appends further ones.

    Raises InvalidInput when it holds another run or something else, or while another process writes to it.
    """
    with _locked(file):
        data = file.read_bytes() if file.exists() else b""
        if not data.startswith(_FIRST[: len(data)]):
            raise InvalidInput(f"{file} holds something else.", "Choose another file with --out.")
        old, rows, good = _parsed(file, data)
        if old is not None and old != header:
            changed = sorted(key for key in {*old, *header} if old.get(key) != header.get(key))
            raise InvalidInput(
                f"{file} holds another run: not the same {', '.join(changed)}.",
                "Choose another file with --out, or delete that one.",
            )
        with file.open("r+b" if data else "wb") as out:
            out.seek(good)
            out.truncate()  # a line that a kill has torn
            writer = RowWriter(file, out)
            if old is None:
                writer.line(header)
            yield rows, writer


class RowWriter:
    """Appends to an open run; each line is on disk when the call returns."""

    def __init__(self, file: Path, out: BinaryIO) -> None:
        self._file, self._out = file, out

    def add(self, row: Row) -> None:
        """Appends a row."""
        self.line(row.as_json())

    def line(self, value: Mapping[str, Any]) -> None:
        """Appends a line of JSON."""
        try:
            self._out.write(json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
            self._out.flush()
            os.fsync(self._out.fileno())
        except OSError as error:
            raise StorageError(
                f"{self._file} cannot be written: {error.strerror}.",
                "Free some space and run the same again: what was asked so far is kept.",
            ) from error


def _parsed(file: Path, data: bytes) -> tuple[Header | None, list[Row], int]:
    """Returns the header (None in an empty file), the rows, and how many bytes are complete lines."""
    good = data.rfind(b"\n") + 1
    header: Header | None = None
    rows: list[Row] = []
    for number, line in enumerate(data[:good].splitlines(), 1):
        try:
            values = json.loads(line)
            if number == 1:
                header = values if values["docent"] else None
            else:
                rows.append(row_of(values))
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidInput(
                f"{file}, line {number}, is not what docent eval writes.",
                "Choose another file with --out, or delete that one.",
            ) from error
    return header, rows, good


def is_busy(file: Path) -> bool:
    """Whether another process writes to this run."""
    lock = file.with_suffix(LOCK)
    if not lock.exists():
        return False
    try:
        with _locked(file):
            return False
    except InvalidInput:
        return True


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Holds a SQLite lock, as ingest does: the operating system frees it when the holder is killed."""
    lock = file.with_suffix(LOCK)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        holder = sqlite3.connect(lock, timeout=0.2, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
    except (sqlite3.Error, OSError) as error:
        if "locked" in str(error):
            raise InvalidInput(f"Another process is writing {file}.", "Wait until it is done.") from error
        raise StorageError(f"The folder {file.parent} cannot be written: {error}.", "Choose another --out.") from error
    try:
        yield
    finally:
        holder.close()
        with suppress(OSError):
            lock.unlink()
