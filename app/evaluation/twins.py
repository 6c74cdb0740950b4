"""Makes the twin of a question: nearly the same question, which the documents do not answer as far as search can
tell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.ask.language.words import codes, content_words, has_code
from app.evaluation.facts import Fact
from ingest.datatypes import Chunk
from ingest.store.index import LocalIndex

_DEPTH = 40  # passages looked through for a place that may answer it after all
_STATED = 0.5  # share of a question's words from which a passage may answer it
_VAGUE = frozenset(  # say nothing of what is asked for
    "procedure purpose reason name type value number kind way process result meaning often lifespan duration time long "
    "maximum minimum highest lowest much many recommended required exactly".split()
)
_YEAR = re.compile(r"(?<![\w.-])(?:19|20)\d\d\b(?!-)")


@dataclass(frozen=True, slots=True)
class Twin:
    """A twin of a question. `was` became `now`; both are empty where the model rewrote it. `near` is the passage that
    comes nearest to answering it, for people to judge; None where there is none."""

    question: str
    was: str
    now: str
    near: Chunk | None
    near_file: str = ""
    near_place: str = ""  # what its page is called, where it is no page


def twin_by_exchange(index: LocalIndex, question: str, fact: Fact) -> Twin | None:
    """Returns a twin in which a code or a year is exchanged; None where the documents may answer every such
    question."""
    for was, now in _changes(index, question, fact):
        changed = re.sub(rf"(?<!\w){re.escape(was)}(?!\w)", now, question)
        if changed != question and not _may_be_answered(index, changed, {now}):
            return _twin(index, changed, was, now)
    return None


def twin_if_unanswered(index: LocalIndex, question: str, changed: str) -> Twin | None:
    """Returns the rewritten question as a twin, if no passage holds what is new in it together with its subject; else
    None."""
    new = [word for word in _spoken_words(changed) if word.lower() not in question.lower() and word not in _VAGUE]
    if not new or len(new) > 0.8 * len(_spoken_words(changed)) or _may_be_answered(index, changed, set(new)):
        return None
    return _twin(index, changed, "", "")


def _spoken_words(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W_]+", text) if content_words(word)]


def _twin(index: LocalIndex, changed: str, was: str, now: str) -> Twin:
    near = index.bm25(changed, 1)
    chunk = index.chunks([near[0].chunk_id]).get(near[0].chunk_id) if near else None
    names = {document.id: document.path for document in index.documents()}
    if not chunk:
        return Twin(changed, was, now, None)
    return Twin(changed, was, now, chunk, names.get(chunk.doc_id, ""), index.place(chunk)[0])


def _changes(index: LocalIndex, question: str, fact: Fact) -> Iterator[tuple[str, str]]:
    """Yields exchanges (old, new): codes and years from the documents first, then made-up ones."""
    asked = codes(question)
    for was in asked:
        kin = [code for code in _codes_near(index, question, fact) if _shape(code) == _shape(was)]
        yield from ((was, now) for now in kin if now != was and now not in asked)
    for was in dict.fromkeys(_YEAR.findall(question)):
        yield from ((was, str(int(was) + step)) for step in (-1, 1, -2, 2, 3))
    for was in asked:
        yield from ((was, now) for now in _invented(was))


def _codes_near(index: LocalIndex, question: str, fact: Fact) -> list[str]:
    """Returns codes of passages on similar subjects, the nearest first, then of the fact's own passage."""
    found = [scored.chunk_id for scored in index.bm25(f"{question} {fact.heading}", _DEPTH)]
    chunks = index.chunks(found)
    texts = [fact.passage, *(chunks[chunk_id].text for chunk_id in found if chunk_id in chunks)]
    return list(dict.fromkeys(code for text in texts for code in codes(text)))


def _shape(code: str) -> str:
    """Returns the kind of a code: the same for TL-8 and TL-14T, and for F-18 and F-2; another for 88-4231."""
    letters = re.match(r"[A-Za-z]+", code)
    return letters.group() if letters else re.sub(r"\d", "0", code)


def _invented(code: str) -> Iterator[str]:
    """Yields the code with another last number, as a user may misread it."""
    number = re.search(r"\d+(?=\D*$)", code)
    if number:
        for step in (1, 2, 3, 10, 20):
            value = str(int(number.group()) + step).zfill(len(number.group()))
            yield code[: number.start()] + value + code[number.end() :]


def _may_be_answered(index: LocalIndex, question: str, new: Collection[str]) -> bool:
    """Whether some passage holds what is new together with most of what else the question asks. Strict on purpose: a
    twin that the documents do answer would count a right answer as wrong."""
    put_in = set(content_words(" ".join(new)))
    wanted = {word for word in content_words(question) if word not in put_in}
    scored = [*index.bm25(question, _DEPTH), *index.bm25(" ".join(new), _DEPTH)]
    for chunk in index.chunks(list({one.chunk_id for one in scored})).values():
        text = f"{chunk.heading} {chunk.text}"
        words = set(content_words(text))
        held = all(has_code(text, code) for code in new) if len(new) == 1 else len(put_in & words) >= 0.7 * len(put_in)
        if held and len(wanted & words) > _STATED * len(wanted):
            return True
    return False
