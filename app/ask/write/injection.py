"""What documents say to a model, marked for it as data; and what people are told of the pages that say it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from app.datatypes import Citation, Hit, Sentence
from ingest.datatypes import Flag
from ingest.store.store import Store
from ingest.text.hostile import orders_in

_BETWEEN = "ˆ"
# The prompt's own labels, which a document may hold as well, but not in the place where they mean something.
_LABELS = re.compile(
    r"^[ \t]*\[(?=[^\]\n]{1,300}, [^\]\n]{1,300}: [^\]\n]{0,300}\]\s*$)"
    r"|^[ \t]*(?:key sentences|earlier (?:question|answer)):",
    re.IGNORECASE | re.MULTILINE,
)
_SAID = {
    "orders": "holds text that gives orders to a model",
    "link": "holds a link made to carry data away",
    "hidden": "holds text that nobody sees",
}
_MOST = 3  # pages told of
_EXCERPT = 100  # characters


def marked(text: str) -> str:
    """The text as a model is to read it: sentences that give orders with a sign between their words, which keeps it
    from taking them for its own (datamarking: Hines et al., Spotlighting, 2024), and no label of the prompt's own.

    As long as the text, character by character, so that offsets stay what they are.
    """
    for start, end in orders_in(text):
        text = text[:start] + re.sub(r"\s", _BETWEEN, text[start:end]) + text[end:]
    return _LABELS.sub(lambda label: label.group().replace("[", "(").replace(":", "-"), text)


def gives_orders(text: str) -> bool:
    return bool(orders_in(text))


def warnings(
    store: Store, hits: Sequence[Hit], citations: Sequence[Citation], evidence: Sequence[Sentence]
) -> tuple[str, ...]:
    """What people should know of the pages that the answer and its evidence stand on; where there is no answer, of the
    nearest passages, which may have kept the model from one."""
    doc_ids = {hit.file: hit.chunk.doc_id for hit in hits}
    pages = [(hit.file, hit.page, hit.named) for hit in hits]
    if citations:
        pages = [(one.file, one.page, one.named) for one in citations]
        pages += [(one.file, one.page, one.named) for one in evidence]
    flags = store.flags(set(doc_ids.values())) if hits else {}
    return told(flags, [(doc_ids[file], file, page, named) for file, page, named in pages if file in doc_ids])


def told(flags: Mapping[int, Sequence[Flag]], pages: Iterable[tuple[int, str, int, str]]) -> tuple[str, ...]:
    """A sentence for each flagged page among these (document, its file, page, what that is called), the first few. What
    is flagged of no page, as a title, is told with the first page of its document."""
    found: dict[tuple[str, str], str] = {}
    for doc_id, file, page, named in pages:
        for flag in flags.get(doc_id, ()):
            if flag.page in (0, page):
                place = f"{file}, {named}" if flag.page else file
                text = flag.text if len(flag.text) <= _EXCERPT else f"{flag.text[: _EXCERPT - 1]}…"
                words = _SAID.get(flag.kind, f"is flagged as {flag.kind}")
                found.setdefault((place, flag.kind), f"{place} {words}: “{text}”. It was read as data.")
    return tuple(found.values())[:_MOST]
