"""The panel beside the chat: a page as it looks, with its quotes marked and buttons to turn pages."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from app.ui.desk import Desk
from app.ui.passwords import password_field
from app.ui.place import PageView, Place, view_page
from app.ui.shared import show_error
from app.ui.steer import scroll_to_mark
from app.ui.table import whole_table
from app.ui.text import highlighted, label
from ingest.children.render import Drawing, Picture, Shares, render_page
from ingest.errors import NEEDS_PASSWORD, DocentError, ReadError
from ingest.text.oneline import many, short

_WIDTH = 1200  # pixels: sharp on a panel of 600 at double density


def open_place(place: Place) -> None:
    """Opens the panel with this page."""
    st.session_state["open"], st.session_state["open_page"] = place, place.page


def close_place() -> None:
    """Closes the panel."""
    st.session_state["open"] = None


def current_place() -> Place | None:
    """Returns the place that the panel shows; None while it is closed."""
    place: Place | None = st.session_state.get("open")
    return place


@st.fragment
def viewer(desk: Desk) -> None:
    """Draws the place that was opened last. Turning a page redraws only this panel."""
    place = current_place()
    if place is None:
        return
    with st.container(key="viewer"):
        number: int = st.session_state["open_page"]
        try:
            view = view_page(desk.folder, desk.index_dir, place, number, desk.key)
        except DocentError as error:
            _head(place, number, None)
            show_error(error, key="viewer")
            _quotes(place)
            return
        _head(place, number, view)
        _sheet(desk, place, view)
        if number == place.page:
            _quotes(place)


def _head(place: Place, number: int, view: PageView | None) -> None:
    n_pages = view.n_pages if view else number
    with st.container(key="viewer_head", horizontal=True, vertical_alignment="center", gap="small"):
        of = html.escape(_called(number, view) if view else f"Page {number}")
        st.html(f'<div class="viewer-title"><strong>{html.escape(place.file)}</strong><span>{of}</span></div>')
        with st.container(horizontal=True, gap=None, width="content", key="viewer_turn"):
            _turn("viewer_back", ":material/chevron_left:", "Page before", number - 1, number > 1)
            _turn("viewer_on", ":material/chevron_right:", "Next page", number + 1, number < n_pages)
            if st.button("", icon=":material/close:", key="viewer_close", type="tertiary", help="Close the page"):
                close_place()
                st.rerun()


def _called(number: int, view: PageView) -> str:
    """Returns what the page is called: 'Page 3 of 12 · printed “iii”', or its place if it is no page."""
    called = f"{view.place[:1].upper()}{view.place[1:]} · part {number} of {view.n_pages}"
    if not view.place:
        called = f"Page {number} of {view.n_pages}"
    printed = f"printed “{view.label}”" if view.label and view.label != str(number) else ""
    return " · ".join(filter(None, [called, printed, view.origin]))


def _turn(key: str, icon: str, help_text: str, to: int, possible: bool) -> None:
    def turn() -> None:
        st.session_state["open_page"] = to

    st.button("", icon=icon, key=key, type="tertiary", help=help_text, disabled=not possible, on_click=turn)


def _sheet(desk: Desk, place: Place, view: PageView) -> None:
    password = desk.keeping.passwords.get(place.file, "")
    if view.note:
        st.html(f'<div class="notice"><span>{html.escape(view.note)}</span></div>')
    if view.drawable:
        try:
            picture = _drawn(view.file, view.mtime_ns, view.number, view.raw_indexes, view.shares, password)
        except ReadError as error:
            if str(error) == NEEDS_PASSWORD:
                password_field(desk, place.file, f"viewer_{view.number}")
            else:
                st.html(f'<div class="notice"><span>{html.escape(f"{error} {error.hint}")}</span></div>')
        else:
            st.image(picture.png, width="stretch", alt=f"Page {view.number} of {place.file}")
            scroll_to_mark(picture.mark, f"{place}{view.number}")
            _whole_tables(place, view)
            return
    st.html(f'<div class="sheet" role="document">{view.html or "This page holds no text."}</div>')
    scroll_to_mark(0, f"{place}{view.number}")
    _whole_tables(place, view)


def _whole_tables(place: Place, view: PageView) -> None:
    """Draws each table of the page with all its rows, to be opened by a click; if a quote is from a table, only that
    one."""
    cited = [t for t in view.tables if any(t.start < quote.end and quote.start < t.end for quote in place.quotes)]
    for number, table in enumerate(cited or view.tables):
        key = f"whole_{place.file}_{view.number}_{number}"
        rows = many(len(table.rows), "row")
        name = label(f"Show the whole table{f' “{short(table.caption, 60)}”' * bool(table.caption)} · {rows}")
        if st.toggle(name, key=key):
            st.html(whole_table(table, [quote.text for quote in place.quotes]))


@st.cache_data(max_entries=40, show_spinner="Drawing the page…")
def _drawn(
    file: Path, mtime_ns: int, number: int, raw_indexes: tuple[int, ...], shares: tuple[Shares, ...], _password: str
) -> Picture:
    """Draws the page. `mtime_ns` makes the cache notice a changed file."""
    return render_page(Drawing(file, number, raw_indexes, _WIDTH, shares, _password))


def _quotes(place: Place) -> None:
    items = "".join(f"<blockquote>{highlighted(short(quote.text, 1200), [])}</blockquote>" for quote in place.quotes)
    if items:
        many = "s" * (len(place.quotes) > 1)
        st.html(f'<div class="quotes"><h4>Quote{many} on {html.escape(place.named)}</h4>{items}</div>')
