"""Nothing leaves the machine: ingest, ask and a page run with every socket but localhost's refused."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from app.privacy import offline

ROOT = Path(__file__).parents[2]
CHILD = 'import subprocess, sys; subprocess.run([sys.executable, "-P", "-c", "{}"])'


@pytest.fixture
def guarded(tmp_path):
    """Runs Python with the guard installed; returns what it printed and which outside hosts it tried."""
    (tmp_path / "guard").mkdir()
    log = tmp_path / "attempts"
    environment = offline.guarded_environment(tmp_path / "guard", log)
    environment.pop("HF_HUB_OFFLINE", None)

    def run(*arguments: object):
        done = subprocess.run(
            [sys.executable, *map(str, arguments)], capture_output=True, text=True, env=environment, timeout=300
        )
        return done, log.read_text().splitlines() if log.exists() else []

    return run


@pytest.mark.parametrize(
    ("program", "attempt"),
    [
        ("import urllib.request as u; u.urlopen('http://example.com', timeout=3)", "socket.getaddrinfo example.com"),
        ("import socket; socket.socket(2, 2).sendto(b'x', ('192.0.2.1', 53))", "socket.sendto 192.0.2.1"),
        ("import socket; socket.socket().connect(('192.0.2.1', 9))", "socket.connect 192.0.2.1"),
        ("import socket; socket.socket().bind(('', 0))", "socket.bind "),
    ],
)
@pytest.mark.parametrize("around", ["{}", "try:\n {}\nexcept OSError: pass", CHILD])
def test_the_guard_refuses_and_remembers(guarded, program, attempt, around):
    assert guarded("-c", around.format(program))[1] == [attempt]


def test_the_guard_lets_this_machine_talk_to_itself(guarded):
    program = """
import socket
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(("localhost", server.getsockname()[1]))
a, b = socket.socketpair()
a.send(b"x")
"""
    done, attempts = guarded("-c", program)
    assert done.returncode == 0 and attempts == [], done.stderr


@pytest.mark.model
def test_ingest_and_ask_open_no_connection(guarded, folder, tmp_path):
    done, attempts = guarded("-m", "app.cli", "ingest", folder, "--index", tmp_path / "index")
    assert done.returncode == 0 and attempts == [], done.stderr
    done, attempts = guarded("-m", "app.cli", "ask", "How often is the filter cleaned?", "--index", tmp_path / "index")
    assert done.returncode == 0 and attempts == [], done.stderr
    assert "11 weeks" in done.stdout


@pytest.mark.model
def test_a_page_opens_no_connection(guarded, folder, index_dir):
    program = f"""
import sys
from streamlit.testing.v1 import AppTest
sys.argv = ["main.py", "--folder", {str(folder)!r}, "--index", {str(index_dir)!r}]
page = AppTest.from_file({str(ROOT / "app/ui/main.py")!r}, default_timeout=60).run()
assert not page.exception, page.exception
"""
    done, attempts = guarded("-c", program)
    assert done.returncode == 0 and attempts == [], done.stderr


# -- docent doctor --offline


def doctor_offline(**environment):
    command = [sys.executable, "-m", "app.cli", "doctor", "--offline", "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment}, timeout=900
    )
    return done.returncode, {check["name"]: check for check in json.loads(done.stdout)}


@pytest.mark.slow
def test_without_models_the_walk_says_what_it_left_out(tmp_path):
    rc, checks = doctor_offline(DOCENT_HOME=str(tmp_path), HF_HUB_OFFLINE="0")
    walk = checks["rehearsal"]
    assert walk["severity"] == "warning" and "a page drawn. Nothing tried to leave" in walk["message"], walk
    assert "answered (all-minilm-l6-v2 is not installed)" in walk["message"] and walk["remedy"]
    assert checks["environment"]["severity"] == "warning" and "HF_HUB_OFFLINE=0" in checks["environment"]["message"]
    assert "gather no statistics" in checks["settings"]["message"] and rc == any(
        check["severity"] == "error" for check in checks.values()
    )


@pytest.mark.model
def test_the_whole_walk_stays_on_this_machine():
    walk = doctor_offline()[1]["rehearsal"]
    assert walk["severity"] == "ok", walk
    assert "documents read, searched, answered, a page drawn" in walk["message"]


@pytest.mark.slow
def test_what_tries_to_leave_is_an_error(tmp_path, monkeypatch):
    """With a library, here a small one in another's place, that calls home and hides that it could not."""
    calling = "import socket\ntry:\n    socket.gethostbyname('home.example')\nexcept OSError:\n    pass\n"
    (tmp_path / "platformdirs.py").write_text(f"{calling}user_data_dir = lambda *a, **b: {str(tmp_path)!r}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    walk = next(iter(offline.run()))
    assert walk.severity == "error" and "socket.gethostbyname home.example" in walk.message


def test_sockets_that_reach_beyond_this_machine_are_told_from_those_that_do_not():
    me = psutil.Process()
    with socket.create_server(("127.0.0.1", 0)) as here, socket.create_connection(here.getsockname()):
        assert offline._outside([me]) == []
    with socket.create_server(("0.0.0.0", 0)) as wide:
        assert offline._outside([me]) == [(f"0.0.0.0:{wide.getsockname()[1]}", "")]
    for address, is_here in (("127.0.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("::", False),
                             ("192.0.2.1", False), ("fe80::1%eth0", False)):  # fmt: skip
        assert offline._is_here(address) == is_here
