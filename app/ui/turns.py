"""One question with its answer, on its way or kept: evidence, text, chips, what can be done with it."""

from __future__ import annotations

import html
import itertools
import time
from collections.abc import Iterable, Iterator, Sequence

import streamlit as st

from app.datatypes import Answer, Kind, Sentence, Turn
from app.evaluation.cases import Case, append_case
from app.ui.desk import WIDER, Desk
from app.ui.evaluation_page.case_form import NEW, case_form
from app.ui.live import LiveAnswer
from app.ui.place import Place, others, place_of, places
from app.ui.shared import show_error
from app.ui.steer import copy_button
from app.ui.table import grid_csv, grid_html, without_rows
from app.ui.text import label, plain_html, short_name, to_html
from app.ui.viewer import open_place
from ingest.text.oneline import many, short

_ROUND = 0.4  # seconds that an answer is drawn without a look at what was clicked
_BETWEEN = 0.1  # seconds between two rounds at most
_PAUSE = 0.04  # seconds between two drawings at least


def ask(
    desk: Desk, question: str, thread: int | None, *,
    wider: bool = False, replaces: int | None = None, kind: Kind | None = None,
) -> None:  # fmt: skip
    """Begins to answer, and draws the page anew."""
    file = st.session_state.get("file")
    st.session_state["thread"] = desk.ask(question, thread, file, wider=wider, replaces=replaces, kind=kind)
    st.rerun()


def question_bubble(question: str) -> None:
    st.html(f'<div class="asked"><div>{plain_html(question)}</div></div>')


# -- on its way


def live_turn(desk: Desk, thread: int) -> None:
    """Redraws itself until the answer is kept; then the whole page does."""
    st.fragment(_live_turn, run_every=_BETWEEN)(desk, thread, itertools.count())


def _live_turn(desk: Desk, thread: int, rounds: Iterator[int]) -> None:
    """Draws what is new as it comes, for a moment; a click is heard when that is over. The first round is part of
    drawing the whole page, which waits for it, and so draws once only."""
    live = desk.answers.get(thread)
    if live is None or not live.running:
        st.rerun()
    until = time.monotonic() + (_ROUND if next(rounds) else 0.0)
    text, status, news, has_evidence = live.text, _status(desk, live), 0, False
    found = st.container()
    words = st.html(_draft(text)) if text else st.empty()  # filled from the start: to be empty first would be seen
    with st.container(key="status", horizontal=True, vertical_alignment="center"):
        below = st.html(_dotted(status))
        if live.stage != "checking":
            st.button("Stop", icon=":material/stop_circle:", key="stop", on_click=live.stop, disabled=live.stopping)
    while True:
        if live.evidence and not has_evidence:
            has_evidence = True
            with found:
                evidence(live.evidence, f"live_{thread}")
        if live.text != text:
            text = live.text
            words.html(_draft(text))
        if _status(desk, live) != status:
            status = _status(desk, live)
            below.html(_dotted(status))
        if not live.running:
            st.rerun()
        if time.monotonic() >= until:
            return
        time.sleep(_PAUSE)
        news = live.wait_news(news, until - time.monotonic())


def _draft(text: str) -> str:
    return f'<div class="answer draft">{to_html(text)}<i class="caret"></i></div>'


def _dotted(status: str) -> str:
    return f'<div class="status"><i></i>{html.escape(status)}</div>'


def _status(desk: Desk, live: LiveAnswer) -> str:
    if live.stopping:
        return "Stopping…"
    words = {
        "searching": "Searching your documents…",
        "waiting": "Waiting for the model to finish something else…",
        "loading": f"Loading {desk.settings.model}…",
        "reading": f"Reading {many(live.passages, 'passage')}…",
        "writing": "Writing…",
        "checking": "Checking each sentence against the documents…",
        "looking": "Not sure yet: looking further…",
    }.get(live.stage, "")
    seconds = int(live.seconds)
    return f"{words} {seconds} s" if seconds and live.stage != "writing" else words


def evidence(sentences: Sequence[Sentence], key: str) -> None:
    """The sentences that come nearest, each with its place: on screen before a word is generated."""
    with st.container(key=f"evidence_{key}"):
        st.html('<div class="eyebrow">Found in your documents</div>')
        for number, sentence in enumerate(sentences):
            _found(sentence.meaning, places([sentence]), f"{key}_{number}")


def failed_turn(desk: Desk, thread: int, live: LiveAnswer) -> None:
    question_bubble(live.question)
    if live.evidence:
        evidence(live.evidence, f"failed_{thread}")
    assert live.error
    show_error(live.error, desk, key=f"failed_{thread}")
    if st.button("Try again", icon=":material/refresh:", key=f"retry_{thread}"):
        ask(desk, live.question, thread, replaces=live.replaces)


# -- kept


def kept_turn(desk: Desk, thread: int, turn: Turn, newest: bool) -> None:
    answer = turn.answer
    question_bubble(turn.question)
    if answer.status != "abstained":
        _said_how(desk, thread, turn, newest)
        sources = places(answer.citations)
        text = without_rows(answer.text) if answer.grid else answer.text
        st.html(f'<div class="answer">{to_html(text, _marks(answer, sources))}</div>')
        if answer.grid:
            _grid(answer, sources, f"grid_{turn.id}")
        chips(sources, f"turn_{turn.id}", numbered=len(sources) > 1)
        if also := others(answer.citations):
            st.html('<div class="eyebrow">The same words also stand in</div>')
            chips(also, f"also_{turn.id}")
        if answer.reason or answer.stopped:
            st.caption(label(" ".join(filter(None, ["Stopped by you." * answer.stopped, answer.reason]))))
        with st.expander("What was found", key=f"evidence_of_{turn.id}", type="compact"):
            for number, sentence in enumerate(answer.evidence):
                _found(sentence.meaning, places([sentence]), f"of_{turn.id}_{number}")
    else:
        _abstained(desk, thread, turn, newest)
    for warning in answer.warnings:
        st.html(f'<div class="notice flagged"><span>{html.escape(warning)}</span></div>')
    _actions(desk, thread, turn, newest)


def _said_how(desk: Desk, thread: int, turn: Turn, newest: bool) -> None:
    """How the question was understood, where not as one about a fact; and that the answer is doubtful, where it is."""
    answer = turn.answer
    if answer.status == "unsure":
        st.html('<div class="notice flagged"><strong>Not certain</strong></div>')
    if not answer.plan.shown:
        return
    said, other = st.columns([5, 1], vertical_alignment="center")
    said.caption(label(answer.plan.shown))
    if (
        newest
        and answer.plan.kind != "fact"
        and other.button(
            "Ask for a fact", key=f"fact_{turn.id}", type="tertiary", help="Asks again, as a question about one fact."
        )
    ):
        ask(desk, turn.question, thread, replaces=turn.id, kind="fact")


def _grid(answer: Answer, sources: Sequence[Place], key: str) -> None:
    """An answer that is a table: its first rows, each with the number of its source, and all of them as a file."""
    assert answer.grid
    number = {(place.file, place.page): n for n, place in enumerate(sources, 1)}
    cited = [answer.citations[n - 1] if 0 < n <= len(answer.citations) else None for n in answer.grid.cited]
    numbers = [number.get((one.file, one.page), 0) if one and len(sources) > 1 else 0 for one in cited]
    st.html(grid_html(answer.grid, numbers))
    st.download_button(
        f"All {len(answer.grid.rows):,} rows as CSV", grid_csv(answer.grid), "answer.csv", "text/csv", key=key,
        icon=":material/download:", type="tertiary",
    )  # fmt: skip


def _marks(answer: Answer, sources: Sequence[Place]) -> Iterable[tuple[str, list[int]]]:
    """Which sources each sentence of the answer stands on. A single source needs no number."""
    if len(sources) < 2:
        return
    number = {(place.file, place.page): n for n, place in enumerate(sources, 1)}
    claims: dict[str, list[int]] = {}
    for citation in answer.citations:
        numbers = claims.setdefault(citation.claim, [])
        if (n := number[citation.file, citation.page]) not in numbers:
            numbers.append(n)
    yield from claims.items()


def _abstained(desk: Desk, thread: int, turn: Turn, newest: bool) -> None:
    answer = turn.answer
    title = "Stopped" if answer.stopped and not answer.citations else "Not in your documents"
    st.html(f'<div class="notice"><strong>{title}</strong><span>{html.escape(answer.reason)}</span></div>')
    if answer.query and not answer.stopped:
        st.caption(label(f"Looked for: {answer.query}"))
    if answer.hits:
        st.html('<div class="eyebrow">Nearest passages</div>')
        for number, hit in enumerate(answer.hits[:3]):
            _found(hit.chunk.text, [place_of(hit)], f"near_{turn.id}_{number}")
    if newest and desk.settings.passages < WIDER and st.button(
        "Search wider", icon=":material/travel_explore:", key=f"wider_{turn.id}",
        help=f"Asks again with {WIDER} passages instead of {desk.settings.passages}. Reading them takes longer.",
    ):  # fmt: skip
        ask(desk, turn.question, thread, wider=True, replaces=turn.id)


def _found(text: str, sources: Sequence[Place], key: str) -> None:
    with st.container(gap="xsmall", key=f"found_{key}"):
        st.html(f'<div class="found">{html.escape(short(text, 260))}</div>')
        chips(sources, key)


def chips(sources: Sequence[Place], key: str, numbered: bool = False) -> None:
    """A click opens the page with the quote marked on it."""
    with st.container(key=f"chips_{key}", horizontal=True, gap="xsmall"):
        for number, place in enumerate(sources, 1):
            name = f"{short_name(place.file)} · {place.short}"
            shown = label(f"{number}  {name}" if numbered else name)
            said = label(place.source)
            if st.button(shown, key=f"chip_{key}_{number}", icon=":material/description:", help=said):
                open_place(place)
                st.rerun()


def _actions(desk: Desk, thread: int, turn: Turn, newest: bool) -> None:
    with st.container(key=f"actions_{turn.id}", horizontal=True, vertical_alignment="center", gap=None):
        if turn.answer.text:
            copy_button(_as_text(turn.answer), key=f"copy_{turn.id}")
        if newest and st.button(
            "", icon=":material/refresh:", key=f"again_{turn.id}", type="tertiary", help="Answer it again"
        ):
            ask(desk, turn.question, thread, replaces=turn.id)
        _vote(desk, turn, 1, "thumb_up", "A good answer")
        _vote(desk, turn, -1, "thumb_down", "Not a good answer")
        st.html(f'<div class="meta">{html.escape(_meta(turn.answer))}</div>')
    if turn.vote < 0:
        _as_a_case(desk, turn)


def _as_a_case(desk: Desk, turn: Turn) -> None:
    """What went wrong here becomes a question to test with, so that it shows when it is right."""
    state = f"case_of_turn_{turn.id}"
    if state in st.session_state:
        best = turn.answer.citations or turn.answer.hits
        docs, pages = ((best[0].file,), (best[0].page,)) if best else ((), ())
        case = Case(id=NEW, question=turn.question, gold_docs=docs, gold_pages=pages)
        with st.container(border=True, key=f"case_form_{turn.id}"):
            st.html(
                '<div class="told">What would have been right? File and page are those of the nearest passage: '
                "check that they are.</div>"
            )
            case_form(desk, case, state, lambda filled: append_case(desk.testing.cases_file, filled))
    elif st.button("Add it to the evaluation", icon=":material/fact_check:", key=f"case_{turn.id}", type="tertiary"):
        st.session_state[state] = True
        st.rerun()


def _vote(desk: Desk, turn: Turn, vote: int, icon: str, help_text: str) -> None:
    given = turn.vote == vote
    key = f"vote_{'on' if given else 'off'}_{icon}_{turn.id}"
    if st.button("", icon=f":material/{icon}:", key=key, type="tertiary", help=help_text):
        desk.memory.vote(turn.id, 0 if given else vote)
        st.rerun()


def _meta(answer: Answer) -> str:
    stats = answer.stats
    parts = [answer.model] if answer.model else []
    if stats.seconds_to_first_token:
        parts.append(f"first word after {stats.seconds_to_first_token:.1f} s")
    if stats.seconds_total:
        parts.append(f"{stats.seconds_total:.1f} s in all")
    return " · ".join(parts)


def _as_text(answer: Answer) -> str:
    sources = [f"- {c.source}: “{' '.join(c.quote.split())}”" for c in answer.citations]
    return "\n".join([answer.text, "", *dict.fromkeys(sources)]) if sources else answer.text
