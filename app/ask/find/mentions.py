"""In which documents words stand: side by side first, then in one passage; and, where they stand nowhere, what comes
near by meaning. Every passage of the text index is looked at, not the best few."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.ask.language.words import STOP, WORD, codes
from ingest.datatypes import Document, Encoder
from ingest.store.index import LocalIndex
from ingest.text.sentences import sentence_spans

_MOST = 5000  # passages looked at for one phrase
NEAR = 0.3  # cosine from which a passage may be about it
_PLURAL = 4  # letters from which an s at the end may be that of several
_QUOTES = " \"'“”„«»‘’"
_BEFORE = re.compile(
    r"^(?:(?:the|a|an|its|their|der|die|das|den|dem|ein|eine|einen)\s+"
    r"|(?:word|term|name|phrase|expression|wort|begriff|(?:(?:part|order|article|serial|model) )?number)\s+(?!of\b))",
    re.IGNORECASE,
)
_BEFORE_CODE = 3  # words of a phrase that ends in a code and means nothing but it
_NEAREST = 3  # documents that are named so


@dataclass(frozen=True, slots=True)
class Mention:
    """`start:end` of the document's text is the first sentence that holds it; `passages` is in how many it stands."""

    document: Document
    start: int
    end: int
    passages: int


@dataclass(frozen=True, slots=True)
class Mentions:
    """`exact` hold the words as they were asked for, `apart` hold all of them in one passage; the two are of different
    documents. `near` come near by meaning. `whole` is False where there was more than was looked at."""

    exact: tuple[Mention, ...]
    apart: tuple[Mention, ...]
    near: tuple[Mention, ...] = ()
    whole: bool = True


def mentions(index: LocalIndex, phrase: str, documents: Sequence[Document]) -> Mentions:
    """Of a phrase, or of several with 'or' between them. Each document once, by its name."""
    exact: dict[int, Mention] = {}
    apart: dict[int, Mention] = {}
    whole = True
    for one in map(_core, alternatives(phrase)):
        rows = _passages(index, one, documents)
        whole = whole and len(rows) < _MOST
        together = side_by_side(one)
        by_id = {document.id: document for document in documents}
        for doc_id, start, text in rows:
            found = together.search(text)
            mention = _mention(by_id[doc_id], start, text, found.start() if found else _first(text, one))
            into = exact if found else apart
            old = into.get(doc_id)
            into[doc_id] = Mention(old.document, old.start, old.end, old.passages + 1) if old else mention
    order = sorted(documents, key=lambda document: document.path)
    return Mentions(
        tuple(exact[d.id] for d in order if d.id in exact),
        tuple(apart[d.id] for d in order if d.id in apart and d.id not in exact),
        (),
        whole,
    )


def nearest_mentions(index: LocalIndex, encoder: Encoder, phrase: str, documents: Sequence[Document]) -> list[Mention]:
    """The documents with the passages that come nearest by meaning, where they come near at all."""
    vector = encoder.encode_queries([phrase])[0]
    by_id = {document.id: document for document in documents}
    scored = [one for one in index.dense(vector, 40, list(by_id)) if one.score >= NEAR]
    chunks = index.chunks([one.chunk_id for one in scored])
    found: dict[int, Mention] = {}
    for one in scored:
        chunk = chunks.get(one.chunk_id)
        if chunk and chunk.doc_id not in found:
            found[chunk.doc_id] = _mention(by_id[chunk.doc_id], chunk.start, chunk.text, 0)
    return list(found.values())[:_NEAREST]


def alternatives(phrase: str) -> list[str]:
    """'the fan or the pump' are two; quotation marks, articles and 'the word' do not count."""
    parts = re.split(r",? \b(?:or|oder)\b ", phrase.strip(_QUOTES + "?.!"), flags=re.IGNORECASE)
    return [_BEFORE.sub("", _BEFORE.sub("", part)).strip(_QUOTES) for part in parts]


def _core(phrase: str) -> str:
    """A code stands for one thing, whatever is put before it: 'the valve VX-20' is 'VX-20'."""
    named = codes(phrase)
    return named[0] if len(named) == 1 and len(phrase.split()) <= _BEFORE_CODE and phrase.endswith(named[0]) else phrase


def key_words(phrase: str) -> list[str]:
    return [word for word in WORD.findall(phrase) if word.lower() not in STOP]


def _passages(index: LocalIndex, phrase: str, documents: Sequence[Document]) -> list[tuple[int, int, str]]:
    """(document's id, start, text) of those that hold all telling words, in any of their forms, in text or heading."""
    words = key_words(phrase)
    if not words:
        return []
    query = " AND ".join(f'"{word}"' for word in words)
    rows = index.store.rows(
        "SELECT c.doc_id, c.start, c.text FROM chunks_fts f JOIN chunks c ON c.id = f.rowid "
        "WHERE chunks_fts MATCH ? AND c.doc_id IN (SELECT value FROM json_each(?)) ORDER BY c.doc_id, c.start LIMIT ?",
        (f"{{heading text}} : ({query})", json.dumps([document.id for document in documents]), _MOST),
    )
    return [(doc_id, start, text) for doc_id, start, text in rows]


def side_by_side(phrase: str) -> re.Pattern[str]:
    """The phrase with any white space or hyphen between its words, the last one in singular or plural."""
    words = WORD.findall(phrase)
    if words and re.search(r"[^\Wsu]s$", words[-1]) and len(words[-1]) > _PLURAL:
        words[-1] = words[-1][:-1]
    together = r"[\s\-–/.'’]{1,3}".join(map(re.escape, words))
    return re.compile(rf"(?<!\w){together}(?:e?s|’s|'s)?(?!\w)", re.IGNORECASE)


def _first(text: str, phrase: str) -> int:
    """Where the first of the words stands in it, as far as can be told."""
    for word in key_words(phrase):
        if found := re.search(rf"(?<!\w){re.escape(word[: max(4, len(word) - 3)])}", text, re.IGNORECASE):
            return found.start()
    return 0


def _mention(document: Document, base: int, text: str, at: int) -> Mention:
    spans = sentence_spans(text)
    start, end = next(((a, b) for a, b in spans if b > at), spans[-1] if spans else (0, len(text)))
    return Mention(document, base + start, base + end, 1)
