"""The empty chat shows what the library holds, and questions to begin with that a click asks."""

import html
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from desks import MakeDesk, answered, desk, drawn, shown

__all__ = ["desk"]  # fixtures


def examples(page: AppTest) -> list[Any]:
    return [button for button in page.button if (button.key or "").startswith("example_")]


@pytest.mark.slow
def test_the_empty_chat_offers_what_its_documents_suggest(desk: MakeDesk) -> None:
    at = desk("NOT FOUND")
    page = drawn(at)
    assert not page.exception
    text = html.unescape(shown(page))
    assert "3 documents · 5 pages · 2 text files, 1 PDF" in text and "For example" in text
    offered = [button.label.replace("\\", "") for button in examples(page)]
    assert "How many documents do you have?" in offered and any("Warranty" in label for label in offered)


@pytest.mark.slow
def test_a_click_on_one_asks_it(desk: MakeDesk) -> None:
    at = desk("NOT FOUND")
    page = drawn(at)
    button = next(one for one in examples(page) if "How many documents" in one.label)
    button.click().run()
    answered(at, page)
    assert not page.exception
    assert "The library holds 3 documents, with 5 pages in all." in html.unescape(shown(page))


@pytest.mark.slow
def test_those_of_the_domain_come_first(desk: MakeDesk, folder: Path) -> None:
    own = [f"Question {number}?" for number in range(6)]
    (folder / "domain.toml").write_text(f"examples = {own}")
    offered = [button.label.replace("\\", "") for button in examples(drawn(desk("NOT FOUND")))]
    assert offered[:4] == own[:4] and "Question 4?" not in offered and 4 < len(offered) <= 6
