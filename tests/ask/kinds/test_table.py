"""Counts, sums, extremes and conditions over tables: the same as Python over the file, each quote to the letter."""

import csv
import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from statistics import mean

import openpyxl
import pytest

from app.ask.kinds.table import answer
from app.ask.plan import Asked
from app.ask.understand.rewrite import standalone
from app.datatypes import Answer, Turn
from app.llm.protocol import Stats
from ingest.store.index import LocalIndex
from ingest.sync.sync import sync

NOTHING = Answer("abstained", "", "", (), (), "", Stats())
NAMES = ["Alma", "Bruno", "Celia", "Dario"]
STATES = ["open", "done", "waiting"]
HEADER = ["Job", "Started", "Worker", "Town", "State", "Hours", "Price EUR"]
TOWNS = ["Bath", "Leeds", "York"]


def rows_of(seed: int, n: int = 60) -> list[list[object]]:
    rng = random.Random(seed)
    return [
        [f"J-{100 + i}", date(2023, 1, 1) + timedelta(days=rng.randrange(700)), rng.choice(NAMES), rng.choice(TOWNS),
         rng.choice(STATES), rng.choice([0.5, 1, 2.25, 4, 7]), round(rng.uniform(10, 2000), 2)]
        for i in range(n)
    ]  # fmt: skip


def write(path: Path, rows: list[list[object]], header: list[str] = HEADER) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in [header, *rows]:
            book.active.append(row)
        book.save(path)
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def asking(tmp_path, encoder):
    """asking({name: rows or text}): a function that gives the answer to a question over these files."""

    def over(files: dict[str, object], header: list[str] = HEADER):
        for name, content in files.items():
            path = tmp_path / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content) if isinstance(content, str) else write(path, content, header)
        sync(tmp_path / "files", tmp_path / "index", encoder)
        index = LocalIndex(tmp_path / "index")

        def ask(question: str, *history: Turn):
            computed = answer(Asked(question, standalone(question, history), history, index, encoder))
            for one in computed.citations if computed else ():
                (document,) = [d for d in index.documents() if d.path == one.file]
                assert index.text(document.id, one.start, one.end) == one.quote and one.quote.strip()
            if computed and computed.grid:
                assert all(0 <= n <= len(computed.citations) for n in computed.grid.cited)
                assert all(len(row) == len(computed.grid.columns) for row in computed.grid.rows)
            return computed

        return ask

    return over


def number(computed) -> float:
    """The one that the answer's first sentence gives."""
    bold = computed.text.partition("**")[2].partition("**")[0]
    return float(bold.replace(",", "").replace("EUR", "").replace("%", "").strip())


def listed(computed) -> list[str]:
    """The grid's first column: all rows that the answer stands on."""
    return [row[0] for row in computed.grid.rows]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_computed_is_what_python_computes(asking, suffix, seed):
    rows = rows_of(seed)
    ask = asking({f"jobs.{suffix}": rows})
    rng = random.Random(seed)
    for _ in range(4):
        state, worker, town = rng.choice(STATES), rng.choice(NAMES), rng.choice(TOWNS)
        limit, year = rng.choice([1, 2, 4]), rng.choice([2023, 2024])
        chosen = [row for row in rows if row[4] == state]
        for wording in (
            f"How many jobs are {state}?", f"how many {state} jobs are there",
            f"What is the number of jobs with state {state}?", f"count the jobs whose state is {state}",
        ):  # fmt: skip
            assert number(ask(wording)) == len(chosen), wording
        for wording in (f"which jobs are {state}?", f"list all {state} jobs", f"show me the jobs that are {state}"):
            assert listed(ask(wording)) == [row[0] for row in chosen], wording
        both = [row for row in rows if row[2] == worker and row[3] == town]
        for wording in (f"how many jobs did {worker} do in {town}", f"number of jobs of {worker} in {town}"):
            assert number(ask(wording)) == len(both), wording
        hours = sum(row[5] for row in rows if row[2] == worker)
        for wording in (
            f"how many hours did {worker} work", f"total hours of {worker}",
            f"What is the sum of the hours of {worker}?", f"how many hours has {worker} worked altogether",
        ):  # fmt: skip
            assert number(ask(wording)) == pytest.approx(hours), wording
        average = mean(row[6] for row in rows if row[3] == town)
        for wording in (f"average price of the jobs in {town}", f"What is the mean price in {town} over the jobs?"):
            assert number(ask(wording)) == pytest.approx(average, abs=0.001), wording
        above = [row[0] for row in rows if row[5] > limit]
        for wording in (f"which jobs took more than {limit} hours", f"jobs with more than {limit} hours"):
            assert listed(ask(wording)) == above, wording
        begun = [row[0] for row in rows if row[1].year == year]
        for wording in (f"which jobs started in {year}", f"list the jobs that were started in {year}"):
            assert listed(ask(wording)) == begun, wording
        share = 100 * len(chosen) / len(rows)
        assert number(ask(f"what percentage of the jobs are {state}")) == pytest.approx(share, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_groups_and_extremes_are_what_python_finds(asking, suffix):
    rows = rows_of(9)
    ask = asking({f"jobs.{suffix}": rows})
    by_worker: dict[str, float] = defaultdict(float)
    for row in rows:
        by_worker[row[2]] += row[5]
    for wording in ("hours per worker", "total hours by worker", "how many hours did each worker do"):
        grid = ask(wording).grid
        assert {name: float(value) for name, value in grid.rows} == pytest.approx(dict(by_worker)), wording
    per_town = Counter(row[3] for row in rows)
    for wording in ("jobs per town", "how many jobs are there in each town", "number of jobs by town"):
        assert {name: int(value) for name, value in ask(wording).grid.rows} == per_town, wording
    assert max(by_worker, key=by_worker.get) in ask("who worked the most hours").text
    assert per_town.most_common(1)[0][0] in ask("which town has the most jobs").text
    dearest = max(rows, key=lambda row: row[6])[0]
    for wording in ("what is the most expensive job", "which job has the highest price", "which job cost the most"):
        assert listed(ask(wording)) == [dearest], wording
    cheapest = [row[0] for row in sorted(rows, key=lambda row: row[6])]
    assert listed(ask("which is the cheapest job")) == cheapest[:1]
    assert listed(ask("the three cheapest jobs")) == cheapest[:3]
    newest = max(row[1] for row in rows)
    assert listed(ask("what is the newest job")) == [row[0] for row in rows if row[1] == newest]
    assert {row[0] for row in ask("which towns are there in the jobs").grid.rows} == set(per_town)


def test_cells_of_one_row_and_two_rows_side_by_side(asking):
    rows = rows_of(3, 8)
    ask = asking({"jobs.csv": rows})
    found = ask("What are the state and the price of J-103?")
    assert f"State: {rows[3][4]}" in found.text and str(rows[3][6]) in found.text
    assert len(found.citations) == 1 and "J-103" in found.citations[0].quote
    grid = ask("What is the difference between J-101 and J-102?").grid
    assert grid.columns[1:] == ("J-101", "J-102") and [row[0] for row in grid.rows] == HEADER[1:]


def test_no_question_about_something_else_is_taken(asking):
    ask = asking({"jobs.csv": rows_of(1, 12), "notes.txt": "The depot has forty gates and opens at 06:30."})
    for question in (
        "How many gates does the depot have?", "What is the average age of the workers?", "How do I start a job?",
        "Which town has the most inhabitants?", "Why are so many jobs open?",
        "How much did the repair of the gate cost?",
        "What is the highest building in York?", "When does the depot open?",
        "How many jobs were cancelled by customers?",
        "Who is the mayor of Leeds?", "list the jobs of Zoe", "How many documents are there?", "hello", "jobs",
    ):  # fmt: skip
        assert ask(question) is None, question


def test_slips_of_the_pen(asking):
    rows = rows_of(2)
    ask = asking({"jobs.csv": rows})
    assert number(ask("how many jobs are waitng")) == sum(row[4] == "waiting" for row in rows)
    assert listed(ask("which jobs are watiing")) == [row[0] for row in rows if row[4] == "waiting"]


def test_a_follow_up_takes_the_question_before_it_on(asking):
    rows = rows_of(6)
    ask = asking({"jobs.csv": rows})
    computed = ask("And in York?", Turn(1, "How many jobs in Bath are open?", NOTHING))
    assert number(computed) == sum(row[3] == "York" and row[4] == "open" for row in rows)
    assert ask("And the mayor?", Turn(1, "How many jobs in Bath are open?", NOTHING)) is None


def test_cells_that_are_no_numbers_are_told_of(asking):
    rows = [["A-1", "3"], ["A-2", "n/a"], ["A-3", "5"], ["A-4", ""], ["A-5", "4"]]
    found = asking({"weights.csv": rows}, ["Parcel", "Weight kg"])("what is the total weight of the parcels")
    assert number(found) == 12 and "n/a" in found.reason and "without Weight kg" in found.reason
    assert found.status == "answered"


def test_a_printed_total_is_compared_and_not_summed(asking):
    rows = [["Rent", "800"], ["Power", "150"], ["Total", "950"]]
    found = asking({"costs.csv": rows}, ["Item", "Amount EUR"])("what is the sum of all costs")
    assert number(found) == 950 and "is the same" in found.reason
    wrong = [["Rent", "800"], ["Power", "150"], ["Total", "990"]]
    found = asking({"costs.csv": wrong}, ["Item", "Amount EUR"])("what is the sum of all costs")
    assert number(found) == 950 and "990" in found.reason and found.status == "unsure"


def test_units_are_not_mixed_and_dates_not_added_up(asking):
    rows = [["Bolt", "5 kg", "2024-01-01"], ["Nut", "300 g", "2024-02-01"], ["Rod", "7 kg", "2024-03-01"]]
    ask = asking({"parts.csv": rows}, ["Part", "Weight", "Bought"])
    found = ask("what is the total weight of the parts")
    assert found.status == "abstained" and "units" in found.reason and not found.text
    for question in ("which part is the heaviest", "parts that weigh more than 6 kg"):
        found = ask(question)
        assert found is None or (found.status == "abstained" and "units" in found.reason), question
    found = ask("what is the sum of the bought dates of the parts")
    assert found.status == "abstained" and "dates" in found.reason


def test_two_tables_of_one_shape_are_each_answered(asking):
    ask = asking({"north/jobs.csv": rows_of(4, 20), "south/jobs.csv": rows_of(5, 30)})
    found = ask("how many jobs are open")
    assert found.status == "unsure" and "north/jobs.csv" in found.text and "south/jobs.csv" in found.text
    assert ask("how many jobs of north are open").status == "answered"


def test_sheets_of_one_workbook_are_one_table(tmp_path, asking):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for month, units in (("January", (4, 6)), ("February", (1, 2))):
        sheet = book.create_sheet(month)
        for row in (["Product", "Units"], ["Lamp", units[0]], ["Desk", units[1]], ["Total", sum(units)]):
            sheet.append(row)
    (tmp_path / "files").mkdir()
    book.save(tmp_path / "files/sales.xlsx")
    ask = asking({})
    assert number(ask("how many units in total")) == 13
    assert number(ask("how many units in January")) == 10
    assert {row[0]: row[1] for row in ask("units per month").grid.rows} == {"January": "10", "February": "3"}
    assert "January" in ask("which month had the most units").text


def test_nothing_to_work_out_is_said_plainly(asking):
    ask = asking({"jobs.csv": rows_of(1, 12), "empty.csv": "", "header.csv": "Boat,Price EUR\n"})
    found = ask("what percentage of the jobs are open in 1999")
    assert found is None or number(found) == 0
    assert number(ask("how many jobs started before 1990-01-01")) == 0
    assert ask("average price of the boats") is None


@pytest.mark.parametrize(
    "text",
    [
        "# Prices\n\n| Boat | Length m | Price EUR |\n|---|---|---|\n"
        "| Tern | 5.5 | 900 |\n| Gull | 7.2 | 1,400 |\n| Auk | 4 | 650 |\n",
        "<table><tr><th>Boat</th><th>Length m</th><th>Price EUR</th></tr><tr><td>Tern</td><td>5.5</td><td>900</td></tr>"
        "<tr><td>Gull</td><td>7.2</td><td>1,400</td></tr><tr><td>Auk</td><td>4</td><td>650</td></tr></table>",
        "Boat;Length m;Price EUR\nTern;5,5;900,00\nGull;7,2;1.400,00\nAuk;4,0;650,00\n",
    ],
)
def test_the_same_table_in_any_format(asking, text):
    name = "boats.html" if text.startswith("<") else "boats.md" if text.startswith("#") else "boats.csv"
    ask = asking({name: text})
    assert listed(ask("which boat is the longest")) == ["Gull"]
    assert number(ask("total price of the boats")) == 2950
    assert listed(ask("boats that cost less than 1000 euros")) == ["Tern", "Auk"]
    assert listed(ask("boats longer than 5 m")) == ["Tern", "Gull"]
