"""A rehearsal for `docent doctor --offline`: reads a folder, searches it, answers a question, draws a page.

It runs as its own process, with the guard in front, and prints a line of JSON for each step: why it was left out, or
''.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from app.ask.opening import open_assistant, open_encoder
from app.models.store import find, installed
from app.settings import load_settings
from app.ui.shared import HERE
from ingest.sync.sync import sync

_QUESTION = "How often is the filter of the Brusk pump cleaned?"


def main(folder: Path, index_dir: Path) -> None:
    """Rehearses with the documents in `folder` and a new index in `index_dir`."""
    settings = load_settings().model_copy(update={"read_ahead": False})
    missing = {
        name: "" if installed(find(name, settings.models_dir), settings.models_dir) else f"{name} is not installed"
        for name in (settings.encoder, settings.model)
    }
    if no_encoder := missing[settings.encoder]:
        for step in ("documents read", "searched", "answered"):
            _told(step, no_encoder)
    else:
        sync(folder, index_dir, open_encoder(settings))
        _told("documents read")
        assistant = open_assistant(settings, index_dir)
        assert assistant.search(_QUESTION)
        _told("searched")
        if not missing[settings.model]:
            assert assistant.ask(_QUESTION).answer.hits
        _told("answered", missing[settings.model])
    _draw(folder, index_dir)
    _told("a page drawn")


def _draw(folder: Path, index_dir: Path) -> None:
    from streamlit.testing.v1 import AppTest

    sys.argv = ["main.py", "--folder", str(folder), "--index", str(index_dir)]
    page = AppTest.from_file(str(HERE / "main.py"), default_timeout=120).run()
    assert not page.exception, page.exception


def _told(step: str, left_out: str = "") -> None:
    sys.stdout.write(json.dumps({step: left_out}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
    # Models may still be loading on C++ threads, which would crash if Python ended normally.
    os._exit(0)
