"""Reading ahead on the desk: in idle moments only, given up the moment someone asks, never inside a closed model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.llm.states import StateStore
from app.settings import load_settings
from app.ui.desk import Desk
from ingest.encoder.embed import SentenceEncoder

QUESTION = "How often is the filter cleaned?"
ANSWER = "The filter is cleaned every 11 weeks."


@pytest.fixture
def slow(reading: Any) -> type[Any]:
    """A model that reads for as long as it is not told to go on or to stop, as a large one would."""

    class Slow(reading):
        def __init__(self, *replies: str) -> None:
            super().__init__(*replies)
            self.may_go_on = threading.Event()
            self.inside = self.given_up = 0
            self.closed = False

        def state(self, rules: Any, tokens: Any, should_stop: Callable[[], bool]) -> Any:
            assert not self.closed
            self.inside += 1
            while not (stopped := should_stop()) and not self.may_go_on.is_set():
                time.sleep(0.001)
            self.inside -= 1
            self.given_up += stopped
            return super().state(rules, tokens, should_stop)

        def close(self) -> None:
            assert not self.inside, "nobody may be inside a model that is closed"
            self.closed = True

    return Slow


@pytest.fixture
def desk(folder: Path, index_dir: Path, encoder: SentenceEncoder, reading: Any) -> Iterator[Callable[..., Desk]]:
    """desk(llm, …): over the small domain, with these models one after the other."""
    made = []

    def make(*llms: Any, **settings: Any) -> Desk:
        queue = list(llms) or [reading(ANSWER)]
        at = Desk(folder, index_dir, load_settings(**settings), lambda s: encoder, lambda s: queue.pop(0))
        made.append(at)
        return at

    yield make
    for at in made:
        at.ahead.end()


@pytest.mark.slow
def test_everything_is_read_while_nobody_asks(desk: Callable[..., Desk], reading: Any) -> None:
    at = desk(llm := reading(ANSWER))
    at.warm()
    all_read(at)
    assert sum(text.startswith("[") for text in llm.read) == at.ahead.told.total == len(kept(at))
    at.answers[at.ask(QUESTION)].wait(30)
    wait_until(lambda: any("Earlier question: How often" in text for text in llm.read))  # for a follow-up
    assert sum(text.startswith("[") for text in llm.read) == len(kept(at))  # and no passage again


@pytest.mark.slow
def test_a_question_stops_it_and_it_goes_on_afterwards(desk: Callable[..., Desk], slow: Any) -> None:
    at = desk(llm := slow(ANSWER))
    at.warm()
    wait_until(lambda: llm.inside)
    assert at.ahead.at_work
    live = at.answers[at.ask(QUESTION)]
    wait_until(lambda: llm.given_up)  # it would never have come to an end by itself
    llm.may_go_on.set()
    live.wait(30)
    assert live.stage == "done"
    all_read(at)


@pytest.mark.slow
def test_work_in_the_background_comes_first(desk: Callable[..., Desk], slow: Any) -> None:
    at = desk(llm := slow(ANSWER))
    at.warm()
    wait_until(lambda: llm.inside)
    (at.folder / "new.txt").write_text("The spare key hangs in the boiler room of house nine.\n")
    at.ingest()
    wait_until(lambda: llm.given_up)
    at.ingesting.wait(60)
    llm.may_go_on.set()
    wait_until(lambda: any("spare key" in text for text in llm.read))


@pytest.mark.slow
def test_it_waits_until_it_may(desk: Callable[..., Desk], reading: Any) -> None:
    at = desk(llm := reading(ANSWER), read_ahead=False)
    at.warm()
    at.warming.wait(60)
    assert not at._is_idle() and not llm.read
    at.read_ahead(True)
    all_read(at)
    assert load_settings().read_ahead
    at.read_ahead(False)
    assert not at._is_idle() and not load_settings().read_ahead


@pytest.mark.parametrize("given", [{"kv_gb": 0.0}, {"read_ahead": False}])
def test_what_is_switched_off_is_not_read(desk: Callable[..., Desk], reading: Any, given: dict[str, Any]) -> None:
    at = desk(llm := reading(ANSWER), **given)
    at.warm()
    at.warming.wait(60)
    at.ahead.again()
    assert not at._is_idle()
    at.answers[at.ask(QUESTION)].wait(30)
    assert sum(text.startswith("[") for text in llm.read) == len(kept(at)) < len(at.assistant.index)


@pytest.mark.slow
def test_a_model_is_closed_when_nobody_is_inside(desk: Callable[..., Desk], slow: Any, reading: Any) -> None:
    at = desk(first := slow(ANSWER), second := reading(ANSWER))
    at.warm()
    wait_until(lambda: first.inside)
    at.use(at.settings.model_copy(update={"kv_type": "q8_0"}))
    assert first.closed and first.given_up
    all_read(at)
    assert second.read and at.llm() is second


@pytest.mark.slow
def test_other_settings_leave_the_model_and_what_was_read(desk: Callable[..., Desk], reading: Any) -> None:
    at = desk(llm := reading(ANSWER))
    at.warm()
    all_read(at)
    n, half = len(llm.read), sum(kept(at).values()) // 2
    at.use(at.settings.model_copy(update={"passages": 3}))
    all_read(at)
    assert sum(text.startswith("[") for text in llm.read) == len(kept(at)) and len(llm.read) == n + 1  # the label
    at.read_ahead(False)
    at.use(at.settings.model_copy(update={"kv_gb": half / 1e9}))
    assert 0 < sum(kept(at).values()) <= half
    at.use(at.settings.model_copy(update={"kv_gb": 0.0}))
    assert not kept(at)


@pytest.mark.slow
def test_what_was_read_is_forgotten_when_asked_to_or_with_its_document(desk: Callable[..., Desk], reading: Any) -> None:
    at = desk(reading(ANSWER))
    at.warm()
    all_read(at)
    n = len(kept(at))
    at.delete_document("notes.txt")
    at.ingesting.wait(60)
    wait_until(lambda: at.ahead.told.total < n)
    assert len(kept(at)) == at.ahead.told.total == len(at.assistant.index)
    assert at.assistant.composer.store.size == sum(kept(at).values())
    at.forget_read()
    assert not kept(at) and not at.settings.read_ahead and at.assistant.composer.store.size == 0


@pytest.mark.slow
def test_it_goes_on_after_a_failure(desk: Callable[..., Desk], reading: Any) -> None:
    class Failing(reading):
        failures = 1

        def state(self, *given: Any) -> Any:
            if self.failures:
                self.failures -= 1
                raise RuntimeError("out of luck")
            return super().state(*given)

    at = desk(llm := Failing(ANSWER))
    at.warm()
    wait_until(lambda: not llm.failures)
    at.ahead.again()
    all_read(at)


def test_without_an_index_it_waits_for_one(
    folder: Path, tmp_path: Path, encoder: SentenceEncoder, reading: Any
) -> None:
    llm = reading(ANSWER)
    at = Desk(folder, tmp_path / "none yet", load_settings(), lambda s: encoder, lambda s: llm)
    at.warm()
    at.warming.wait(60)
    at.ingest()
    at.ingesting.wait(60)
    all_read(at)
    at.ahead.end()


@pytest.mark.slow
def test_a_model_whose_states_cannot_be_kept_is_left_alone(desk: Callable[..., Desk], scripted: Any) -> None:
    at = desk(llm := scripted(ANSWER))
    at.warm()
    at.warming.wait(60)
    wait_until(lambda: not at.ahead._wanted.is_set() and not at.ahead.at_work)
    assert not llm.read and not kept(at) and "a script reads nothing" in shown(drawn(at))


# -- the row on the Documents page


@pytest.mark.slow
def test_the_row_tells_pauses_and_forgets(desk: Callable[..., Desk]) -> None:
    at = desk()
    assert "0 of 5 passages read ahead · 0.0 of 4 GB" in shown(drawn(at))
    at.warm()
    all_read(at)
    page = drawn(at)
    assert "5 of 5 passages read ahead" in shown(page) and "the first word comes at once" in shown(page)
    page = click(page, "ahead_False")
    assert "· paused" in shown(page) and not at.settings.read_ahead
    page = click(page, "ahead_True")
    assert "· paused" not in shown(page) and at.settings.read_ahead
    page = click(page, "ahead_forget")
    assert "frees 0.0 GB" in shown(page) and kept(at), "nothing goes before it is confirmed"
    at.forget_read()
    told = shown(drawn(at))
    assert "0 of 5 passages" in told and "· paused" in told


@pytest.mark.slow
def test_the_row_says_what_stands_in_the_way(desk: Callable[..., Desk]) -> None:
    assert "No disk is set aside" in shown(drawn(desk(kv_gb=0.0)))
    at = desk(kv_gb=6e-7)  # 600 bytes
    at.warm()
    wait_until(lambda: at.ahead.told and at.ahead.told.full)
    assert "· full" in shown(drawn(at))


def all_read(at: Desk) -> None:
    wait_until(lambda: at.ahead.told and at.ahead.told.read == at.ahead.told.total and not at.ahead.at_work)


def kept(at: Desk) -> dict[str, int]:
    """The size of each state on disk."""
    return {str(file): file.stat().st_size for file in StateStore(at.index_dir, 0).folder.rglob("*.kv")}


def drawn(at: Desk) -> AppTest:
    def script(at):
        import streamlit as st

        from app.ui import documents

        st.session_state["pages"] = {"settings": st.Page(lambda: None, title="settings", url_path="settings")}
        documents.page(at)

    page = AppTest.from_function(script, args=(at,), default_timeout=60).run()
    assert not page.exception, page.exception
    return page


def shown(page: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in page.get("html"))


def click(page: AppTest, key: str) -> AppTest:
    page = page.button(key=key).click().run()
    assert not page.exception, page.exception
    return page


def wait_until(true: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.005)
