"""Cuts the text of a document into chunks: whole sentences, with exact spans, never longer than the encoder can
read."""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.config import IngestConfig
from ingest.datatypes import Chunk, Encoder, Heading, ReadResult
from ingest.text.sentences import Span, sentence_spans

_HEADING_TOKENS = 48  # of the encoder's window, kept free for the heading that is embedded with the text


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a piece of a sentence that is longer than a chunk may be. `start` and `end` are offsets in the
    text."""

    start: int
    end: int
    tokens: int
    page: int
    section: int  # how many headings stand before it


def chunk(doc_id: int, path: str, result: ReadResult, encoder: Encoder, config: IngestConfig) -> list[Chunk]:
    """Cuts a document into chunks, in reading order. For each chunk c, `result.text[c.start:c.end] == c.text`.

    A chunk ends where a sentence ends; only a sentence longer than a whole chunk is cut, between two words. Each page
    starts a new chunk, and so does a heading, unless a tiny chunk would remain. Chunks of one section overlap.
    """
    text = result.text
    limit = min(config.chunk_tokens, encoder.max_tokens - _HEADING_TOKENS)
    units = _units(text, result, encoder, limit)
    chunks = []
    for group in _groups(units, limit, config.overlap_tokens):
        start, end = group[0].start, group[-1].end
        heading = _heading_path(result.headings, group[-1].section if len(group) == 1 else group[1].section)
        chunks.append(
            Chunk(
                chunk_id(path, start, heading, text[start:end]),
                doc_id,
                start,
                end,
                text[start:end],
                heading,
                group[0].page + 1,
            )
        )
    return chunks


def embedding_text(title: str, chunk: Chunk, encoder: Encoder) -> str:
    """Returns the text that is embedded for a chunk: its heading, shortened to what the encoder's window leaves, then
    its text."""
    heading = f"{title} › {chunk.heading}" if chunk.heading else title
    head_ends, text_ends = encoder.token_ends([heading, chunk.text])
    room = encoder.max_tokens - len(text_ends) - 2
    if room < 4:
        return chunk.text
    return f"{heading[: head_ends[room - 1]] if len(head_ends) > room else heading}\n{chunk.text}"


def content_key(text: str, encoder: Encoder) -> str:
    """Returns a hash of text and encoder, under which a vector is stored so that no text is embedded twice."""
    return hashlib.blake2b(f"{encoder.name}\0{text}".encode("utf-8", "replace"), digest_size=16).hexdigest()


def chunk_id(path: str, start: int, heading: str, text: str) -> int:
    """Returns a hash of the arguments as the chunk's id, the same in every index. It has 63 bits, as SQLite and FAISS
    need."""
    digest = hashlib.blake2b(f"{path}\0{start}\0{heading}\0{text}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big") >> 1


def _units(text: str, result: ReadResult, encoder: Encoder, limit: int) -> list[_Unit]:
    spans = sentence_spans(text)
    page_starts = [page.start for page in result.pages]
    heading_starts = [heading.start for heading in result.headings]
    units = []
    ends = encoder.token_ends([text[start:end] for start, end in spans])
    for span, token_ends in zip(spans, ends, strict=True):
        for (start, end), tokens in _pieces(text, span, token_ends, limit):
            page = bisect.bisect_right(page_starts, start) - 1
            units.append(_Unit(start, end, tokens, page, bisect.bisect_right(heading_starts, start)))
    return units


def _pieces(text: str, span: Span, token_ends: Sequence[int], limit: int) -> list[tuple[Span, int]]:
    """Returns the span, cut between words so that no piece has more than `limit` tokens; each with its number of
    tokens."""
    start, end = span
    pieces: list[tuple[Span, int]] = []
    first = 0
    while len(token_ends) - first > limit:
        last = first + limit
        while last > first + limit // 2 and not text[(at := start + token_ends[last - 1]) : at + 1].isspace():
            last -= 1  # back to a token that ends a word; one character may be several tokens, also the text's last
        begin = start + (token_ends[first - 1] if first else 0)
        pieces.append(((begin, start + token_ends[last - 1]), last - first))
        first = last
    begin = start + (token_ends[first - 1] if first else 0)
    pieces.append(((begin, end), max(1, len(token_ends) - first)))
    return [((s + len(text[s:e]) - len(text[s:e].lstrip()), e), n) for (s, e), n in pieces if text[s:e].strip()]


def _groups(units: Sequence[_Unit], limit: int, overlap: int) -> list[list[_Unit]]:
    groups: list[list[_Unit]] = []
    current: list[_Unit] = []
    fresh = 0  # units of `current` that are not overlap
    used = 0
    for unit in units:
        full = used + unit.tokens > limit
        new_section = fresh and unit.section != current[-1].section and used >= limit // 5
        new_page = fresh and unit.page != current[-1].page
        if current and (full or new_section or new_page):
            if fresh:
                groups.append(current)
            same_place = not (new_section or new_page)
            current = _tail(current, min(overlap, limit - unit.tokens)) if same_place else []
            used = sum(u.tokens for u in current)
            fresh = 0
        current = [*current, unit]
        used += unit.tokens
        fresh += 1
    if fresh:
        groups.append(current)
    return groups


def _tail(group: Sequence[_Unit], budget: int) -> list[_Unit]:
    tail: list[_Unit] = []
    for unit in reversed(group[1:]):
        if unit.tokens > budget:
            break
        budget -= unit.tokens
        tail.insert(0, unit)
    return tail


def _heading_path(headings: Sequence[Heading], count: int) -> str:
    """Returns the last heading before a place and the headings above it: 'Commissioning › Filling the system'."""
    path: list[Heading] = []
    for heading in reversed(headings[:count]):
        if not path or heading.level < path[0].level:
            path.insert(0, heading)
        if path[0].level == 1:
            break
    return " › ".join(heading.text for heading in path if heading.text)  # one without words ends a table
