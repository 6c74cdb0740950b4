"""The Evaluation page without a browser: drafting, the set, runs, one row; with a scripted model and a tiny encoder."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.ask.check.gate import calibration_file
from app.evaluation.cases import Case, append_case, load_cases
from app.evaluation.figures import summarise
from app.evaluation.runs import Row, save_summary, writing
from app.settings import load_settings
from app.ui.desk import Desk
from app.ui.evaluation_page.result import comparison_in_words, in_words
from app.ui.live import Turn
from app.ui.trial import evenly_spaced
from ingest.encoder.embed import SentenceEncoder

FILTER = Case(
    id="filter", question="How often is the filter cleaned?", answers=("11 weeks",), gold_docs=("pump.pdf",),
    gold_pages=(3,), kind="number", evidence="The filter is cleaned every 11 weeks.",
)  # fmt: skip
PRICE = Case(id="price", question="What does the filter cost?", answerable=False, kind="unanswerable")
DRAFT = "How often is the filter of the Brusk pump cleaned?"


@pytest.fixture
def desk(folder: Path, index_dir: Path, encoder: SentenceEncoder, scripted: Any) -> Callable[..., Desk]:
    def make(*replies: str) -> Desk:
        llm = scripted(*replies)
        return Desk(folder, index_dir, load_settings(), lambda settings: encoder, lambda settings: llm)

    return make


def with_cases(at: Desk) -> Desk:
    for case in (FILTER, PRICE):
        append_case(at.testing.cases_file, case)
    return at


# -- without anything yet


def test_a_new_user_is_told_what_to_do(desk: Callable[..., Desk]) -> None:
    page = drawn(desk())
    assert "no questions to test with yet" in shown(page) and button(page, "draft")
    page = to(page, "Results")
    assert "Nothing was measured yet" in shown(page) and not button(page, "run")


def test_without_documents_there_is_nothing_to_draft_from(tmp_path: Path, encoder: Any, scripted: Any) -> None:
    (tmp_path / "empty").mkdir()
    at = Desk(tmp_path / "empty", tmp_path / "i", load_settings(), lambda s: encoder, lambda s: scripted())
    page = drawn(at)
    assert "no documents yet" in shown(page) and not button(page, "draft") and button(page, "add_case") is None


def test_a_broken_file_is_named_with_its_line(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.testing.cases_file.write_text('{"question": "a?"}\n{"id": 1}\n')
    page = drawn(at)
    assert "line 2" in shown(page)
    assert "line 2" in shown(to(page, "Questions")) and at.testing.cases_file.read_text().endswith('{"id": 1}\n')


# -- the set


@pytest.mark.slow
def test_a_question_is_written_found_changed_and_deleted(desk: Callable[..., Desk]) -> None:
    at = desk()
    page = click(drawn(at), "add_case")
    fill(page, "Question", "  How long may the pump\nrun dry? <b>")
    page = submit(page)
    assert "no right answer" in shown(page) and not at.testing.cases(), "nothing is saved that cannot be used"
    fill(page, "Right answer", "40 seconds\n40 s")
    page.multiselect[0].set_value(["pump.pdf"])
    fill(page, "Page", "p. 1")
    page = submit(page)
    (case,) = at.testing.cases()
    assert (case.question, case.answers) == ("How long may the pump run dry? <b>", ("40 seconds", "40 s"))
    assert (case.gold_docs, case.gold_pages, case.kind) == (("pump.pdf",), (1,), "fact")
    assert "&lt;b&gt;" in shown(page) and "<b>" not in shown(page)

    append_case(at.testing.cases_file, PRICE)
    page = fill(to(drawn(at), "Questions"), "Find", "cost").run()
    assert "1 of 2 questions" in shown(page) and "run dry" not in shown(page)
    page = fill(page, "Find", "").run()
    page.selectbox(key="case_kind").set_value("Not in the documents").run()
    assert "run dry" not in shown(page)
    page.selectbox(key="case_kind").set_value("All").run()

    page = click(page, f"edit_{case.id}")
    fill(page, "Right answer", "at most 40 seconds")
    submit(page)
    changed = at.testing.cases()[0]
    assert changed.answers == ("at most 40 seconds",) and changed.id == case.id, "runs stay comparable"

    page = click(page, f"drop_{case.id}")
    assert len(at.testing.cases()) == 2, "asked first"
    click(page, "really_drop")
    assert [case.id for case in at.testing.cases()] == ["price"]


def test_what_a_list_or_steps_must_say_is_written_in_the_form(desk: Callable[..., Desk]) -> None:
    at = desk()
    page = click(drawn(at), "add_case")
    fill(page, "Question", "How do I start it?")
    fill(page, "Must say", "fill* | top up\n2.1 bar\n\n")
    fill(page, "Must not say", "oil")
    fill(page, "Items of the list", "pump\nfilter | sieve")
    fill(page, "Asked before it", "What is the pump?")
    next(one for one in page.toggle if one.label == "In this order").set_value(True)
    submit(page)
    (case,) = at.testing.cases()
    assert case.must == (("fill*", "top up"), ("2.1 bar",)) and case.ordered and case.is_wanted
    assert (case.must_not, case.items_gold) == (("oil",), (("pump",), ("filter", "sieve")))
    assert case.history == ("What is the pump?",) and case.answers == ()

    page = click(to(drawn(at), "Questions"), f"edit_{case.id}")
    assert area(page, "Must say").value == "fill* | top up\n2.1 bar"
    submit(page)
    assert at.testing.cases() == [case], "opened and saved, nothing changes"


def test_a_folder_that_cannot_be_written_says_so(desk: Callable[..., Desk]) -> None:
    at = desk()
    at.testing.cases_file.with_name("eval.jsonl.tmp").mkdir()  # root may write where it may not: only this stops it
    page = click(drawn(at), "add_case")
    fill(page, "Question", "How long may it run dry?")
    fill(page, "Right answer", "40 seconds")
    page = submit(page)
    assert "cannot be written" in shown(page) and "permissions" in shown(page)
    assert area(page, "Question").value == "How long may it run dry?", "what was typed stays"


# -- drafts


def test_drafts_come_one_by_one_and_are_kept_when_accepted(desk: Callable[..., Desk]) -> None:
    at = desk(DRAFT)
    page = drawn(at)
    page.selectbox(key="draft_wanted").set_value(5)
    click(page, "draft")
    at.testing.drafting.job.wait(60)
    (draft,) = at.testing.drafts  # the others were the same question, or not about their passage
    assert draft.question == DRAFT and draft.fact.file == "pump.pdf" and draft.fact.page == 3
    page = to(drawn(at), "Questions")
    assert DRAFT in shown(page) and "1 drafted from" in shown(page) and "Left out by the checks" in shown(page)
    assert not at.testing.cases(), "nothing is a case before someone said so"
    key = next(b.key for b in page.button if (b.key or "").startswith("accept_") and "twin" not in b.key)
    click(page, key)
    (case,) = at.testing.cases()
    assert (case.question, case.gold_docs, case.gold_pages) == (DRAFT, ("pump.pdf",), (3,))
    assert case.evidence == "The filter is cleaned every 11 weeks." and "11 weeks" in case.answers[0]

    at.testing.draft(5)  # drafts nothing that is there
    at.testing.drafting.job.wait(60)
    assert [d for d in at.testing.drafts if d.question == DRAFT] in ([], [draft])


@pytest.mark.slow
def test_a_draft_can_be_changed_or_dropped(desk: Callable[..., Desk]) -> None:
    at = desk(DRAFT)
    at.testing.draft(5)
    at.testing.drafting.job.wait(60)
    key = button_that(to(drawn(at), "Questions"), "change_")
    page = click(to(drawn(at), "Questions"), key)
    fill(page, "Question", "When is the pump's filter cleaned?")
    submit(page)
    (case,) = at.testing.cases()
    assert case.question == "When is the pump's filter cleaned?" and case.gold_pages == (3,)

    other = desk(DRAFT)
    other.testing.cases_file.unlink()
    other.testing.draft(5)
    other.testing.drafting.job.wait(60)
    page = click(to(drawn(other), "Questions"), button_that(to(drawn(other), "Questions"), "decline_"))
    assert not other.testing.drafts and not other.testing.cases() and DRAFT in other.testing.declined


def test_a_twin_is_decided_apart(desk: Callable[..., Desk]) -> None:
    at = desk("What does the fault code E-104 of the Brusk pump mean?")
    at.testing.draft(1)
    at.testing.drafting.job.wait(60)
    (draft,) = at.testing.drafts
    assert draft.twin and draft.twin.was == "E-104" and "E-104" not in draft.twin.question
    page = to(drawn(at), "Questions")
    page = click(page, button_that(page, "accept_twin_"))
    assert [case.answerable for case in at.testing.cases()] == [False] and at.testing.drafts[0].twin is None
    click(page, button_that(page, "accept_"))
    assert [case.answerable for case in at.testing.cases()] == [False, True] and not at.testing.drafts


# -- runs


@pytest.mark.slow
def test_a_run_is_made_and_looked_at(desk: Callable[..., Desk]) -> None:
    at = with_cases(desk("The filter is cleaned every 11 weeks.", "NOT FOUND"))
    page = click(drawn(at), "run")
    finished(at)
    page = drawn(at)
    assert "Of 1 question that the documents answer, Docent answered 1 right" in shown(page)
    assert "Of 1 that they do not answer, it refused 1" in shown(page)
    page = click(page, "look_filter")
    assert (
        "every 11 weeks" in shown(page) and "from the right page" in shown(page) and "In its own words" in shown(page)
    )
    chip = next(b for b in page.button if (b.key or "").startswith("chip_row_filter"))
    page = chip.click().run()
    assert "Page 3 of 3" in shown(page) and not page.exception
    page.button(key="viewer_close").click().run()
    page = click(page, "passage_filter_0")
    assert "of 3" in shown(page) or "Page 1" in shown(page)


@pytest.mark.slow
def test_search_alone_needs_no_model(desk: Callable[..., Desk]) -> None:
    at = with_cases(desk())
    at._make_llm = lambda settings: pytest.fail("no model is needed")  # type: ignore[assignment]
    page = drawn(at)
    page.selectbox(key="run_mode").set_value("Search only").run()
    click(page, "run")
    finished(at)
    page = drawn(at)
    assert "the right page was among the first five passages" in shown(page) and "found 1" in pills(page)
    assert not click(page, "look_filter").exception


def test_two_runs_are_compared_row_by_row(desk: Callable[..., Desk]) -> None:
    at = with_cases(desk("It must never run dry for longer than 40 seconds.", "NOT FOUND"))
    at.testing.evaluate(at.testing.cases())
    finished(at)
    for file in at.testing.trial.out.parent.iterdir():  # made in this very second, so named alike
        file.rename(file.with_name(f"20200101-000000{file.suffix}"))
    later = desk("The filter is cleaned every 11 weeks.", "NOT FOUND")
    later.settings = later.settings.model_copy(update={"max_tokens": 99})
    later.testing.evaluate(later.testing.cases())
    finished(later)
    page = drawn(later)
    assert "1 came out better and 0 worse" in shown(page) and "was: " in shown(page)
    assert "better than before 1" in pills(page)


def test_a_stopped_run_goes_on_where_it_was(desk: Callable[..., Desk]) -> None:
    at = with_cases(desk("The filter is cleaned every 11 weeks.", "NOT FOUND"))
    held = threading.Event()
    stream = at.llm().stream

    def slow(*prompt: Any) -> Any:
        held.wait(30)
        yield from stream(*prompt)

    at.llm().stream = slow  # type: ignore[method-assign]
    at.testing.evaluate(at.testing.cases())
    at.testing.trial.stop()
    held.set()
    finished(at)
    page = drawn(at)
    assert at.testing.trial.out and ("Stopped after 1 of 2" in shown(page) or "Nothing was measured yet" in shown(page))
    first = at.testing.trial.out
    at.testing.evaluate(at.testing.cases())
    finished(at)
    assert at.testing.trial.out == first and "refused 1" in shown(drawn(at))


def test_the_chat_goes_before_what_runs_in_the_background() -> None:
    turn, order = Turn(), []
    begun, waiting = threading.Event(), threading.Event()

    def background() -> None:
        with turn.in_background():
            begun.set()
            waiting.wait(10)
            for piece in range(3):
                order.append(f"background {piece}")
                turn.give_way()

    def person() -> None:
        with turn:
            order.append("person")

    first = threading.Thread(target=background)
    first.start()
    begun.wait(10)
    people = [threading.Thread(target=person) for _ in range(2)]
    for one in people:
        one.start()
    end = time.monotonic() + 10
    while len(turn._waiting) < 2 and time.monotonic() < end:
        time.sleep(0.001)
    waiting.set()
    for one in (first, *people):
        one.join(10)
    assert order == ["background 0", "person", "person", "background 1", "background 2"]


def test_new_settings_end_what_uses_the_model(desk: Callable[..., Desk]) -> None:
    at = with_cases(desk("NOT FOUND"))
    at.testing.draft(5)
    at.testing.evaluate(at.testing.cases())
    at.use(at.settings.model_copy(update={"max_tokens": 50}))
    at.testing.drafting.job.wait(30)
    finished(at)
    assert at.testing.drafting.stopping and at.testing.trial.stopping


# -- trust


def test_levels_are_shown_chosen_and_measured_on_ones_own_questions(desk: Callable[..., Desk]) -> None:
    at = with_cases(desk())
    page = to(drawn(at), "Trust")
    assert "public documents" in shown(page) and "run your questions once" in shown(page)
    table = page.dataframe[0].value
    assert list(table.iloc[:, 0]) == ["Careful", "Cautious", "Balanced ✓", "Bold", "Boldest"]
    page.select_slider[0].set_value("bold").run()
    assert at.settings.boldness == load_settings().boldness == "bold"
    keep_run(at)
    page = click(page.run(), "calibrate")
    assert "24 your own questions" in shown(page) and calibration_file(at.settings.home, at.index_dir).is_file()
    page = click(page, "forget_calibration")
    assert "public documents" in shown(page) and not calibration_file(at.settings.home, at.index_dir).is_file()


def keep_run(at: Desk) -> None:
    """A finished run of 24 questions, a third of them unanswerable and doubtful."""
    rows = [
        Row(
            Case(id=str(n), question=f"{n}?", answers=("7",) * (n % 3 > 0), answerable=n % 3 > 0), status="answered",
            answer="7", reply="7", signals={"asked": float(n % 3 > 0), "stated": float(n % 3 > 0), "nearest": 0.5},
        )
        for n in range(24)
    ]  # fmt: skip
    file = at.settings.home / "runs" / at.index_dir.resolve().name / "20260101-120000.jsonl"
    header = {"docent": "1", "n": len(rows), "retrieval_only": False}
    with writing(file, header) as (_, writer):
        for row in rows:
            writer.add(row)
    save_summary(file, summarise(rows) | {"run": header}, "")


def test_words_fit_what_was_asked() -> None:
    assert "nothing can be judged" in in_words([])[0]
    assert (
        comparison_in_words(None) == []
        and "As good as" in comparison_in_words({"n": 3, "better": [], "worse": [], "metrics": {}})[0]
    )
    assert evenly_spaced(list("abcdefghij"), 3) == ["a", "d", "g"] and evenly_spaced(list("ab"), 5) == ["a", "b"]  # type: ignore[arg-type]


# -- from the chat


def test_a_bad_answer_becomes_a_case(desk: Callable[..., Desk]) -> None:
    at = desk("NOT FOUND")
    page = drawn(at, "chat")
    page.chat_input[0].set_value("How often is the filter cleaned?").run()
    at.answers[page.session_state["thread"]].wait(30)
    page.run()
    page = click(page, button_that(page, "vote_off_thumb_down"))
    page = click(page, button_that(page, "case_"))
    assert area(page, "Question").value == "How often is the filter cleaned?"
    fill(page, "Right answer", "every 11 weeks")
    page = submit(page)
    (case,) = load_cases(at.testing.cases_file)
    assert case.answers == ("every 11 weeks",) and case.answerable and case.gold_docs
    assert json.loads(at.testing.cases_file.read_text())["question"] == case.question


# -- steps


def drawn(at: Desk, name: str = "evaluation") -> AppTest:
    def script(at, name):
        import streamlit as st

        from app.ui import chat, evaluation

        pages = {page: st.Page(lambda: None, title=page, url_path=page) for page in ("documents", "settings")}
        st.session_state["pages"] = pages
        {"chat": chat, "evaluation": evaluation}[name].page(at)

    page = AppTest.from_function(script, args=(at, name), default_timeout=60).run()
    assert not page.exception, page.exception
    return page


def shown(page: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in page.get("html"))


def pills(page: AppTest) -> str:
    return " ".join(str(option) for group in page.get("button_group") for option in group.proto.options)


def to(page: AppTest, part: str) -> AppTest:
    page.session_state["evaluation_part"] = part
    page.run()
    assert not page.exception, page.exception
    return page


def button(page: AppTest, key: str) -> Any:
    return next((found for found in page.button if found.key == key), None)


def button_that(page: AppTest, begins: str) -> str:
    return next(found.key for found in page.button if (found.key or "").startswith(begins))


def click(page: AppTest, key: str) -> AppTest:
    page = page.button(key=key).click().run()
    assert not page.exception, page.exception
    return page


def area(page: AppTest, name: str) -> Any:
    return next(found for found in [*page.text_area, *page.text_input] if found.label == name)


def fill(page: AppTest, name: str, text: str) -> AppTest:
    area(page, name).set_value(text)
    return page


def submit(page: AppTest) -> AppTest:
    page = next(found for found in page.button if found.label == "Save").click().run()
    assert not page.exception, page.exception
    return page


def finished(at: Desk) -> None:
    assert at.testing.trial
    at.testing.trial.job.wait(60)
    assert not at.testing.trial.running and not at.testing.trial.job.error, at.testing.trial.job.error
