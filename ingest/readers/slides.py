"""Reads PPTX: a slide is a page, with its title, texts, tables, charts and diagrams, then its speaker notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ingest.datatypes import OnPage, ReadResult
from ingest.errors import ReadError
from ingest.files import Source, title_of
from ingest.readers.archive import open_zip
from ingest.readers.grids import expand_spans, has_header
from ingest.readers.markup import tag_of, xml_tree
from ingest.text.layout import Block, Grid, Hidden, Item, Part, lay_out
from ingest.text.oneline import flat, many, plain

_DEEPEST = 40  # groups within groups
_ROOM = 30_000  # characters of a slide that are one page
_DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def read(path: Source, on_page: OnPage | None = None) -> ReadResult:
    import pptx

    with open_zip(path, "ppt/"):
        pass  # checked; pptx opens it itself
    with path.open("rb") as file:
        show = pptx.Presentation(file)
    notes: list[str] = []
    slides = list(show.slides)
    titles = [plain(_title(slide)) for slide in slides]
    parts = (
        Part(f"slide {number}", _items(slide, notes, number), room=_ROOM) for number, slide in enumerate(slides, 1)
    )
    title = (show.core_properties.title or "").strip()
    title = (
        title if title and title.lower() != "powerpoint presentation" else next(filter(None, titles), title_of(path))
    )
    result = lay_out(title, _told(parts, len(slides), on_page), "pptx", notes)
    if not result.pages:
        raise ReadError("holds no text", "Its slides are empty or pictures only.")
    empty = sorted({*range(1, len(slides) + 1)} - {int(page.place.split()[1]) for page in result.pages})
    if empty:
        shown = ", ".join(map(str, empty[:8])) + (f" and {len(empty) - 8} more" if len(empty) > 8 else "")
        notes.append(f"without any text: slide{'s' * (len(empty) > 1)} {shown}")
    return ReadResult(title, result.pages, result.headings, tuple(notes), result.tables, result.flags)


def _told(parts: Iterator[Part], total: int, on_page: OnPage | None) -> Iterator[Part]:
    for number, part in enumerate(parts, 1):
        yield part
        if on_page:
            on_page(number, total)


def _title(slide: Any) -> str:
    shape = slide.shapes.title
    return str(shape.text_frame.text) if shape is not None and shape.has_text_frame else ""


def _items(slide: Any, notes: list[str], number: int) -> Iterator[Item]:
    if slide.element.get("show") == "0":
        yield Hidden(f"slide {number}, which is hidden, read all the same")
    title = slide.shapes.title
    if title is not None and (words := plain(_title(slide))):
        yield Block(words, 1)
    pictures: list[Any] = []
    for shape in slide.shapes:
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape, slide, pictures, 0)
    if pictures:
        notes.append(f"slide {number}: {many(len(pictures), 'picture')}, not looked into")
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None and plain(frame.text):
        yield Block("Speaker notes:")
        for paragraph in frame.paragraphs:
            if words := flat(_text(paragraph)):
                yield Block(words)


def _shape(shape: Any, slide: Any, pictures: list[Any], depth: int) -> Iterator[Item]:
    if _is_unseen(shape):
        if words := plain(shape.text_frame.text if shape.has_text_frame else ""):
            yield Hidden(words)
        return
    if hasattr(shape, "shapes"):  # a group
        for inner in shape.shapes if depth < _DEEPEST else ():
            yield from _shape(inner, slide, pictures, depth + 1)
    elif getattr(shape, "has_table", False):
        yield from _table(shape.table)
    elif getattr(shape, "has_chart", False):
        yield from _chart(shape.chart)
    elif shape.has_text_frame:
        for paragraph in shape.text_frame.paragraphs:
            if words := flat(_text(paragraph)):
                yield Block(f"{'• ' * bool(paragraph.level)}{words}")
    elif shape.element.tag.endswith("}pic"):
        pictures.append(shape)
    else:
        yield from _diagram(shape, slide)


def _text(paragraph: Any) -> str:
    return str(paragraph.text).replace("\v", " ")


def _is_unseen(shape: Any) -> bool:
    properties = next((one for one in shape.element.iter() if tag_of(one) == "cnvpr"), None)
    return properties is not None and properties.get("hidden") in ("1", "true")


def _table(table: Any) -> Iterator[Item]:
    rows = [
        [(flat(cell.text), 1, 1) for cell in row.cells]
        for row in table.rows
    ]  # fmt: skip
    grid = expand_spans(rows)
    if grid:
        yield Grid(grid, header=bool(table.first_row) or has_header(grid))


def _chart(chart: Any) -> Iterator[Item]:
    """Yields the figures of a chart as a table with a column for each series."""
    try:
        plot = chart.plots[0]
        names = [plain(str(name)) for name in plot.categories]
        series = [(plain(one.name or ""), list(one.values)) for one in chart.series]
        title = chart.chart_title.text_frame.text if chart.has_title and chart.chart_title.has_text_frame else ""
    except (IndexError, ValueError, KeyError, AttributeError, TypeError):  # of a kind that pptx does not know
        return
    if not series:
        return
    length = max(len(names), *(len(values) for _, values in series))
    names += [""] * (length - len(names))
    rows = [[name, *(_figure(values, i) for _, values in series)] for i, name in enumerate(names)]
    yield Grid([["", *(name for name, _ in series)], *rows], caption=plain(title) or "Chart")


def _figure(values: Sequence[float | None], place: int) -> str:
    value = values[place] if place < len(values) else None
    return "" if value is None else f"{value:.15g}"


def _diagram(shape: Any, slide: Any) -> Iterator[Item]:
    """Yields the words of a SmartArt diagram, which stand in another part of the file."""
    for one in shape.element.iter(f"{{{_DIAGRAM}}}relIds"):
        try:
            data = xml_tree(slide.part.related_part(one.get(f"{_RELATION}dm")).blob)
        except (KeyError, ReadError):
            continue
        for paragraph in data.iter():
            if tag_of(paragraph) == "p" and (words := flat("".join(paragraph.itertext()))):
                yield Block(f"• {words}")
