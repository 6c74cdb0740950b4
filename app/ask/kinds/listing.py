"""What there is of something: 'which accessories …', 'list all deadlines in …'.

Structure first: a list, a table, headings or lines with the same label that are about it are complete by construction.
Otherwise every passage is looked through, and the answer says that it may be incomplete.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import groupby

from app.ask.find.editions import held_back
from app.ask.find.sections import sections_about
from app.ask.find.titles import mentioned_documents
from app.ask.kinds.lists.candidates import Candidate, candidates, headings
from app.ask.kinds.lists.request import PARTS, ListRequest, list_request
from app.ask.kinds.lists.rows import Rows, tables_of
from app.ask.kinds.lists.sweep import Item, said_as, sweep
from app.ask.language.relevance import Wanted, in_roots, root, roots, wanted
from app.ask.plan import Asked, Computed, cite
from app.ask.structure.lists import labelled
from app.ask.structure.sections import sections_of, title_roots
from app.datatypes import Grid, Plan
from ingest.datatypes import Document

_SHOWN = 20  # items that are named and cited
_FEWEST = 2  # items of a list
_AS_GOOD = 0.1  # behind the best: a list of another document that may be meant as well
_LABELLED = 30  # documents that are looked through for lines with a label
_OF_EACH = re.compile(  # what the items say themselves, or do not: it tells nothing of where they stand
    r",? (?:and|with|together with|including|along with) (?:also )?(?:who|when|by when|until when|where|how|what|which|"
    r"their|its|the)\b[^?]*\b(?:each|every one|respectively|their|them)\b.*$"
    r"|,? (?:and|with|including|along with|together with) (?:their|its|the respective)\b.*$",
    re.IGNORECASE,
)
_GENERIC = """
    list name enumerate give show tell write find get collect extract identify provide send make made see know
    full complete whole entire all every each any please kind kinds type types sort sorts form forms category
    categories different various possible available other further thing things item items point points one ones
    stuff exist exists there mention mentioned mentions state stated describe described say said agree agreed
    decide decided left leave fit fits apply applies belong belongs contain contains have has offer offered
    under according come comes concern concerns set number numbers names titled called currently current
    respective exactly only exclusively together altogether main key important everything anything work works
    working take takes taken took occur occurs appear gets got who whom two three four five six seven eight nine
    ten them use used
""".split()
_NEEDED = "need needs needed require requires required included includes contained".split()


def answer(asked: Asked) -> Computed | None:
    """The items; None where it is not clearly a list, or where there is none."""
    ask = list_request(asked.plain)
    if ask is None:
        return None
    generic = [*_GENERIC, *([] if ask.strict else _NEEDED)]
    sought = wanted(_OF_EACH.sub("", asked.query), asked.index.frequency, len(asked.index), generic)
    if not sought.weights:
        return None
    if ask.head in PARTS and (parts := _of_outline(asked, ask, sought)):
        return parts
    found = _structured(asked, ask, sought)
    if not ask.head and ask.number and found and len(found[0].entries) != ask.number:
        return None
    if found and found[0].sure:
        return _of_structure(asked, ask, found)
    if ask.head and (items := _of_label(asked, ask, sought)):
        return _of_items(asked, items, f"Collected what is marked “{ask.head}”", whole=True)
    if found:
        return _of_structure(asked, ask, found)
    return _of_sweep(asked, ask, sought) if ask.head and (ask.every or said_as(ask.head)) else None


def _structured(asked: Asked, ask: ListRequest, sought: Wanted) -> list[Candidate]:
    sections = sections_about(asked, sought)
    tables: list[Rows] = []
    for _, own in groupby(sections, lambda section: section.document.id):
        tables += tables_of(asked.index, list(own))
    return [
        one
        for one in candidates(sections, ask, sought, tables)
        if len(one.entries) >= _FEWEST or (one.grid and one.sure)
    ]


def _of_structure(asked: Asked, ask: ListRequest, ranked: Sequence[Candidate]) -> Computed:
    best, section = ranked[0], ranked[0].section
    reasons = [] if best.sure else ["it may be incomplete, or not quite what was meant"]
    if other := next((one.section for one in ranked[1:] if _is_as_good(one, best)), None):
        reasons.append(f"a further list stands in {other.described}")
    if ask.number and ask.number != len(best.entries):
        reasons.append(f"the question speaks of {ask.number}, {len(best.entries)} stand there")
    cited = [cite(asked.index, section.document, e.start, e.end, e.text) for e in best.entries[:_SHOWN]]
    what = {"table": "the table in ", "headings": "the headings in "}.get(best.style, "the list in ")
    only = f", only {best.where}" if best.where else ""
    plan = Plan("list", f"Took {what}{section.described}{only}.", (section.document.path,), ask.head)
    grid = None
    if best.grid:
        numbers = tuple(i if i <= len(cited) else 0 for i in range(1, len(best.entries) + 1))
        grid = Grid(best.grid.columns, best.grid.rows, numbers)
    text = "\n".join([*(f"- {text}" for text in best.texts[:_SHOWN]), *_more(len(best.texts))])
    return Computed(plan, text, tuple(cited), "unsure" if reasons else "answered", _sentence(reasons), grid)


def _of_outline(asked: Asked, ask: ListRequest, sought: Wanted) -> Computed | None:
    """A document's own widest headings, where the question's other words name one document."""
    rest = Wanted({word: weight for word, weight in sought.weights.items() if word not in roots(ask.head)})
    scope = _scope(asked)
    named = [document for document in scope if rest.weights and rest.holds(title_roots(document))]
    if mentioned_documents(asked.query, asked.documents):
        named = scope
    if len(named) != 1:
        return None
    sections = [section for section in sections_of(asked.index, named[0]) if section.heading]
    for level in sorted({section.level for section in sections}):
        widest = [section for section in sections if section.level == level]
        if len(widest) >= _FEWEST:
            found = headings(replace(widest[0], heading=""), widest, 1.0, True, frozenset(sought.weights))
            return _of_structure(asked, ask, [found])
    return None


def _is_as_good(one: Candidate, best: Candidate) -> bool:
    elsewhere = one.section.start != best.section.start or one.section.document.id != best.section.document.id
    return elsewhere and one.rank >= best.rank - _AS_GOOD and not set(one.texts) & set(best.texts)


def _more(count: int) -> list[str]:
    return [f"\n… and {count - _SHOWN:,} more"] if count > _SHOWN else []


def _sentence(reasons: Sequence[str]) -> str:
    said = "; ".join(reasons)
    return said[:1].upper() + said[1:] + "." * bool(said)


def _scope(asked: Asked) -> list[Document]:
    """Documents that are meant: those named by their files, else all but editions that are not meant."""
    if named := mentioned_documents(asked.query, asked.documents):
        return [document for document in asked.documents if document.id in named]
    held = held_back(asked.query, *asked.index.superseded()) if asked.doc_ids is None else frozenset()
    return [document for document in asked.documents if document.id not in held]


def _of_label(asked: Asked, ask: ListRequest, sought: Wanted) -> list[Item]:
    """Lines that are marked as such, 'Action: …', in documents that hold the question's other words."""
    scope = {document.id: document for document in _scope(asked)}
    hits = asked.index.chunks([hit.chunk_id for hit in asked.index.bm25(ask.head, 10 * _LABELLED, scope)]).values()
    items: list[Item] = []
    within: list[Item] = []  # that hold some of the question's words themselves
    for doc_id in sorted({hit.doc_id for hit in hits}, key=list(scope).index)[:_LABELLED]:
        for section in sections_of(asked.index, scope[doc_id]):
            for label, entry in labelled(section):
                if roots(label) != roots(ask.head):
                    continue
                item = Item(section.document, section.named, entry)
                placed = section.label | section.context | roots(label)
                if sought.holds(placed):
                    items.append(item)
                elif sought.holds(placed | roots(entry.text)):
                    within.append(item)
    items = items or within
    return items if len(items) >= _FEWEST else []


def _of_sweep(asked: Asked, ask: ListRequest, sought: Wanted) -> Computed | None:
    kept = {word: weight for word, weight in sought.weights.items() if not in_roots(word, frozenset([root(ask.head)]))}
    if (ask.negative and not said_as(ask.head)) or (not kept and not ask.every):
        return None
    found = sweep(asked, ask.head, Wanted(kept), {one.id for one in _scope(asked)})
    if len(found.items) < _FEWEST:
        return None
    said = f"Looked through all passages for {ask.head}"
    return _of_items(asked, found.items, said, found.whole)


def _of_items(asked: Asked, items: Sequence[Item], said: str, whole: bool) -> Computed:
    """Grouped by document, each with its place."""
    paths = list(dict.fromkeys(item.document.path for item in items))
    shown = items[:_SHOWN]
    cited = [cite(asked.index, one.document, one.entry.start, one.entry.end, one.entry.text) for one in shown]
    lines = [f"{len(items):,} found in {len(paths):,} document{'s' * (len(paths) != 1)}:"]
    file = ""
    for item, citation in zip(shown, cited, strict=True):
        if item.document.path != file and len(paths) > 1:
            lines.append(f"\n**{item.document.path}**\n")
        file = item.document.path
        place = f" ({citation.named})" if item.document.n_pages > 1 else ""
        lines.append(f"- {item.entry.text}{place}")
    reasons = ["it may be incomplete: what is said in other words is not found"]
    if not whole:
        reasons.append("the documents are too long to be looked through to the end")
    plan = Plan("list", f"{said}, {_among(paths)}.", tuple(paths[:_SHOWN]))
    return Computed(plan, "\n".join([*lines, *_more(len(items))]), tuple(cited), "unsure", _sentence(reasons))


def _among(paths: Collection[str]) -> str:
    return f"found in {next(iter(paths))}" if len(paths) == 1 else f"found in {len(paths):,} documents"
