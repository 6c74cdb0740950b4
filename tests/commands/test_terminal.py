"""What is printed commands no terminal, whoever wrote it; JSON holds the same values."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from app.commands.terminal import handle_errors, print_hit, print_json, printable, say
from app.datatypes import Hit
from ingest.datatypes import Chunk
from ingest.errors import InvalidInput


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("plain", "plain"),
        ("two\r\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[2J\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("\x1b]52;c;cGFzc3dvcmQ=\x07clipboard", "clipboard"),
        ("\x9b31mred\x9d0;owned\x9c.", "red."),
        ("\x1bPq#0\x1b\\picture", "picture"),
        ("\x1bcreset", "reset"),
        ("over\rwritten \x08\x7f\x00", "over\ufffdwritten \ufffd\ufffd\ufffd"),
        ("report\u202efdp.exe", "reportfdp.exe"),
        ("hi\U000e0041\U000e0042", "hi"),
        ("lone \ud800", "lone \ufffd"),
        ("\x1b]0;never ends", ""),
        ("👩\u200d🔧 می\u200cخواهم", "👩\u200d🔧 می\u200cخواهم"),
    ],
)
def test_what_commands_a_terminal_is_not_printed(written: str, seen: str) -> None:
    assert printable(written) == seen


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b[]m;\x07\x9b\\2J\r\n"))))
def test_no_control_character_comes_through(text: str) -> None:
    assert all(c in "\n\t" or not ("\x00" <= c < " " or "\x7f" <= c <= "\x9f") for c in printable(text))
    assert printable(printable(text)) == printable(text)


def test_json_says_the_same_in_safe_characters(capsys) -> None:
    value = {"a\x1b[2J": ["\x9b31m", "\u202e", "\U000e0041", "ü 🔥", "\r\n"]}
    print_json(value)
    printed = capsys.readouterr().out
    assert json.loads(printed) == value and "ü 🔥" in printed
    assert not set(printed) & set("\x1b\x9b\u202e\U000e0041\r")


def test_names_quotes_and_errors_are_printed_safely(capsys) -> None:
    bad = "\x1b]0;owned\x07evil\x1b[2J"
    print_hit(1, Hit(Chunk(1, 1, 0, 9, f"text {bad}", bad), f"{bad}.txt", bad, 0.5, {"bm25": 1}))

    @handle_errors
    def failing() -> None:
        raise InvalidInput(f"{bad} is not here", bad)

    with pytest.raises(SystemExit):
        failing()
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err and "evil.txt, page 1" in printed.out
    assert printed.err.startswith("Error: evil is not here")


def test_our_own_colours_are_kept_on_a_terminal() -> None:
    @click.command()
    def command() -> None:
        say("bad\x1b[31m", fg="green")

    assert CliRunner().invoke(command, color=True).output == "\x1b[32mbad\x1b[0m\n"
