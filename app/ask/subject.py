"""What a phrase such as 'chapter 3 of the planning guide' means in this index: documents, sections, or neither."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.ask.named import Called, Named, called, documents_named, holds, name_words, named_folder, telling_share
from app.ask.outline import Outline, Section, chapter, outline_of
from app.ask.plan import Asked
from app.ask.words import stem
from ingest.datatypes import Document

_PART = r"(?:chapters?|sections?|clauses?|articles?|parts?|paragraphs?|annex|appendix|items?|steps?|agenda items?|§+)"
_NUMBER = r"(?:\d+(?:\.\d+)*|[a-z]|[ivx]+)"
_NTH = {
    word: str(n) for n, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)
}
_NUMBERED = re.compile(rf"^(?:the )?(?P<part>{_PART}) ?(?:no\.? ?|number )?(?P<number>{_NUMBER})\b[,:]?(?P<rest>.*)$")
_COUNTED = re.compile(rf"^(?:the )?(?P<nth>{'|'.join(_NTH)}|last|final) (?:{_PART})\b(?P<rest>.*)$")
_PAGES = re.compile(
    r"^(?:the )?(?P<place>pages?|slides?|sheets?|p\.) ?(?P<first>\d+)(?: ?(?:-|–|to|"
    r"and) ?(?P<last>\d+))?\b(?P<rest>.*)$"
)
_SECTION_ON = re.compile(
    rf"^(?:the )?{_PART} (?:on|about|called|named|titled|entitled|headed|for|dealing with|concerning|regarding|"
    rf"covering) (?P<topic>.+)$"
)
_TOPIC_SECTION = re.compile(rf"^(?:the )?(?P<topic>.+?)(?:'s)? {_PART}(?P<rest>(?: (?:of|in|from) .+)?)$")
_WITHIN = re.compile(
    r",? (?:of|in|from|within|according to|under|on|about|regarding|concerning) (?:the |this |that |our |my )?"
)
_EVERYTHING = re.compile(
    r"^(?:(?:all|both|these|those|this|the|my|our|your|whole|entire|complete|of|uploaded|indexed|available|"
    r"collected|it)\b ?)*"
    r"(?:documents|files|papers|texts|folders?|library|libraries|collection|corpus|archive|document collection|"
    r"everything|all|"
    r"knowledge base|material|materials|set)(?: of (?:the |these |my |our |all )?(?:documents|files|papers|texts))?"
    r"(?: (?:together|here|that (?:i|you|we) have|you have|i have|i uploaded|in (?:here|the (?:library|folder|"
    r"collection|index))))*$"
)
_THIS = re.compile(
    r"^(?:it|this|that|the|this one|that one|them|(?:this|that|the) (?:\w+ )?(?:document|file|pdf|paper|text))?$"
)
NO_TOPIC = frozenset(  # words that say nothing of what a section is about
    stem(word)
    for word in "section chapter part topic subject rule rules information detail all content thing clause".split()
)
_LEVELS = 7  # of headings; captions of tables are below
_SURELY = 1.09  # all words of the topic, in headings of which they are half
_MANY = 8  # documents whose sections are taken for a topic
_FEW = 24  # documents that are all looked through: some have no headings but lines that look like them


@dataclass(frozen=True, slots=True)
class Part:
    """Sections of one document, those below them included; all of it where `whole`."""

    outline: Outline
    sections: tuple[Section, ...]
    whole: bool = False

    @property
    def document(self) -> Document:
        return self.outline.document


@dataclass(frozen=True, slots=True)
class Subject:
    """`parts` are empty for 'everything', 'folder' and 'missing'; then `documents` are all, the folder's, the nearest.

    `surely`: the whole phrase was understood. `named` is what people read of it.
    """

    form: Literal["everything", "folder", "documents", "sections", "missing"]
    documents: tuple[Document, ...] = ()
    parts: tuple[Part, ...] = ()
    surely: bool = True
    named: str = ""


def subject_of(asked: Asked, phrase: str) -> Subject:
    """What the phrase means; 'missing' where the index has nothing of this name."""
    phrase = re.sub(r"^(?:the|a|an|our|my|its) (?=(?:content|contents|text) of )", "", phrase.strip(" .,:;?!'\"“”"))
    phrase = re.sub(r"^(?:contents?|text) of ", "", phrase)
    if _EVERYTHING.match(phrase) or (not phrase and len(asked.documents) > 1 and not asked.history):
        return Subject("everything", asked.documents)
    folder, inside = named_folder(phrase, asked.documents)
    if inside:
        return Subject("folder", tuple(inside), named=folder)
    if _THIS.match(phrase):
        meant = _last_cited(asked) or (asked.documents if len(asked.documents) == 1 else ())
        return _whole(asked, meant) if meant else Subject("missing")
    names = called(asked)
    for pattern in (_PAGES, _NUMBERED, _COUNTED, _SECTION_ON):
        if found := pattern.match(phrase):
            return _part(asked, names, found.groupdict())
    whole = documents_named(phrase, names)
    if whole.surely:
        return _whole(asked, whole.documents)
    if sections := _within(asked, names, phrase):
        return sections
    if found := _TOPIC_SECTION.match(phrase):
        return _part(asked, names, found.groupdict())
    over_all = _topic(asked, phrase, asked.documents)
    if over_all and (over_all.surely or not whole.likely):
        return over_all
    if whole.likely:
        return replace(_whole(asked, whole.documents), surely=False)
    return Subject("missing", whole.documents if whole.share > 0.3 else (), surely=False)


def places_of(outline: Outline, topic: str) -> tuple[list[int], float]:
    """The places of the sections whose headings speak of the topic, and how well they do: 1 for all of the topic's
    words, up to 1.2 for headings that say nothing else."""
    wanted = [word for word in name_words(topic) if word not in NO_TOPIC]
    if not wanted:
        return [], 0.0
    scores = []
    for section in outline.sections:
        words = frozenset(name_words(section.name))
        share = telling_share(wanted, words)
        scores.append(share + 0.2 * telling_share(list(words), wanted) if share else 0.0)
    best = max(scores, default=0.0)
    if best < 0.6:
        return [], 0.0
    chosen = [place for place, score in enumerate(scores) if score >= best - 0.1]
    return chosen, best


def _whole(asked: Asked, documents: Sequence[Document]) -> Subject:
    """Of editions the newest only."""
    older = asked.index.superseded()[0]
    ids = {document.id for document in documents}
    kept = [one for one in documents if one.id not in older or older[one.id].other not in ids]
    parts = [Part(outline, outline.sections, True) for one in kept[:_MANY] if (outline := outline_of(asked.index, one))]
    return Subject("documents", tuple(kept), tuple(parts), named=" and ".join(part.document.title for part in parts))


def _last_cited(asked: Asked) -> tuple[Document, ...]:
    """The documents that the last answer stood on, or that it was about."""
    if not asked.history:
        return ()
    answer = asked.history[-1].answer
    paths = {citation.file for citation in answer.citations} or set(answer.plan.documents)
    return tuple(document for document in asked.documents if document.path in paths)


def _part(asked: Asked, names: Sequence[Called], said: dict[str, str | None]) -> Subject:
    """Pages, a numbered section or one of a name, of a document that the rest of the phrase names, or of all."""
    rest, topic = (said.get("rest") or "").strip(), said.get("topic") or ""
    if topic and not rest:
        if sections := _within(asked, names, topic):
            return sections
        return _topic(asked, topic, asked.documents) or Subject("missing", surely=False)
    documents: Sequence[Document] = asked.documents
    name = re.sub(r"^(?:of|in|from|on|within) (?:the |this |that |our |my )?", "", rest)
    if rest:
        named = documents_named(name, names)
        if not named.likely and not _THIS.match(name):
            return Subject("missing", surely=False)
        documents = named.documents if named.likely else _last_cited(asked) or documents
    elif cited := _last_cited(asked):
        documents = cited
    if topic:
        return _topic(asked, topic, documents) or Subject("missing", tuple(documents), surely=False)
    older = asked.index.superseded()[0]
    newest = [one for one in documents if one.id not in older or len(documents) == 1]
    parts = [part for one in newest[: 6 * _MANY] if (part := _numbered(asked, one, said))]
    if not parts:
        return Subject("missing", tuple(documents) if rest else (), surely=False)
    return Subject("sections", tuple(part.document for part in parts), tuple(parts[:_MANY]))


def _numbered(asked: Asked, document: Document, said: dict[str, str | None]) -> Part | None:
    outline = outline_of(asked.index, document)
    if first := said.get("first"):
        return _pages(asked, outline, int(first), int(said.get("last") or first))
    sections = outline.sections
    if number := said.get("number"):
        pattern = re.compile(rf"^(?:[a-z§]+ ?)?{re.escape(number)}(?![\w]|\.\d)", re.IGNORECASE)
        places = [n for n, one in enumerate(sections) if one.number == number or pattern.match(one.heading)]
    else:
        top = min((one.level for one in sections if one.number), default=0)
        order = [n for n, one in enumerate(sections) if one.heading and (one.level == top if top else True)]
        nth = said.get("nth") or ""
        wanted = len(order) - 1 if nth in ("last", "final") else int(_NTH[nth]) - 1
        places = order[wanted : wanted + 1] if wanted >= 0 else []
    return Part(outline, tuple(chapter(sections, places[0]))) if places else None


def _pages(asked: Asked, outline: Outline, first: int, last: int) -> Part | None:
    """What stands on these pages, section by section."""
    sql = "SELECT number, start FROM pages WHERE doc_id = ? AND number BETWEEN ? AND ? ORDER BY number"
    rows = asked.index.store.rows(sql, (outline.document.id, first, last + 1))
    inside = [start for number, start in rows if number <= last]
    if not inside:
        return None
    end = next((start for number, start in rows if number > last), 1 << 60)
    cut = (
        replace(one, units=tuple(unit for unit in one.units if inside[0] <= unit.start < end))
        for one in outline.sections
    )
    found = tuple(one for one in cut if one.units)
    return Part(outline, found) if found else None


def _within(asked: Asked, names: Sequence[Called], phrase: str) -> Subject | None:
    """'hot water in the user guide', 'the user guide on hot water', "the guide's chapter on noise"."""
    for match in [*_WITHIN.finditer(phrase)][::-1]:
        left, right = phrase[: match.start()], phrase[match.end() :]
        for name, topic in ((right, left), (left, right)):
            named = documents_named(name, names)
            if not named.surely or not name_words(topic):
                continue
            topic = re.sub(rf"^(?:the )?{_PART} (?:on|about|for|of) |(?: {_PART})$", "", topic)
            if _NUMBERED.match(topic) or _PAGES.match(topic):
                continue
            if found := _topic(asked, topic, _newest(asked, named)):
                return found
    return None


def _newest(asked: Asked, named: Named) -> list[Document]:
    older = asked.index.superseded()[0]
    return [one for one in named.documents if one.id not in older] or list(named.documents)


def _topic(asked: Asked, topic: str, documents: Sequence[Document]) -> Subject | None:
    """The sections whose headings speak of the topic, of the documents where they do it best."""
    wanted = [word for word in name_words(topic) if word not in NO_TOPIC]
    if not wanted:
        return None
    likely = set(_headed(asked, wanted))
    older = asked.index.superseded()[0]
    ids = {one.id for one in documents}
    found: list[tuple[float, Part]] = []
    for one in [one for one in documents if one.id in likely or len(documents) <= _FEW]:
        if one.id in older and older[one.id].other in ids:
            continue
        outline = outline_of(asked.index, one)
        places, share = places_of(outline, topic)
        taken: list[Section] = []
        for place in places:
            if outline.sections[place] not in taken:
                taken += chapter(outline.sections, place)
        if any(section.units for section in taken):
            found.append((share, Part(outline, tuple(taken))))
        if len(found) >= 3 * _MANY:
            break
    if not found:
        return None
    best = max(share for share, _ in found)
    if best < 0.75:
        return None
    parts = [part for share, part in found if share >= best - 0.1][:_MANY]
    return Subject("sections", tuple(part.document for part in parts), tuple(parts), best >= _SURELY, topic)


def _headed(asked: Asked, wanted: Sequence[str]) -> list[int]:
    """Documents with a heading that holds most of these words, the best first."""
    longest = sorted(wanted, key=len, reverse=True)[:3]
    like = " OR ".join(["text LIKE ?"] * len(longest))
    rows = asked.index.store.rows(
        f"SELECT doc_id, text FROM headings WHERE level < {_LEVELS} AND ({like}) LIMIT 5000",
        [f"%{word[:6]}%" for word in longest],
    )
    scores: dict[int, float] = {}
    for doc_id, text in rows:
        words = frozenset(name_words(text))
        share = sum(holds(words, word) for word in wanted) / len(wanted)
        scores[doc_id] = max(scores.get(doc_id, 0.0), share)
    return sorted((doc_id for doc_id, share in scores.items() if share >= 0.6), key=lambda one: -scores[one])
