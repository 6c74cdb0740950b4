"""A desk over small documents, and the pages drawn without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.settings import load_settings
from app.ui.desk import Desk
from ingest.encoder.embed import SentenceEncoder

MakeDesk = Callable[..., Desk]


@pytest.fixture
def desk(folder: Path, index_dir: Path, encoder: SentenceEncoder, scripted: Any) -> MakeDesk:
    """desk(reply, …): over the small domain, with a model that gives these replies."""

    def make(*replies: str) -> Desk:
        llm = scripted(*replies)
        return Desk(folder, index_dir, load_settings(), lambda settings: encoder, lambda settings: llm)

    return make


def answered(at: Desk, page: AppTest) -> None:
    live = at.answers.get(page.session_state["thread"])
    if live:  # else it was drawn among the kept ones already
        live.wait(30)
        page.run()


def drawn(at: Desk, name: str = "chat") -> AppTest:
    def script(at, name):
        import streamlit as st

        from app.ui import chat, documents, settings

        pages = {page: st.Page(lambda: None, title=page, url_path=page) for page in ("documents", "settings")}
        st.session_state["pages"] = pages
        {"chat": chat, "documents": documents, "settings": settings}[name].page(at)

    return AppTest.from_function(script, args=(at, name), default_timeout=60).run()


def shown(page: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in page.get("html"))


def finished(at: Desk) -> None:
    assert at.ingesting
    at.ingesting.wait(60)
    assert not at.ingesting.running and not at.ingesting.error, at.ingesting.error
