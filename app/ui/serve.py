"""The server of `docent ui`: Streamlit's server behind `access`, with the models loading at once, not at the first
visit."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
from collections.abc import Sequence

import click

from app.commands.terminal import handle_errors, say
from app.privacy.password import SHORTEST, Password
from app.ui.access import Access, host_names, is_local
from app.ui.shared import HERE, LOCKED, desk_of, folder_and_index
from ingest.errors import InvalidInput

_VARIABLE = "DOCENT_PASSWORD"
_OPTIONS = {
    "server.headless": True,  # without it, Streamlit asks for an e-mail address and opens a browser
    "server.maxUploadSize": 2048,
    "server.fileWatcherType": "none",
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.enableStaticServing": False,
    "runner.postScriptGC": False,  # Python's own is enough, and does not stop the model at each drawing
    "browser.gatherUsageStats": False,
    "logger.hideWelcomeMessage": True,  # for which Streamlit would ask a site elsewhere what our address is
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "theme.headingFont": "serif",
    "theme.baseRadius": "0.55rem",
    "theme.light.primaryColor": "#1f5f6b",
    "theme.light.backgroundColor": "#fbfaf8",
    "theme.light.secondaryBackgroundColor": "#f3f1ec",
    "theme.light.textColor": "#1d2328",
    "theme.light.borderColor": "#dedbd3",
    "theme.dark.primaryColor": "#5aa9b6",
    "theme.dark.backgroundColor": "#14181b",
    "theme.dark.secondaryBackgroundColor": "#1d2226",
    "theme.dark.textColor": "#e7e9ea",
    "theme.dark.borderColor": "#343b41",
}


@handle_errors
def main() -> None:
    """Serves the pages until the process is ended."""
    options = _parsed(sys.argv[1:])
    wide = not is_local(options.address)
    password = _password(wide or options.password, options.address)
    scheme = "https" if options.certificate else "http"
    if wide and not options.certificate:
        say("Without a certificate, the password and what is read can be seen on the way.", fg="yellow", err=True)
        say("  On a network that is not yours alone: --certificate cert.pem --key key.pem", err=True)
    place = "localhost" if options.address in ("0.0.0.0", "::") else options.address
    say(f"Docent is at {scheme}://{f'[{place}]' if ':' in place else place}:{options.port}  (Ctrl-C ends it)")
    sys.stdout.flush()
    sys.argv = [str(HERE / "main.py"), "--folder", options.folder, "--index", options.index, *[LOCKED] * bool(password)]
    sys.setswitchinterval(0.001)  # a page, with its many short steps, waits a fifth as long for torch's long import
    threading.Thread(target=_warm, args=(sys.argv[1:],), daemon=True).start()
    _serve(options, password, wide)


def _serve(options: argparse.Namespace, password: Password | None, wide: bool) -> None:
    import streamlit as st
    from starlette.middleware import Middleware

    door = Middleware(
        Access,
        names=host_names(options.address, options.name),
        wide=wide,
        password=password,
        secure=bool(options.certificate),
    )
    given = {"server.port": options.port, "server.address": options.address}
    if options.certificate:
        given |= {"server.sslCertFile": options.certificate, "server.sslKeyFile": options.key}
    st.App(HERE / "main.py", middleware=[door]).run(config={**_OPTIONS, **given})


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("--folder", "--index", "--address", "--certificate", "--key"):
        parser.add_argument(name, default="")
    parser.add_argument("--port", type=int)
    parser.add_argument("--name", action="append", default=[])
    parser.add_argument("--password", action="store_true")
    return parser.parse_args(arguments)


def _password(is_needed: bool, address: str) -> Password | None:
    """Returns the password, asked for or from the environment, where it is removed so that no child process has it.
    Raises InvalidInput."""
    given = os.environ.pop(_VARIABLE, "")
    if given or not is_needed:
        return Password.of(given) if given else None
    if not sys.stdin.isatty():
        raise InvalidInput(
            f"Docent at {address} needs a password of at least {SHORTEST} characters.",
            f"Set it in the variable {_VARIABLE}, or start Docent in a terminal, where it asks for one.",
        )
    return Password.of(click.prompt("Password for the pages", hide_input=True, confirmation_prompt=True, err=True))


def _warm(arguments: list[str]) -> None:
    with contextlib.suppress(Exception):  # the page meets it again, and shows it
        desk_of(*folder_and_index(arguments)).warm()


if __name__ == "__main__":
    main()
