"""Rows of PDF tables whose cells run over several lines."""

from ingest.datatypes import Page
from ingest.text.mended import mended
from ingest.text.tables import tables_in

LINES = [
    "Table 3: Faults",
    "Code\tMeaning\tReset\tCauses",
    "E-01\tPressure above",
    "29 bar\tby hand\tFlow too small; air in the",
    "exchanger",
    "E-02\tSensor open\tby itself\tPlug",
    "E-03",
    "The valve has opened:",
    "pressure fell",
    "by hand\tPower failure",
    "E-04\tFan blocked\tby hand\tIce",
    "E-05\tGas found in the air by hand, by a technician",
    "Leak",
    "",
    "Other words follow here.",
]


def test_each_code_begins_a_row():
    text = "\n".join(LINES)
    page = Page(1, 0, text)
    found = mended([page], tables_in([page])[0])
    assert found and found.table.columns == ("Code", "Meaning", "Reset", "Causes")
    assert found.table.rows == (
        ("E-01", "Pressure above 29 bar", "by hand", "Flow too small; air in the exchanger"),
        ("E-02", "Sensor open", "by itself", "Plug"),
        ("E-03", "The valve has opened: pressure fell", "by hand", "Power failure"),
        ("E-04", "Fan blocked", "by hand", "Ice"),
        ("E-05", "Gas found in the air", "by hand, by a technician", "Leak"),
    )
    for (start, end), row in zip(found.spans, found.table.rows, strict=True):
        assert text[start:end].startswith(row[0]) and "\n".join(LINES)[start:end] == text[start:end].strip()


def test_a_row_may_go_on_on_the_next_page():
    first, second = "\n".join(LINES[:6]), "\n".join(["29 and more", *LINES[6:]])
    pages = [Page(1, 0, first), Page(2, len(first) + 1, second)]
    found = mended(pages, tables_in(pages)[0])
    assert found and [row[0] for row in found.table.rows] == ["E-01", "E-02", "E-03", "E-04", "E-05"]
    text = "\f".join([first, second])
    assert all("\f" not in text[start:end] for start, end in found.spans)


def test_a_whole_table_is_left_alone():
    text = "Name\tAge\tTown\nAnn\t4\tBath\nBob\t5\tYork"
    page = Page(1, 0, text)
    assert mended([page], tables_in([page])[0]) is None
