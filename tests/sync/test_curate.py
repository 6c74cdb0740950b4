"""Duplicates, editions, languages and twins: found, explained, and the same however the documents came."""

from __future__ import annotations

import os
import random
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.ask.find.retrieve import EVERYTHING, retrieve
from app.library.survey import survey
from ingest.store import curated
from ingest.store.index import LocalIndex
from ingest.store.packing import zipped
from ingest.store.store import Store
from ingest.sync.curate import curate
from ingest.sync.sync import sync
from ingest.text.language import language_of
from ingest.text.similarity import buckets, document_sketch, estimated_similarity, is_near_duplicate, passage_sketch
from ingest.text.versions import edition_of, says_it_replaces, shared_names, why_newer

TERMS = (
    "These terms describe the warranty that the maker gives for pumps, valves and controllers. The date in the "
    "protocol decides. A pump that is taken down and installed elsewhere is no longer covered. Frost, dirt and wrong "
    "voltage are excluded. Whoever claims under the warranty sends the protocol along. The maker chooses whether a "
    "part is repaired or exchanged, and bears the cost of both. Wearing parts such as seals and filters are covered "
    "for one season only. Registration is free of charge and takes a few minutes on paper."
)
RATES = "The general period is {} months. A defect is reported within {} days."


def told(index_dir: Path) -> dict[str, tuple[str, str]]:
    """By path: what became of each document, as (other, why)."""
    with closing(Store(index_dir)) as store:
        paths = {document.id: document.path for document in store.documents()}
        found = {**curated.duplicates(store), **curated.superseded(store)}
        return {paths[key]: (paths[verdict.other], verdict.why) for key, verdict in found.items()}


def everything(index_dir: Path) -> dict[str, list[tuple]]:
    tables = ("curated", "sketches", "duplicates", "superseded", "twins", "weights")
    with closing(Store(index_dir)) as store:
        return {table: sorted(store.rows(f"SELECT * FROM {table}")) for table in tables}


# -- editions


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("guide-rev-b.pdf", "guide-rev-c.pdf", "revision C after B"),
        ("guide_v1.2.pdf", "guide_v1.10.pdf", "version 1.10 after 1.2"),
        ("Guide Rev. 3.docx", "guide rev 12.pdf", "revision L after C"),
        ("Handbook 2nd edition.pdf", "Handbook, Third Edition.pdf", "edition 3 after 2"),
        ("price list 2021.xlsx", "price-list-2024.xlsx", "of 2024 after 2021"),
        ("policy 2024-03-01.md", "policy_2024-11-15.md", "of 15 November 2024 after 1 March 2024"),
        ("policy (March 2023).md", "policy 1 April 2024.md", "of 1 April 2024 after March 2023"),
        ("plan (draft).docx", "plan.docx", "the other is a draft"),
        ("ManualV2.pdf", "ManualV3.pdf", "version 3 after 2"),
    ],
)
def test_which_of_two_is_newer(old: str, new: str, why: str) -> None:
    one, other = edition_of(old, "", ""), edition_of(new, "", "")
    assert shared_names([one, other]) and why_newer(one, other) == why and why_newer(other, one) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bulletin-04.pdf", "bulletin-07.pdf"),
        ("annual report 2021.pdf", "annual report 2022.pdf"),
        ("minutes 2024-01-02.md", "minutes 2024-02-02.md"),
        ("part 1.pdf", "part 2.pdf"),
        ("E-104.txt", "E-105.txt"),
        ("invoice 2023-11.pdf", "invoice 2023-12.pdf"),
    ],
)
def test_numbers_and_periods_outdate_nothing(one: str, other: str) -> None:
    a, b = edition_of(one, "", ""), edition_of(other, "", "")
    assert not (shared_names([a, b]) and (why_newer(a, b) or why_newer(b, a)))


def test_the_first_page_tells_too() -> None:
    old = edition_of("a.pdf", "Boiler manual", "Boiler manual\nRevision B\nMarch 2021")
    new = edition_of("b.pdf", "Boiler manual", "Boiler manual\nRevision C. Replaces revision B of March 2021.")
    assert why_newer(old, new) == "revision C after B" and says_it_replaces(old, new) and not says_it_replaces(new, old)
    dated = edition_of("c.pdf", "Fire rules", "Fire rules\nEffective 1 March 2024 for all sites. Built in 1931.")
    assert dated.date == (2024, 3, 1) and edition_of("d.pdf", "Fire rules", "Built in 1931.").date == ()


# -- similarity


def test_sketches_find_what_words_decide() -> None:
    words = TERMS + RATES.format(30, 14)
    assert is_near_duplicate(words, words.replace("controllers", "control units"))
    assert not is_near_duplicate(words, words.replace("30 months", "36 months"))
    sketches = [passage_sketch(text) for text in (words, words.replace("free of charge", "free"), words.upper())]
    assert (sketches[0] == sketches[1]).any() and (sketches[0] == sketches[2]).all()
    assert not (sketches[0] == passage_sketch(words.replace("30", "36"))).any(), "other figures are another passage"
    one, other = document_sketch(words * 3), document_sketch(words * 3 + "And so it ends here today.")
    assert (
        estimated_similarity(one, other[None])[0]
        > 0.8
        > estimated_similarity(one, document_sketch("Quite other words, all of them.")[None])[0]
    )
    keyed = {1: b"aaaabbbb", 2: b"aaaacccc", 3: b"ddddcccc", 4: b"eeeeffff", 5: b""}
    assert list(buckets(keyed, 4)) == [[1, 2], [2, 3]] and list(buckets({}, 4)) == []
    assert next(buckets({1: b"aaaaxxxx", 2: b"aaaabbbb", 3: b"aaaabbbb"}, 4)) == [2, 3], "copies first"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The filter is cleaned every eleven weeks, and the seal is exchanged when it leaks.", "en"),
        ("Der Filter wird alle elf Wochen gereinigt, und die Dichtung wird ersetzt, wenn sie leckt.", "de"),
        ("Le filtre est nettoyé toutes les onze semaines, et le joint est remplacé quand il fuit.", "fr"),
        ("E-104", ""),
        ("", ""),
    ],
)
def test_languages(text: str, code: str) -> None:
    assert language_of(text) == code


# -- over a whole folder


@pytest.fixture
def many(tmp_path: Path, make_pdf) -> Path:
    """Editions, copies, near copies, and what only looks like them."""
    docs = tmp_path / "many"
    for name, months, days in (("terms-2021.md", 30, 14), ("terms-2024.md", 36, 21), ("sub/terms-2019.md", 24, 14)):
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(f"# Warranty terms\n\n{TERMS}\n\n{RATES.format(months, days)}\n")
    guide = f"# Guide\n\nHow to care for a pump.\n\n{TERMS}\n"
    (docs / "guide.md").write_text(guide)
    (docs / "guide (1).txt").write_text(guide.replace("# ", ""))
    (docs / "sub/care.md").write_text(guide.replace("How to care", "How you care"))
    for n in range(3):
        letter = f"Dear customer {n}, your pump with the number {4711 + n} is due on day {n + 1}. {TERMS}"
        (docs / f"letter {n}.txt").write_text(letter)
    (docs / "alone.md").write_text("# Depot\n\nThe depot in Marlow opens at 06:30. Keys hang behind the green door.\n")
    make_pdf(docs / "broken.pdf", [["secret"]], password="x")
    return docs


def test_what_a_folder_s_documents_have_to_do_with_each_other(many, tmp_path, encoder):
    sync(many, tmp_path / "index", encoder)
    assert told(tmp_path / "index") == {
        "terms-2021.md": ("terms-2024.md", "superseded by terms-2024.md: same title, of 2024 after 2021"),
        "sub/terms-2019.md": ("terms-2024.md", "superseded by terms-2024.md: same title, of 2024 after 2019"),
        "guide (1).txt": ("guide.md", "says the same as guide.md"),
        "sub/care.md": ("guide.md", "says nearly the same as guide.md"),
    }
    with closing(Store(tmp_path / "index")) as store:
        groups = [row[0] for row in store.rows("SELECT leader FROM twins GROUP BY leader")]
        assert max(len(curated.twins(store, leader)) for leader in groups) >= 2
        assert set(curated.languages(store).values()) == {"en"}


@pytest.mark.slow
def test_the_order_of_coming_and_going_does_not_matter(many, tmp_path, encoder):
    sync(many, tmp_path / "clean", encoder)
    files = {path.relative_to(many): path.read_bytes() for path in many.rglob("*.*") if path.is_file()}
    for seed in (1, 2):
        folder = tmp_path / f"folder{seed}"
        folder.mkdir()
        order = sorted(files)
        random.Random(seed).shuffle(order)
        for path in order:
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(files[path])
            (folder / f"passing {path.name}").write_bytes(files[path])
            sync(folder, tmp_path / f"index{seed}", encoder)
            (folder / f"passing {path.name}").unlink()
        sync(folder, tmp_path / f"index{seed}", encoder)
        assert everything(tmp_path / f"index{seed}") == everything(tmp_path / "clean")


def test_without_the_newer_edition_or_with_a_word_the_older_one_holds(many, tmp_path, encoder):
    index = tmp_path / "index"
    sync(many, index, encoder)
    (many / "domain.toml").write_text('[versions]\nvalid = ["terms-2021.md"]\n')
    sync(many, index, encoder)
    assert "terms-2021.md" not in told(index) and "sub/terms-2019.md" in told(index)
    (many / "domain.toml").unlink()
    (many / "terms-2024.md").unlink()
    sync(many, index, encoder)
    assert "terms-2021.md" not in told(index) and told(index)["sub/terms-2019.md"][0] == "terms-2021.md"
    (many / "terms-2021.md").unlink()
    sync(many, index, encoder)
    assert "sub/terms-2019.md" not in told(index)


def test_nothing_is_written_where_nothing_changed(many, tmp_path, encoder):
    index = tmp_path / "index"
    sync(many, index, encoder)
    with closing(Store(index)) as store:
        changes, snapshot = store.changes, (index / "CURRENT").read_text()
        curate(store)
        assert store.changes == changes
    sync(many, index, encoder)
    assert (index / "CURRENT").read_text() == snapshot


def test_stopped_it_goes_on_the_next_time(many, tmp_path, encoder):
    sync(many, tmp_path / "clean", encoder)
    sync(many, tmp_path / "index", encoder)
    with closing(Store(tmp_path / "index")) as store:
        with store.transaction() as db:
            for table in ("curated", "sketches", "duplicates", "superseded", "twins", "weights"):
                db.execute(f"DELETE FROM {table}")
        runs = 0
        while not store.rows("SELECT 1 FROM superseded"):
            runs += 1
            looked = iter(range(99))
            curate(store, should_stop=lambda looked=looked: next(looked) > 2)
        assert runs > 2
    assert everything(tmp_path / "index") == everything(tmp_path / "clean")


def test_a_notice_in_every_document_counts_for_less(folder, tmp_path, encoder):
    notice = "\n\n## Notice\n\nThis paper on pumps is for trained people only and may not be copied without consent.\n"
    for n in range(9):
        (folder / f"sheet {chr(97 + n)}.md").write_text(f"# Sheet {n}\n\n{'The part is steel. ' * 60}{notice}")
    sync(folder, tmp_path / "index", encoder)
    index = LocalIndex(tmp_path / "index")
    question = "Which paper may not be copied?"
    with_weight = retrieve(index, encoder, question, 1)[0]
    without = retrieve(index, encoder, question, 1, parts=replace(EVERYTHING, boilerplate=False))[0]
    assert with_weight.chunk == without.chunk and with_weight.score == pytest.approx(0.8 * without.score)
    for n in range(4):
        (folder / f"sheet {chr(97 + n)}.md").unlink()
    sync(folder, tmp_path / "index", encoder)
    with closing(Store(tmp_path / "index")) as store:
        assert store.rows("SELECT count(*) FROM weights") == [(0,)] and store.rows("SELECT 1 FROM twins LIMIT 1")


def test_very_many_documents(tmp_path):
    """DOCENT_LONG_TESTS makes them 100,000."""
    n = 100_000 if os.environ.get("DOCENT_LONG_TESTS") else 600
    assert n % 4 == 0
    kinds = ("note {} on valves", "terms of site {} rev a", "terms of site {} rev b", "copy of note {}")
    body = "The valve of site {0} is greased in week {1}. Whoever opens it wears gloves and reads sheet {0} first. {2}"
    with closing(Store(tmp_path, create=True)) as store, store.transaction() as db:
        for number in range(n):
            group, kind = divmod(number, 4)
            text = body.format(group, group % 52, f"Edition for kind {kind}." if kind in (1, 2) else "")
            title = kinds[kind].format(30_000 + group)  # no year
            row = (number, f"{title}.txt", title, f"{number}", 1, 1, 1, 1, "", "")
            db.execute(f"INSERT INTO documents VALUES ({','.join('?' * len(row))})", row)
            page = (number, 1, 0, "", "text", zipped(text), None, "", 1.0, 0)
            db.execute("INSERT INTO pages VALUES (?,?,?,?,?,?,?,?,?,?)", page)
            db.execute("INSERT INTO chunks VALUES (?,?,0,?,1,?,'',?)", (number, number, len(text), title, text))
    began = time.monotonic()
    with closing(Store(tmp_path)) as store:
        curate(store)
        assert len(curated.superseded(store)) == len(curated.duplicates(store)) == n // 4
        assert store.rows("SELECT count(*) FROM twins WHERE chunk_id % 4 IN (0, 3)") == [(n // 2,)]
        first = time.monotonic() - began
        store.remove(["copy of note 30000.txt"])
        curate(store)
        assert len(curated.duplicates(store)) == n // 4 - 1
    again = time.monotonic() - began - first
    print(f"{n:,} documents curated in {first:.1f} s, after one was removed in {again:.1f} s")


def test_the_report_tells_of_them(many, tmp_path, encoder):
    sync(many, tmp_path / "index", encoder)
    files = {file.path: file for file in survey(tmp_path / "index").files}
    assert files["terms-2021.md"].state == "superseded" and "terms-2024.md" in files["terms-2021.md"].why
    assert "domain.toml" in files["terms-2021.md"].to_do
    assert files["guide (1).txt"].state == "duplicate" and files["guide.md"].state == "read"
    assert files["letter 0.txt"].language == "en"
