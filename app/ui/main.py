"""The script of the pages that `docent ui` serves: reads its options, sets the look, draws the chosen page."""

from __future__ import annotations

import sys

import streamlit as st

from app.ui import chat, documents, evaluation, report, settings
from app.ui.desk import Desk
from app.ui.safe import ask_passphrase
from app.ui.shared import HERE, LOCKED, close_desk, desk_of, folder_and_index, safe_of, show_error
from app.ui.viewer import close_place
from ingest.encryption.vault import is_encrypted
from ingest.errors import IndexLocked


def main() -> None:
    # A file, because Streamlit makes the browser load emoji and named icons from another site.
    """Draws the page for one visit."""
    st.set_page_config("Docent", page_icon=HERE / "mark.svg", layout="centered", initial_sidebar_state="auto")
    st.logo(HERE / "mark.svg", size="large")
    st.html(HERE / "look.css")
    folder, index_dir = folder_and_index(sys.argv[1:])
    try:
        desk = desk_of(folder, index_dir)
        if (desk.key is None) == is_encrypted(index_dir):  # its form was changed meanwhile
            close_desk(desk)
            desk = desk_of(folder, index_dir)
    except IndexLocked:
        ask_passphrase(safe_of(index_dir))
        return
    except Exception as error:
        show_error(error, key="start")
        return
    draw(desk)


def draw(desk: Desk) -> None:
    """Draws the navigation and the chosen page."""
    desk.warm()
    chosen = {
        "chat": st.Page(lambda: chat.page(desk), title="Chat", icon=":material/forum:", url_path="chat", default=True),
        "documents": st.Page(
            lambda: documents.page(desk), title="Documents", icon=":material/folder_open:", url_path="documents"
        ),
        "library": st.Page(
            lambda: report.page(desk), title="Library", icon=":material/local_library:", url_path="library"
        ),
        "evaluation": st.Page(
            lambda: evaluation.page(desk), title="Evaluation", icon=":material/fact_check:", url_path="evaluation"
        ),
        "settings": st.Page(lambda: settings.page(desk), title="Settings", icon=":material/tune:", url_path="settings"),
    }
    st.session_state["pages"] = chosen
    try:
        shown = st.navigation(list(chosen.values()))
        if st.session_state.setdefault("at", shown.title) != shown.title:
            st.session_state["at"] = shown.title
            close_place()  # what was opened beside one page is not about the next
        shown.run()
        if LOCKED in sys.argv:
            st.sidebar.html('<a class="log-out" href="/logout" target="_self">Log out</a>')
    except Exception as error:  # the one place where the pages meet errors
        show_error(error, desk, key="page")


if __name__ == "__main__":
    main()
