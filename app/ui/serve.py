"""What `docent ui` becomes: Streamlit's server, with the models loading from now on and not from the first visit on."""

from __future__ import annotations

import contextlib
import runpy
import sys
import threading

from app.ui.shared import desk_of, folder_and_index


def main() -> None:
    """Takes what `python -m streamlit` does."""
    sys.setswitchinterval(0.001)  # a page, with its many short steps, waits a fifth as long for torch's long import
    threading.Thread(target=_warm, args=(sys.argv[sys.argv.index("--") + 1 :],), daemon=True).start()
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


def _warm(arguments: list[str]) -> None:
    with contextlib.suppress(Exception):  # the page meets it again, and shows it
        desk_of(*folder_and_index(arguments)).warm()


if __name__ == "__main__":
    main()
