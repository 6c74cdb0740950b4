"""What a phrase such as 'chapter 3 of the planning guide' means in this index: documents, sections, or neither."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.ask.find.documents import NamedDocuments, Names, documents_named, named_folder, names_of_documents
from app.ask.find.parts import NO_TOPIC, NTH, Part, numbered_part, topic_part
from app.ask.language.naming import holds, name_words
from app.ask.plan import Asked
from app.ask.structure.outline import outline_of
from ingest.datatypes import Document

_PART = r"(?:chapters?|sections?|clauses?|articles?|parts?|paragraphs?|annex|appendix|items?|steps?|agenda items?|§+)"
_NUMBER = r"(?:\d+(?:\.\d+)*|[a-z]|[ivx]+)"
_NUMBERED = re.compile(rf"^(?:the )?(?P<part>{_PART}) ?(?:no\.? ?|number )?(?P<number>{_NUMBER})\b[,:]?(?P<rest>.*)$")
_COUNTED = re.compile(rf"^(?:the )?(?P<nth>{'|'.join(NTH)}|last|final) (?:{_PART})\b(?P<rest>.*)$")
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
_LEVELS = 7  # of headings; captions of tables are below
_SURELY = 1.09  # all words of the topic, in headings of which they are half
_MANY = 8  # documents whose sections are taken for a topic
_FEW = 24  # documents that are all looked through: some have no headings but lines that look like them


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
        if meant or not phrase.startswith("the "):
            return _whole(asked, meant) if meant else Subject("missing")
    names = names_of_documents(asked)
    whole = documents_named(phrase, names)
    for pattern in (_PAGES, _NUMBERED, _COUNTED, _SECTION_ON):
        if found := pattern.match(phrase):
            if whole.surely and pattern is _SECTION_ON:
                break  # 'the article on …'
            return _part(asked, names, found.groupdict())
    if whole.surely:
        return _whole(asked, whole.documents)
    if sections := _within(asked, names, phrase):
        return sections
    if found := _TOPIC_SECTION.match(phrase):
        return _part(asked, names, found.groupdict())
    over_all = _topic(asked, phrase, asked.documents)
    if over_all and (over_all.surely or not whole.likely):
        return over_all
    likely = whole if whole.likely else documents_named(phrase, names, by_opening=True)
    if likely.likely:
        return replace(_whole(asked, likely.documents), surely=False)
    return Subject("missing", whole.documents if whole.share > 0.3 else (), surely=False)


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


def _part(asked: Asked, names: Names, said: dict[str, str | None]) -> Subject:
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
    parts = [part for one in newest[: 6 * _MANY] if (part := numbered_part(asked, one, said))]
    if not parts:
        return Subject("missing", tuple(documents) if rest else (), surely=False)
    return Subject("sections", tuple(part.document for part in parts), tuple(parts[:_MANY]))


def _within(asked: Asked, names: Names, phrase: str) -> Subject | None:
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


def _newest(asked: Asked, named: NamedDocuments) -> list[Document]:
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
        part, share = topic_part(asked, one, topic)
        if part:
            found.append((share, part))
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
