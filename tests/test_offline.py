"""Nothing leaves the machine: ingest, ask and a page run with every socket but localhost's refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Runs before the program does. Refusing is by an audit hook, which no library can go around from Python,
# and each attempt is written down, so that one that is caught and forgotten counts as well.
GUARD = """
import os, sys
def guard(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.bind"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else "localhost"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in (None, "", "localhost", "127.0.0.1", "::1"):
        with open(os.environ["GUARD_LOG"], "a") as log:
            log.write(f"{event} {host}\\n")
        raise OSError(f"refused: {event} {host}")
sys.addaudithook(guard)
"""


@pytest.fixture
def guarded(tmp_path):
    """Runs Python with the guard installed; returns what it printed and which outside hosts it tried."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard/sitecustomize.py").write_text(GUARD)
    log = tmp_path / "attempts"
    path = os.pathsep.join([str(tmp_path / "guard"), str(ROOT)])

    def run(*arguments: object):
        environment = {**os.environ, "PYTHONPATH": path, "GUARD_LOG": str(log)}
        environment.pop("HF_HUB_OFFLINE", None)
        done = subprocess.run(
            [sys.executable, *map(str, arguments)], capture_output=True, text=True, env=environment, timeout=300
        )
        return done, log.read_text().splitlines() if log.exists() else []

    return run


def test_the_guard_works(guarded):
    done, attempts = guarded("-c", "import urllib.request as u; u.urlopen('http://example.com', timeout=3)")
    assert done.returncode and attempts


@pytest.mark.slow
def test_ingest_and_ask_open_no_connection(guarded, folder, tmp_path):
    done, attempts = guarded("-m", "app.cli", "ingest", folder, "--index", tmp_path / "index")
    assert done.returncode == 0 and attempts == [], done.stderr
    done, attempts = guarded("-m", "app.cli", "ask", "How often is the filter cleaned?", "--index", tmp_path / "index")
    assert done.returncode == 0 and attempts == [], done.stderr
    assert "11 weeks" in done.stdout


@pytest.mark.slow
def test_a_page_opens_no_connection(guarded, folder, index_dir, tmp_path):
    program = f"""
import sys
from streamlit.testing.v1 import AppTest
sys.argv = ["main.py", "--folder", {str(folder)!r}, "--index", {str(index_dir)!r}]
page = AppTest.from_file({str(ROOT / "app/ui/main.py")!r}, default_timeout=60).run()
assert not page.exception, page.exception
"""
    done, attempts = guarded("-c", program)
    assert done.returncode == 0 and attempts == [], done.stderr
