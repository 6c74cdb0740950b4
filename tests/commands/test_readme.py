"""What the README shows is what happens: its commands are run, their output compared, its links followed."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def sessions() -> list[tuple[str, list[str]]]:
    """(command, the lines shown below it) of every console block."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:].partition("  #")[0], []))
            elif line.strip():
                found[-1][1].append(line.strip())
    return found


def run(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(command.partition("  #")[0])
    assert program == ".venv/bin/docent"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-m", "app.cli", *arguments]
    return subprocess.run(arguments, capture_output=True, text=True, cwd=cwd, env=environment, timeout=600)


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("clone")
    (place / "sample_docs").symlink_to(ROOT / "sample_docs", target_is_directory=True)
    return place


def test_it_is_short_and_its_links_lead_somewhere():
    assert len(README.splitlines()) < 150
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target


@pytest.mark.slow
def test_the_commands_it_names_exist():
    for command in set(re.findall(r"`docent (\w+)", README)):
        assert subprocess.run([sys.executable, "-m", "app.cli", command, "--help"], cwd=ROOT).returncode == 0, command
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"\bmake (chat|test-fast|test|lint)\b", README)):
        assert f"\n{target}:" in makefile


@pytest.mark.model
def test_the_session_it_shows_is_what_happens(clone):
    shown = sessions()
    assert len(shown) >= 3
    for command, lines in shown:
        done = run(command, clone)
        assert done.returncode in (0, 3), (command, done.stderr)
        rest = " ".join(done.stdout.split())
        for wanted in (" ".join(part.split()) for line in lines for part in line.split("…") if part.strip()):
            assert wanted in rest, (command, wanted, rest)
            rest = rest.partition(wanted)[2]
