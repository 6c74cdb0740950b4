"""Parses XML and HTML without fetching anything or expanding entities, and tells which elements people can see."""

from __future__ import annotations

import re
from html.entities import html5
from typing import Any

from ingest.errors import ReadError

_XML_OWN = frozenset({"amp", "lt", "gt", "quot", "apos"})
_CODE = re.compile(r"<(script|style)\b.{0,1000000}?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAGS = re.compile(r"<[^<>]{0,10000}>")
_FRAMES = re.compile(r"<(?!/?(?:h[1-6]|p|br|title)\b)[^<>]{0,10000}>", re.IGNORECASE)
_ENTITY = re.compile(r"&([a-zA-Z][a-zA-Z0-9]{1,30});")
_DECLARED = re.compile(
    rb"""(?:<meta[^>]{0,200}charset\s*=\s*["']?|<\?xml[^>]{0,100}encoding\s*=\s*["'])([\w.:-]{2,40})""", re.I
)
_UNSEEN = re.compile(
    r"display:none|visibility:hidden|font-size:0(?:px|pt|em|rem|%)?(?:;|!|$)|opacity:0(?:\.0+)?(?:;|!|$)"
    r"|(?:left|top|text-indent|margin-left):-\d{3,}"
)
_DEEPEST = 60  # elements above one, in which a background is looked for
_WHITE = r"(?:#fff(?:fff)?|white|rgba?\(255,255,255(?:,[\d.]+)?\))"
_COLOUR = re.compile(r"(?<![-\w])color:([^;!]+)")
_BACKGROUND = re.compile(r"background(?:-color)?:([^;!]+)")


def declared_encoding(data: bytes) -> str:
    """Returns the encoding that XML or HTML declares in its first bytes; '' for none."""
    found = _DECLARED.search(data[:4096])
    return found[1].decode("ascii") if found else ""


def html_tree(text: str) -> Any:
    """Returns the root element of HTML, however badly it is written. Markup nested deeper than the parser's limit
    (2,048) is parsed without its container tags, or without any tags. Raises ReadError where there is no text."""
    from lxml import etree

    for tags in (None, _FRAMES, _TAGS):
        written = text if tags is None else tags.sub(" ", _CODE.sub(" ", text))
        parser = etree.HTMLParser(
            encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
        )
        try:
            root = etree.fromstring(written.encode("utf-8", "replace"), parser)
        except (etree.XMLSyntaxError, ValueError):
            root = None
        if not any(one.type_name == "ERR_RESOURCE_LIMIT" for one in parser.error_log):
            break
    if root is None:
        raise ReadError("holds no text", "There is nothing in it to answer from.")
    return root


def xml_tree(data: bytes) -> Any:
    """Parses XML strictly and returns its root element. Entities stay unresolved. Raises ReadError for what is not
    XML."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ReadError(
            "is damaged: its XML cannot be read", "Save it again with the program it was made with."
        ) from error


def xhtml_tree(data: bytes) -> Any:
    """Parses a book's chapter as XML, where '<title/>' is closed, and as HTML where it is not well-formed XML."""
    known = (
        _ENTITY.sub(_spelled, data.decode("utf-8", "replace"))
        if declared_encoding(data) in ("", "utf-8", "UTF-8")
        else ""
    )
    try:
        return xml_tree(known.encode() if known else data)
    except ReadError:
        return html_tree(known or data.decode(declared_encoding(data) or "utf-8", "replace"))


def tag_of(element: Any) -> str:
    """Returns the tag in small letters without its namespace; '' for what is no element, such as an unresolved
    entity."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def attribute_of(element: Any, name: str) -> str:
    """Returns the attribute of that name in any namespace; '' for none."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def is_hidden(element: Any, is_styled: bool) -> bool:
    """Whether an element is styled so that nobody sees it. White text only counts where no style sheet (`is_styled`)
    may put a colour behind it."""
    if element.get("hidden") is not None and element.get("hidden") != "until-found":
        return True
    style = re.sub(r"\s+", "", element.get("style") or "").lower()
    if not style and element.get("color") is None:
        return False
    if _UNSEEN.search(style):
        return True
    colour, behind = _COLOUR.search(style), _BACKGROUND.search(style)
    if colour and behind:
        return colour[1] == behind[1]
    written = colour[1] if colour else (element.get("color") or "").lower()
    return bool(re.fullmatch(_WHITE, written)) and not is_styled and not _has_background(element)


def _has_background(element: Any) -> bool:
    for _ in range(_DEEPEST):
        if element is None:
            return False
        if element.get("bgcolor") or element.get("background") or "background" in (element.get("style") or "").lower():
            return True
        element = element.getparent()
    return True  # nested too deep to tell


def _spelled(found: re.Match[str]) -> str:
    return found[0] if found[1] in _XML_OWN else html5.get(f"{found[1]};", found[0])
