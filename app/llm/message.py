"""A message to the model, made from a template that is a file of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

from app.llm.protocol import Llm

MARK = "\u2063docent\u2063"  # invisible and never in a template: where the user's message goes


def template(room: str, name: str) -> str:
    """Returns the text of `prompts/NAME.md` in that package."""
    return files(room).joinpath(f"prompts/{name}.md").read_text(encoding="utf-8").strip()


def message(llm: Llm, text: str, filled: Mapping[str, str]) -> list[int]:
    """Returns the tokens of a user's message without rules, in the model's chat format, each {name} in it filled in.

    Not by str.format, and in one pass: a document may hold braces, and names in them. Only the chat format's own
    control tokens are recognised as such.
    """
    asked = re.sub(r"\{(\w+)\}", lambda match: filled.get(match[1], match[0]), text)
    head, tail = llm.render("", MARK).split(MARK)
    return [*llm.tokenize(head, special=True), *llm.tokenize(asked), *llm.tokenize(tail, special=True)]
