"""The tables of an index, typed, and where their rows stand."""

import openpyxl

from ingest.store.catalogue import sheets_of
from ingest.store.index import LocalIndex
from ingest.store.places import head_span, spans
from ingest.sync.sync import sync


def index_of(tmp_path, encoder) -> LocalIndex:
    sync(tmp_path / "files", tmp_path / "index", encoder)
    return LocalIndex(tmp_path / "index")


def test_columns_rows_and_places_over_many_pages(tmp_path, encoder):
    (tmp_path / "files").mkdir()
    rows = [f"P-{n},{n * 1.5},2024-01-{n % 28 + 1:02},{'red' if n % 3 else 'blue'}" for n in range(150)]
    (tmp_path / "files/parts.csv").write_text("\n".join(["Part,Weight kg,Bought,Colour", *rows, "Total,16762.5,,"]))
    index = index_of(tmp_path, encoder)
    (sheet,) = sheets_of(index, index.documents())
    assert [c.kind for c in sheet.columns] == ["text", "number", "date", "text"]
    assert sheet.n_rows == 151 and sheet.totals == {150} and sheet.columns[3].values == {"red": 100, "blue": 50}
    found = spans(index, sheet, range(150))
    assert len(found) == 150
    for row, (start, end) in found.items():
        assert index.text(sheet.document.id, start, end) == "\t".join(sheet.row(row))
    start, end = head_span(index, sheet)
    assert index.text(sheet.document.id, start, end) == "Part\tWeight kg\tBought\tColour"
    assert sheets_of(index, index.documents())[0] is sheet  # kept with the open index


def test_a_first_column_called_no_still_names_the_columns(tmp_path, encoder):
    (tmp_path / "files").mkdir()
    (tmp_path / "files/claims.csv").write_text("No,Who,Amount\nE1,Ann,5\nE2,Bob,7\n")
    index = index_of(tmp_path, encoder)
    (sheet,) = sheets_of(index, index.documents())
    assert [c.name for c in sheet.columns] == ["No", "Who", "Amount"] and sheet.n_rows == 2


def test_tables_side_by_side_can_be_read_by_their_columns(tmp_path, encoder):
    (tmp_path / "files").mkdir()
    (tmp_path / "files/units.csv").write_text(
        "Property,X-1,X-2,X-3\nMass kg,5,6,7\nHeight mm,100,200,300\nNoise dB,40,41,39\n"
    )
    index = index_of(tmp_path, encoder)
    plain, turned = sheets_of(index, index.documents())
    assert turned.is_turned and [c.name for c in turned.columns] == ["Property", "Mass kg", "Height mm", "Noise dB"]
    assert turned.row(1) == ("X-2", "6", "200", "41") and plain.row(0)[0] == "Mass kg"


def test_sheets_of_the_same_columns_are_also_one(tmp_path, encoder):
    (tmp_path / "files").mkdir()
    book = openpyxl.Workbook()
    book.remove(book.active)
    for month in ("May", "June"):
        sheet = book.create_sheet(month)
        sheet.append(["Item", "Sold"])
        sheet.append(["Lamp", 3])
        sheet.append(["Desk", 4])
    book.save(tmp_path / "files/sales.xlsx")
    index = index_of(tmp_path, encoder)
    *_, together = sheets_of(index, index.documents())
    assert [c.name for c in together.columns] == ["Item", "Sold", "Month"]
    assert together.columns[2].cells == ("May", "May", "June", "June")
    found = spans(index, together, range(4))
    texts = [index.text(together.document.id, *found[row]) for row in range(4)]
    assert texts == ["Lamp\t3", "Desk\t4", "Lamp\t3", "Desk\t4"]
    assert len(set(found.values())) == 4
