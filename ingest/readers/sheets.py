"""Reads XLSX: each sheet's tables, with the values as cells show them. Rows are streamed, so a sheet may claim any
size."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import Any

from ingest.datatypes import OnPage, ReadResult
from ingest.errors import ReadError
from ingest.files import Source, title_of
from ingest.readers.archive import MOST_XML, open_zip
from ingest.readers.cell_format import format_cell
from ingest.readers.grids import Row, items_of
from ingest.text.layout import MOST_COLUMNS, Hidden, Item, Part, alive, lay_out, letters
from ingest.text.oneline import many

MOST_CELLS = 2_000_000
_MOST_STRINGS = 512 << 20  # bytes of the texts that all sheets share, which are read at once
_COMMENT = re.compile(rb"<(?:\w+:)?comment\s")
_NO_RESULT = re.compile(rb"</f>\s*(?:<v\s*/>|<v></v>)?\s*</c>")


def read(path: Source, on_page: OnPage | None = None) -> ReadResult:
    import openpyxl

    with open_zip(path, "xl/") as archive:
        for one in archive.infolist():
            if one.file_size > (
                _MOST_STRINGS if "/worksheets/" in one.filename or "sharedStr" in one.filename else MOST_XML
            ):
                raise ReadError(f"holds a sheet of {one.file_size >> 20} MB", "Split it into smaller workbooks.")
        notes = _lost(archive)
    with path.open("rb") as file:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        left = [MOST_CELLS]
        parts = (
            Part(sheet.title, _items(sheet, left, notes, on_page), "row", heading=sheet.title)
            for sheet in book.worksheets
        )
        title = (book.properties.title or "").strip() or title_of(path)
        result = lay_out(title, parts, "xlsx", notes, on_page)
    if not result.pages:
        raise ReadError("holds no text", "There is nothing in its sheets to answer from.")
    return result


def _items(sheet: Any, left: list[int], notes: list[str], on_page: OnPage | None) -> Iterator[Item]:
    if sheet.sheet_state != "visible":
        yield Hidden(f"the hidden sheet {sheet.title}, read all the same")
    yield from items_of(alive(_rows(sheet, left, notes), on_page))


def _rows(sheet: Any, left: list[int], notes: list[str]) -> Iterator[Row]:
    """Yields rows up to the last filled cell of each. `left` holds how many cells may still be read of the workbook."""
    sheet.reset_dimensions()  # what a sheet claims to span costs a million empty rows to believe
    widest = 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        filled = [place for place, cell in enumerate(row) if cell.value is not None]
        if not filled:
            yield number, []
            continue
        widest = max(widest, filled[-1] + 1)
        cells = row[: min(filled[-1] + 1, MOST_COLUMNS)]
        left[0] -= len(cells)
        if left[0] < 0:
            notes.append(f"the sheet “{sheet.title}” was read up to row {number - 1:,}: split it into smaller ones")
            break
        yield number, [_said(cell) for cell in cells]
    if widest > MOST_COLUMNS:
        notes.append(
            f"of the sheet “{sheet.title}”, only the columns up to {letters(MOST_COLUMNS - 1)} of "
            f"{letters(widest - 1)} were read"
        )


def _said(cell: Any) -> str:
    return format_cell(cell.value, getattr(cell, "number_format", None) or "General")


def _lost(archive: zipfile.ZipFile) -> list[str]:
    """Says in words what of the workbook is not read."""
    names = archive.namelist()
    formulas = sum(_count(archive, name, _NO_RESULT) for name in names if name.startswith("xl/worksheets/sheet"))
    comments = sum(_count(archive, name, _COMMENT) for name in names if re.match(r"xl/comments.*\.xml$", name))
    charts = sum(name.startswith("xl/charts/chart") for name in names)
    pictures = sum(name.startswith("xl/media/") for name in names)
    some = f"{formulas} formulas have" if formulas > 1 else "a formula has"
    told = [
        (formulas, f"{some} no result in it: open it in a spreadsheet program and save it once"),
        (charts, f"{many(charts, 'chart')} left out, whose figures should stand in its sheets"),
        (comments, f"{many(comments, 'cell comment')} left out"),
        (pictures, f"{many(pictures, 'picture')}, not looked into"),
    ]
    return [words for count, words in told if count]


def _count(archive: zipfile.ZipFile, name: str, pattern: re.Pattern[bytes]) -> int:
    found = 0
    with archive.open(name) as stream:
        while block := stream.read(1 << 20):
            found += len(pattern.findall(block))
    return found
