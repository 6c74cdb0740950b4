"""Answers about the documents in all: how many there are, which, of what kind, in which language, what is wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from app.ask.find.documents import documents_called
from app.ask.find.titles import known_as
from app.ask.language.filetypes import files_in_number, filetype_called, filetype_of, filetypes_counted
from app.ask.language.replies import MOST_LINES, in_number, lines, say
from app.ask.plan import Asked, Computed
from app.datatypes import Plan
from ingest.datatypes import Document
from ingest.store import curated
from ingest.text.language import language_name


def searched(asked: Asked) -> tuple[str, str]:
    """'12 files' or '214 of 216 files', and a sentence on those that could not be read."""
    failed = [d for d in asked.index.documents() if d.error and (asked.doc_ids is None or d.id in asked.doc_ids)]
    there = len(asked.documents)
    if not failed:
        return files_in_number(there, "file"), ""
    return (
        f"{there:,} of {files_in_number(there + len(failed), 'file')}",
        f"{files_in_number(len(failed), 'file')} could not be read.",
    )


def _of_kind(asked: Asked, match: re.Match[str]) -> tuple[str, list[Document]]:
    """The kind of file that is asked about, '' for all, and the documents of it."""
    word = match.groupdict().get("what") or ""
    kind = next((kind for part in word.split() if (kind := filetype_called(part))), "")
    return kind, [d for d in asked.documents if not kind or filetype_of(d.path) == kind]


def library_plan(said: str, documents: Sequence[Document] = (), operation: str = "") -> Plan:
    paths = dict.fromkeys(document.path for document in documents)
    return Plan("library", said, tuple(paths)[:MOST_LINES], operation=operation)


def document_count(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    kind, documents = _of_kind(asked, match)
    _, failed = searched(asked)
    plan = library_plan("Counted the documents that were read.", operation="count")
    if kind:
        verb, many = "is" if len(documents) == 1 else "are", files_in_number(len(documents), kind)
        text = f"There {verb} {many} in the library.\n{lines([known_as(d) for d in documents])}".strip()
        return Computed(plan, text, reason=failed)
    pages = sum(document.n_pages for document in documents)
    many = in_number(len(documents), "document", "many documents", german)
    text = say("count", german, documents=many, pages=in_number(pages, "page", "many pages", german))
    kinds = ", ".join(files_in_number(n, k) for k, n in filetypes_counted(documents))
    return Computed(plan, text if german or not kinds else f"{text}\n\nOf these: {kinds}.", reason=failed)


def count_named(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    """'How many invoices are among the documents?': where at least two are called so."""
    named = documents_called(match["x"], asked)
    if len(named) < 2:
        return None
    plan = library_plan(f"Counted the documents with “{match['x']}” in their name or title.", named, "count")
    reason = "Counted by names and titles; one that is not called so is not among them."
    text = f"There are {files_in_number(len(named), 'document')} called so:\n{lines([known_as(d) for d in named])}"
    return Computed(plan, text, reason=reason)


def list_named(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    """'Which invoices do you have?', where at least two are called so; 'do you have the manual?' where one is."""
    phrase = match.groupdict().get("x") or match.groupdict().get("work") or ""
    named = documents_called(phrase, asked)
    if len(named) < (2 if match.groupdict().get("x") else 1):
        return None
    plan = library_plan(f"Looked for documents with “{phrase}” in their name or title.", named, "rows")
    head = f"{'Yes, ' * ('work' in match.groupdict())}{files_in_number(len(named), 'document')} called so:"
    reason = "Found by names and titles; one that is not called so is not among them."
    return Computed(plan, f"{head}\n{lines([known_as(d) for d in named])}", reason=reason)


def page_count(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    many = in_number(len(asked.documents), "document", "many documents", german)
    total = in_number(sum(document.n_pages for document in asked.documents), "page", "many pages", german)
    text = say("count", german, documents=many, pages=total)
    return Computed(
        library_plan("Added up the pages of all documents.", operation="sum"), text, reason=searched(asked)[1]
    )


def list_documents(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    kind, documents = _of_kind(asked, match)
    if not documents:
        return Computed(library_plan("Looked through the names of all files."), "", status="abstained",
                        reason=f"There is no {kind or 'document'} in the library.")  # fmt: skip
    many = (
        files_in_number(len(documents), kind)
        if kind
        else in_number(len(documents), "document", "many documents", german)
    )
    items = [f"{known_as(d)}, {in_number(d.n_pages, 'page', 'many pages', german)}" for d in documents]
    plan = library_plan("Listed the documents that were read.", documents, "rows")
    return Computed(plan, f"{many}:\n{lines(items)}", reason=searched(asked)[1])


def any_kind(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    """'Do you have any spreadsheets?'"""
    kind, documents = _of_kind(asked, match)
    if not kind:
        return None
    if not documents:
        return Computed(
            library_plan("Looked through the names of all files."), f"No, there is no {kind} in the library."
        )
    computed = list_documents(asked, match, german)
    return computed and Computed(computed.plan, f"Yes, {computed.text}", reason=computed.reason)


def types(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    items = [f"{kind}: {count:,}" for kind, count in filetypes_counted(asked.documents)]
    plan = library_plan("Counted the files of each kind.", operation="count")
    return Computed(plan, lines(items), reason=searched(asked)[1]) if items else None


def languages(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    """Of all documents, or of those that are named."""
    phrase = match.groupdict().get("x")
    documents = documents_called(phrase, asked) if phrase else list(asked.documents)
    known = curated.languages(asked.index.store)
    if not documents or (phrase and len(documents) > 5):
        return None
    plan = library_plan("Told the language of each document from its words.", documents if phrase else ())
    if phrase:
        items = [f"{known_as(d)}: {language_name(known[d.id])}" for d in documents if d.id in known]
    else:
        counts = Counter(language_name(known[d.id]) for d in documents if d.id in known)
        items = [f"{name}: {files_in_number(count, 'document')}" for name, count in counts.most_common()]
    untold = sum(document.id not in known for document in documents)
    reason = (
        f"The language of {files_in_number(untold, 'document')} could not be told, such as of tables." if untold else ""
    )
    return Computed(plan, lines(items), reason=reason) if items else None


def unread(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    failed = [d for d in asked.index.documents() if d.error and (asked.doc_ids is None or d.id in asked.doc_ids)]
    pages = "SELECT doc_id, number FROM pages EXCEPT SELECT doc_id, page FROM chunks"
    sql = f"SELECT doc_id, count(*) FROM ({pages}) GROUP BY doc_id"
    empty = dict(asked.index.store.rows(sql))
    partly = [d for d in asked.documents if d.id in empty]
    plan = library_plan("Looked up which files could not be read, or not wholly.", [*failed, *partly])
    items = [f"{d.path}: {d.error} {d.hint}".strip() for d in failed]
    items += [f"{d.path}: no text on {files_in_number(empty[d.id], 'page')} of {d.n_pages:,}" for d in partly]
    if not items:
        return Computed(plan, f"All {files_in_number(len(asked.documents), 'file')} could be read.")
    head = f"{files_in_number(len(failed), 'file')} could not be read" if failed else "All files could be read"
    head += f"; of {files_in_number(len(partly), 'file')} some pages have no text" if partly else ""
    return Computed(plan, f"{head}:\n{lines(items)}")


def duplicates(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    return _verdicts(
        asked,
        curated.duplicates(asked.index.store),
        ("says the same as another one", "say the same as others"),
        "duplicate",
    )


def outdated(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    what = ("has a newer edition in the library", "have newer editions in the library")
    return _verdicts(asked, asked.index.superseded()[0], what, "document with a newer edition")


def _verdicts(asked: Asked, verdicts: dict[int, curated.Verdict], what: tuple[str, str], none: str) -> Computed:
    by_id = {document.id: document for document in asked.documents}
    found = [(by_id[i], verdict) for i, verdict in verdicts.items() if i in by_id]
    plan = library_plan("Compared the documents with one another.", [document for document, _ in found])
    if not found:
        return Computed(plan, f"No {none} was found among {files_in_number(len(by_id), 'document')}.")
    items = [f"{document.path}: {verdict.why}" for document, verdict in found]
    return Computed(plan, f"{files_in_number(len(found), 'document')} {what[len(found) != 1]}:\n{lines(sorted(items))}")
