"""Reads EML: headers, body and attachments of an e-mail, also of messages that are attached to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser

from ingest.datatypes import OnPage, ReadResult
from ingest.errors import ReadError
from ingest.files import Attached, Source, storable, title_of
from ingest.readers.decode import MOST_BYTES
from ingest.readers.markup import html_tree
from ingest.readers.web import items_of
from ingest.text.layout import Block, Item, joined, lay_out
from ingest.text.oneline import flat, plain
from ingest.text.sections import sections

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_DEEPEST = 6  # messages within messages
_MOST = 300  # attachments
_UNRECOGNISED = "of pictures, which are not recognised within an e-mail: save it as a file of its own"
_LONGEST_HEADER = 1000
_NESTED = "Open it in an e-mail program and save the inner message as a file of its own."


def read(path: Source, on_page: OnPage | None = None) -> ReadResult:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ReadError(f"is a message of more than {MOST_BYTES >> 20} MB", "Save its attachments as files.")
    try:
        message = BytesParser(_class(), policy=policy.default).parsebytes(data)
        if not message.keys():
            raise ReadError("is not an e-mail", "Give it the ending of its real format.")
        result = _read(message, title_of(path), on_page, 0)
    except RecursionError as error:
        raise ReadError("holds messages within messages, deeper than can be read", _NESTED) from error
    if not result.pages:
        raise ReadError("holds no text", "There is nothing in it to answer from.")
    return result


def _class() -> type[EmailMessage]:
    return EmailMessage


def _read(message: EmailMessage, title: str, on_page: OnPage | None, depth: int) -> ReadResult:
    subject = plain(_header(message, "Subject")) or title
    notes: list[str] = []
    results = [("", lay_out(subject, sections(_items(message), "message"), "eml", notes))]
    for number, part in enumerate(_attachments(message), 1):
        if on_page:
            on_page(number, number + 1)
        name = plain(_named(part)) or _inner_subject(part) or f"number {number}"
        if number > _MOST:
            notes.append(f"more than {_MOST} attachments: the others were left out")
            break
        try:
            results.append((f"attachment {name}", _attached(part, name, on_page, depth)))
        except ReadError as error:
            notes.append(f"attachment {name} {error}")
    whole = joined(subject, results)
    return ReadResult(whole.title, whole.pages, whole.headings, (*whole.notes, *notes), whole.tables, whole.flags)


def _items(message: EmailMessage) -> Iterator[Item]:
    for name in _HEADERS:
        if words := plain(_header(message, name)):
            yield Block(f"{name}: {words[:_LONGEST_HEADER]}")
    plain_part, html_part = message.get_body(("plain",)), message.get_body(("html",))
    text = _content(plain_part) if plain_part else ""
    if html_part and (not text.strip() or "<" not in text):
        markup = _content(html_part)
        rich = list(items_of(html_tree(markup))) if markup.strip() else []
        if sum(len(one.text) for one in rich if isinstance(one, Block)) > 3 * len(text) or not text.strip():
            yield from rich
            return
    for line in text.splitlines():
        if words := flat(line):
            yield Block(words)


def _attachments(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yields the parts that are not the body; an attached message is yielded whole."""
    body = [message.get_body((kind,)) for kind in ("plain", "html")]
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part.get_content_maintype() == "multipart":
            waiting += reversed([one for one in part.iter_parts() if isinstance(one, EmailMessage)])
        elif all(part is not one for one in body) and (
            part.get_filename() or part.is_attachment() or part.is_multipart()
        ):
            yield part


def _attached(part: EmailMessage, name: str, on_page: OnPage | None, depth: int) -> ReadResult:
    from ingest.pdf.pdf import UNREAD
    from ingest.readers.read import SUFFIXES, read_file

    if part.get_content_type() == "message/rfc822":
        if depth >= _DEEPEST:
            raise ReadError("is a message within messages, too deep to read")
        inner = part.get_content()
        return _read(inner, name, on_page, depth + 1)
    suffix = Attached(name, b"").suffix.lower()
    if suffix not in SUFFIXES:
        raise ReadError("is of a kind that is not read")
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes) or not content:
        raise ReadError("is empty")
    if suffix == ".eml":
        if depth >= _DEEPEST:
            raise ReadError("is a message within messages, too deep to read")
        inner = BytesParser(_class(), policy=policy.default).parsebytes(content)
        return _read(inner, name, on_page, depth + 1)
    result = read_file(Attached(name, content), on_page=on_page)
    notes = tuple(note.replace(UNREAD, _UNRECOGNISED) for note in result.notes)
    return replace(result, pages=tuple(replace(page, unread=False) for page in result.pages), notes=notes)


def _named(part: EmailMessage) -> str:
    try:
        name = part.get_filename() or ""
    except (ValueError, TypeError, LookupError):
        return ""
    return storable(name).replace("\\", "/").rpartition("/")[2]


def _inner_subject(part: EmailMessage) -> str:
    return plain(_header(part.get_content(), "Subject")) if part.get_content_type() == "message/rfc822" else ""


def _header(message: EmailMessage, name: str) -> str:
    """Returns what a header says; for a malformed one, its raw value."""
    try:
        return str(message.get(name) or "")
    except (ValueError, TypeError, LookupError, AttributeError, IndexError):
        return next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def _content(part: MIMEPart) -> str:
    try:
        content = part.get_content()
    except (LookupError, ValueError, AttributeError, KeyError):  # an encoding that is unknown or does not fit
        raw = part.get_payload(decode=True)
        content = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
    return content if isinstance(content, str) else ""
