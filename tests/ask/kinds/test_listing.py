"""Lists: complete by construction where a list, a table or headings are about it; otherwise said to be incomplete."""

import csv
import time

import pytest

from app.ask.assistant import Assistant
from ingest.sync.sync import sync

HANDBOOK = """# Handbook of Larkfield

## Benefits

Larkfield offers the following benefits:

- a company pension
- a travel pass
- free eye tests

## What is not covered by the insurance

Excluded is damage caused by

* flood
* lightning
* war

## First aiders

| Name | Department | Floor |
|---|---|---|
| Ines Corvo | Prepress | 1 |
| Pavel Drahos | Finishing | 0 |
| Odd Lunde | Prepress | 1 |

## Alarm systems

### Bells
They ring.
### Sirens
They howl.
"""
CONTRACT = """SERVICE AGREEMENT

1. Services
The Provider shall answer every incident within 4 hours. The Provider must keep a backup for 90 days.

2. Duties
The Client shall report faults within 2 days in writing. The Client shall name one contact person.
"""
PARTS = [
    ("Number", "Part", "Machine"),
    ("P-1", "Ink pump", "Press A"),
    ("P-2", "Roller", "Press B"),
    ("P-3", "Blade", "Cutter C"),
    ("P-4", "Tray", "Press A"),
    ("P-5", "Oil", "all machines"),
    ("P-6", "Nozzle", "MX-2, MX-3"),
]


@pytest.fixture(scope="module")
def office(tmp_path_factory, encoder):
    folder = tmp_path_factory.mktemp("office")
    (folder / "docs").mkdir()
    (folder / "docs/handbook.md").write_text(HANDBOOK)
    (folder / "docs/contract.txt").write_text(CONTRACT)
    (folder / "docs/minutes.md").write_text(
        "# Meeting of 12 March\n\n## Stairs\nAction: Ann paints them.\n\n## Roof\nAction: Bob mends it.\n"
    )
    with (folder / "docs/spare-parts.csv").open("w", newline="") as file:
        csv.writer(file).writerows(PARTS)
    (folder / "docs/tickets.csv").write_text("Ticket,Opened,Status\nT-1,1 May,open\nT-2,2 May,closed\nT-3,3 May,open\n")
    sync(folder / "docs", folder / "index", encoder)
    return Assistant(folder / "index", encoder, lambda: None)


def items_of(computed):
    return [line[2:] for line in computed.text.splitlines() if line.startswith("- ")]


BENEFITS = ["a company pension", "a travel pass", "free eye tests"]


@pytest.mark.parametrize(
    "question",
    [
        "List all benefits.",
        "Which benefits are there?",
        "What benefits does Larkfield offer?",
        "What are the benefits of working at Larkfield?",
        "Name the benefits.",
        "Please list the benefits",
        "Can you give me a list of all the benefits?",
        "all benefits",
        "What kinds of benefits are there?",
        "Show me all benefits of Larkfield.",
        "Give me the full list of benefits.",
        "Which three benefits does Larkfield offer?",
    ],
)
def test_a_list_under_its_heading_is_complete(office, question):
    computed = office.ask(question, kind="list").computed
    assert (computed.plan.kind, computed.status, computed.reason) == ("list", "answered", "")
    assert items_of(computed) == BENEFITS


def test_a_number_that_differs_is_said(office):
    computed = office.ask("Which five benefits does Larkfield offer?", kind="list").computed
    assert computed.status == "unsure" and "speaks of 5, 3 stand there" in computed.reason


@pytest.mark.parametrize(
    "question",
    ["What is not covered by the insurance?", "Damage from which causes is excluded by the insurance? All of them."],
)
def test_what_is_excluded(office, question):
    assert items_of(office.ask(question, kind="list").computed) == ["flood", "lightning", "war"]


def test_a_list_of_what_is_excluded_never_answers_what_is_not(office):
    assert office.ask("What is covered by the insurance?", kind="list").computed is None
    assert office.ask("Damage from which causes is covered by the insurance?", kind="list").computed is None


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("List all parts.", lambda row: True),
        ("Which parts are for Press A?", lambda row: row[2] == "Press A"),
        ("Name the parts of the Cutter C.", lambda row: row[2] == "Cutter C"),
        ("Which parts fit MX-2?", lambda row: "MX-2" in row[2] or row[2].startswith("all")),
        ("Which parts fit MX-2 and MX-3 only?", lambda row: row[2] == "MX-2, MX-3"),
    ],
)
def test_rows_of_a_table_are_those_that_python_finds(office, question, wanted):
    computed = office.ask(question, kind="list").computed
    expected = [row for row in PARTS[1:] if wanted(row)]
    assert list(computed.grid.rows) == expected
    assert [item.split(": ")[0] for item in items_of(computed)] == [row[1] for row in expected]
    assert all(computed.citations[number - 1].quote.startswith(row[0])
               for number, row in zip(computed.grid.cited, expected, strict=True))  # fmt: skip


def test_a_value_goes_before_a_column_that_sounds_like_it(office):
    computed = office.ask("Which tickets are open?", kind="list").computed
    assert [row[0] for row in computed.grid.rows] == ["T-1", "T-3"]
    assert "only the rows with “open”" in computed.plan.said


def test_values_of_a_column_are_listed_once(office):
    assert items_of(office.ask("Which departments do the first aiders have?", kind="list").computed) == [
        "Prepress",
        "Finishing",
    ]


@pytest.mark.parametrize("question", ["Which parts are not for Press A?", "Which parts cost more than 10 euros?"])
def test_what_a_list_cannot_tell_is_none(office, question):
    assert office.ask(question, kind="list").computed is None


def test_headings_are_a_list(office):
    assert items_of(office.ask("Which alarm systems are there?", kind="list").computed) == ["Bells", "Sirens"]
    computed = office.ask("What chapters does the handbook have?", kind="list").computed
    assert items_of(computed)[0] == "Benefits" and len(items_of(computed)) == 4 and computed.status == "answered"


def test_lines_with_a_label(office):
    computed = office.ask(
        "Which actions were agreed on 12 March, and who is responsible for each?", kind="list"
    ).computed
    assert items_of(computed) == ["Ann paints them.", "Bob mends it."]
    assert computed.status == "unsure" and "may be incomplete" in computed.reason
    assert office.ask("Which actions were agreed on 13 March?", kind="list").computed is None


def test_what_stands_in_no_list_is_looked_for_everywhere_and_said_to_be_incomplete(office):
    computed = office.ask("List all deadlines in the service agreement.", kind="list").computed
    assert computed.text.startswith("2 found in 1 document:") and "4 hours" in computed.text
    assert computed.status == "unsure" and "may be incomplete" in computed.reason
    computed = office.ask("What are the obligations of the Client?", kind="list").computed
    assert [item.split()[1] for item in items_of(computed)] == ["Client", "Client"]


@pytest.mark.parametrize(
    "question",
    [
        "What does a travel pass cost?",
        "Which department is Ines Corvo in?",
        "Which benefit is the best?",
        "Who is the Client?",
        "What causes flood?",
        "How many benefits are there?",
        "List all dealers in Denmark.",
        "Which customers were invited?",
        "Which parts fit MX-9?",
        "Which benefits were there in 2019?",
        "Which documents are there?",
        "What are the differences between the benefits?",
        "What are the main points of the contract?",
        "List",
        "List all",
        "Which",
        "name the ???",
    ],
)
def test_everything_else_is_asked_as_a_fact(office, question):
    assert office.ask(question, kind="list").computed is None


def test_every_citation_is_its_span(office):
    documents = {one.path: one for one in office.index.documents()}
    for question in (
        "List all benefits.",
        "List all parts.",
        "List all deadlines in the service agreement.",
        "Which alarm systems are there?",
        "Which actions were agreed on 12 March?",
    ):
        computed = office.ask(question, kind="list").computed
        assert len(computed.citations) == len(items_of(computed))
        for one in computed.citations:
            assert office.index.text(documents[one.file].id, one.start, one.end) == one.quote


@pytest.mark.slow
def test_five_thousand_items_are_counted_and_twenty_shown(tmp_path, encoder):
    (tmp_path / "docs").mkdir()
    lines = "\n".join(f"- widget model {i}" for i in range(5000))
    (tmp_path / "docs/widgets.md").write_text(f"# Widgets\n\nThese widgets are made:\n\n{lines}\n")
    sync(tmp_path / "docs", tmp_path / "index", encoder)
    stream = Assistant(tmp_path / "index", encoder, lambda: None).ask("List all widgets.")
    began = time.perf_counter()
    computed = stream.computed
    assert time.perf_counter() - began < 2  # 0.2 s on an idle machine
    assert len(items_of(computed)) == len(computed.citations) == 20
    assert computed.text.endswith("… and 4,980 more") and computed.status == "answered"
