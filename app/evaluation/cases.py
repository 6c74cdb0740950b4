"""Reads and writes questions with known answers, one JSON object a line, without losing what is in the file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ingest.errors import InvalidInput
from ingest.files import write_whole
from ingest.sync.scan import is_document

_FORM = "Each line holds one question as JSON."


class Source(BaseModel):
    """Where an answer stands: a file's name and its pages, 1-based; no pages for files without any."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file: str
    pages: tuple[int, ...] = ()


class Case(BaseModel):
    """One line of an evaluation file. Pages are 1-based; empty `gold_pages` mean that they are not known.

    Without an id, the hash of the question is the id. `gold_passage` or `evidence` is the text that holds the answer.
    An answer must say one alternative of each group of `must`, in this order if `ordered`; nothing of `must_not`; each
    item of `items_gold`, none of `items_other` (see wanted.py). `history` are earlier questions of the conversation,
    `corpus` names the index to ask, `cite` are places of which the answer must cite one.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    question: str
    answers: tuple[str, ...] = ()
    answerable: bool = True
    gold_docs: tuple[str, ...] = ()
    gold_pages: tuple[int, ...] = ()
    kind: str = ""
    about_doc: str = ""
    gold_passage: str = ""
    evidence: str = ""
    corpus: str = ""
    history: tuple[str, ...] = ()
    must: tuple[tuple[str, ...], ...] = ()
    must_not: tuple[str, ...] = ()
    ordered: bool = False
    items_gold: tuple[tuple[str, ...], ...] = ()
    items_other: tuple[tuple[str, ...], ...] = ()
    cite: tuple[Source, ...] = ()

    @property
    def is_wanted(self) -> bool:
        """Whether the case states what an answer must say, or that there is none, in the form of wanted.py."""
        return bool(self.must or self.must_not or self.items_gold or (not self.answerable and self.corpus))

    @model_validator(mode="before")
    @classmethod
    def _named(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("id") and isinstance(values.get("question"), str):
            return {**values, "id": case_id(values["question"])}
        return values


def case_id(question: str) -> str:
    """Returns the id of a question, whatever its spaces and capitals."""
    return hashlib.sha256(" ".join(question.lower().split()).encode("utf-8")).hexdigest()[:12]


def check_apart(questions: Path, folders: Iterable[Path]) -> None:
    """Raises InvalidInput where the file of questions is itself one of the documents that are to answer them."""
    file = questions.resolve()
    for folder in (place.resolve() for place in folders):
        if file.is_relative_to(folder) and is_document(file, folder):
            raise InvalidInput(
                f"{questions.name} lies among the documents and is one of them: the search would find its answers.",
                "Call it eval.jsonl, which is never read as a document, or move it elsewhere. Then: docent ingest",
            )


def load_cases(file: Path) -> list[Case]:
    """Loads all cases. Raises InvalidInput that names the line that cannot be used, or whose id occurs twice."""
    cases = [case for _, case in _read(file)]
    if not cases:
        raise InvalidInput(f"{file} holds no questions.", _FORM)
    return cases


def append_case(file: Path, case: Case) -> None:
    """Appends a case to the file, and makes the file where there is none.

    Raises InvalidInput when the id is taken, or when the file holds something that is not a question.
    """
    lines = _read(file) if file.exists() else []
    if any(old.id == case.id for _, old in lines):
        raise InvalidInput(f"{file} already holds a question with the id {case.id}.", "Change that one instead.")
    _write(file, [*(line for line, _ in lines), _line(case, {})])


def save_cases(file: Path, cases: Sequence[Case]) -> None:
    """Replaces the file's cases, in this order; a kill at any point leaves the old file or the new one.

    Lines whose case did not change stay exactly as they are; changed ones keep keys that Docent does not know. When a
    line is left out, the old file is kept as <name>.bak. Raises InvalidInput, and writes nothing, when the file holds
    something that is not a question.
    """
    lines = _read(file) if file.exists() else []
    known = {case.id: (line, case) for line, case in lines}
    taken: set[str] = set()
    for case in cases:
        if case.id in taken:
            raise InvalidInput(f"Two questions have the id {case.id}.", "Give one of them another.")
        taken.add(case.id)
    if known.keys() - taken:
        write_whole(file.with_name(f"{file.name}.bak"), file.read_bytes())
    texts = []
    for case in cases:
        line, old = known.get(case.id, ("{}", None))
        texts.append(line if case == old else _line(case, json.loads(line)))
    _write(file, texts)


def _line(case: Case, old: dict[str, Any]) -> str:
    """Returns the line of a case: unknown keys of the old line, then what the case states."""
    said = case.model_dump(mode="json", exclude_defaults=True) | {"answerable": case.answerable}
    rest = {key: value for key, value in old.items() if key not in Case.model_fields}
    return json.dumps({**said, **rest}, ensure_ascii=False)


def _read(file: Path) -> list[tuple[str, Case]]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not UTF-8 text.", _FORM) from error
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.", "Check its name and permissions.") from error
    found: list[tuple[str, Case]] = []
    taken: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            case = Case(**json.loads(line))
        except (ValidationError, ValueError, TypeError) as error:
            raise InvalidInput(f"{file}, line {number}: {_why(error)}", _FORM) from error
        if case.id in taken:
            raise InvalidInput(
                f"{file}, line {number}: the id {case.id} is that of line {taken[case.id]}.", "Give one another id."
            )
        taken[case.id] = number
        found.append((line.strip(), case))
    return found


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'the line'}: {first['msg']}"
    return str(error)


def _write(file: Path, lines: Sequence[str]) -> None:
    write_whole(file, "".join(f"{line}\n" for line in lines).encode("utf-8"))
