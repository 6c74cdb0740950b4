"""The door of the server: names, origins, the password and its limits, first by themselves, then at a real server."""

from __future__ import annotations

import asyncio
import datetime
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from app.privacy.password import Attempts, Password, Sessions
from app.ui.access import Access, host_names, is_local
from ingest.errors import InvalidInput

ROOT = Path(__file__).parents[2]
PASSWORD = "four plain words here"


# -- by themselves


@pytest.mark.slow
def test_a_password_is_kept_as_a_hash_only() -> None:
    password = Password.of(PASSWORD)
    assert password.matches(PASSWORD)
    for wrong in ("", PASSWORD[:-1], PASSWORD + " ", PASSWORD * 200, "\ud800"):
        assert not password.matches(wrong)
    assert Password.of(PASSWORD).digest != password.digest, "salted"
    assert PASSWORD not in repr(password) and PASSWORD.encode() not in password.salt + password.digest
    for unfit in ("", "short", "x" * 2000):
        with pytest.raises(InvalidInput):
            Password.of(unfit)


def test_failures_of_a_client_make_it_wait_longer_and_longer() -> None:
    tries, now, waits = Attempts(), 1000.0, []
    for _ in range(16):
        while wait := tries.begin("a", now):
            waits.append(wait)
            now += wait
    assert waits == [min(2.0**n, 900.0) for n in range(12)]
    assert tries.begin("b", now) == 0, "another client is not held back"
    assert tries.begin("a", now) == 900.0
    assert tries.begin("a", now + 3601) == 0, "an hour later it is forgotten"


def test_the_right_password_takes_the_failures_back() -> None:
    tries = Attempts()
    for _ in range(40):
        assert tries.begin("a", 5.0) == 0
        tries.succeeded("a")


def test_many_clients_together_have_to_wait_too() -> None:
    tries = Attempts()
    free = sum(tries.begin(f"10.0.0.{n}", 7.0) == 0 for n in range(200))
    assert free == 25
    assert 0 < tries.begin("10.9.9.9", 7.0) <= 60


def test_sessions_end_when_idle_when_old_and_when_told() -> None:
    sessions = Sessions()
    token = sessions.begin(0.0)
    assert sessions.find(token, 3600.0) and not sessions.find(token[:-1], 3600.0) and not sessions.find("", 0.0)
    assert not sessions.find(token, 3600.0 + 12 * 3600), "idle for half a day"
    busy = sessions.begin(0.0)
    assert all(sessions.find(busy, hour * 3600.0) for hour in range(1, 7 * 24))
    assert not sessions.find(busy, 7 * 24 * 3600.0)
    told = sessions.begin(0.0)
    session = sessions.find(told, 1.0)
    sessions.end(told)
    assert session and session.ended.is_set() and not sessions.find(told, 1.0)


def test_what_is_local_and_how_a_server_may_be_called() -> None:
    assert all(map(is_local, ("localhost", "127.0.0.1", "127.8.8.8", "::1")))
    assert not any(map(is_local, ("0.0.0.0", "::", "192.168.1.7", "example.org", "")))
    assert socket.gethostname().lower() not in host_names("localhost") - {"localhost"}
    assert {"localhost", socket.gethostname().lower(), "box.example"} <= host_names("0.0.0.0", ["Box.example"])


@dataclass
class Told:
    status: int
    headers: dict[str, str]
    body: bytes


def asked(door: Access, path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Told:
    """One request to the door, without a server. Headers by their names, with _ for -."""
    given = {"host": "localhost:8501", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http", "path": path, "method": method, "client": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(door(scope, receive, send))
    headers_of = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return Told(sent[0]["status"], headers_of, b"".join(message.get("body", b"") for message in sent[1:]))


async def inside(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Frame-Options", b"ALLOWALL")]})
    await send({"type": "http.response.body", "body": b"inside"})


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "evil.example:8501", "", "localhost@evil.example", "localhost/x",
     "127.0.0.1.nip.io", "localhost:99999999", "192.0.2.7", "[::2]", "0.0.0.0:8501"],
)  # fmt: skip
def test_another_name_for_this_machine_is_refused(host: str) -> None:
    assert asked(Access(inside), host=host).status == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8501", "127.0.0.1:9", "[::1]:8501", "localhost."])
def test_its_own_names_are_served_with_safe_headers(host: str) -> None:
    told = asked(Access(inside), host=host)
    assert (told.status, told.body) == (200, b"inside")
    policy = told.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "http://" not in policy
    assert "'unsafe-eval'" not in policy and "script-src 'self' blob: 'wasm-unsafe-eval';" in policy
    assert told.headers["x-frame-options"] == "DENY" and "X-Frame-Options" not in told.headers
    assert told.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"origin": "ftp://localhost:8501"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"},
        {"sec_fetch_site": "same-site", "sec_fetch_mode": "cors"},
    ],
)
def test_what_another_site_s_page_asks_is_refused(headers: dict[str, str]) -> None:
    assert asked(Access(inside), **headers).status == 403


def test_a_link_from_anywhere_may_be_followed() -> None:
    assert asked(Access(inside), sec_fetch_site="cross-site", sec_fetch_mode="navigate").status == 200
    assert asked(Access(inside), origin="http://localhost:8501", sec_fetch_site="same-origin").status == 200
    assert asked(Access(inside), "/_stcore/agent/mcp", "POST").status == 404


def test_without_the_password_there_is_the_form_and_nothing_else() -> None:
    door = Access(inside, password=Password.of(PASSWORD))
    form = asked(door, accept="text/html")
    assert form.status == 401 and b'type="password"' in form.body and b"inside" not in form.body
    for path in ("/media/x.png", "/static/js/index.js", "/_stcore/upload_file/a/b", "/_stcore/host-config", "/login/x"):
        for method in ("GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS"):
            assert asked(door, path, method, accept="*/*").status == 401
            assert asked(door, path, method, cookie="docent=guess").status == 401
    assert asked(door, "/_stcore/health").body == b"inside"
    wrong = asked(door, "/login", "POST", b"password=wrong")
    assert wrong.status == 401 and "set-cookie" not in wrong.headers
    assert asked(door, "/login", "POST", b"x" * 10**6).status == 401


def test_the_password_opens_and_logging_out_closes() -> None:
    door = Access(inside, password=Password.of(PASSWORD), secure=True)
    told = asked(door, "/login", "POST", f"password={PASSWORD.replace(' ', '+')}".encode())
    cookie = told.headers["set-cookie"]
    assert told.status == 303 and all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Secure", "Path=/"))
    token = cookie.partition(";")[0]
    assert asked(door, "/media/x.png", cookie=f"a=b; {token}").body == b"inside"
    assert asked(door, "/", cookie=token).headers["cache-control"] == "no-store"
    assert asked(door, "/", cookie=token, origin="http://evil.example").status == 403
    assert asked(door, "/logout", cookie=token).status == 303
    assert asked(door, "/media/x.png", cookie=token).status == 401


def test_tries_are_limited_and_then_even_the_right_one_waits() -> None:
    door = Access(inside, password=Password.of(PASSWORD))
    told = [asked(door, "/login", "POST", b"password=guess").status for _ in range(5)]
    right = asked(door, "/login", "POST", f"password={PASSWORD}".encode())
    assert told == [401, 401, 401, 401, 429] and right.status == 429 and int(right.headers["retry-after"]) >= 1
    assert b"Too many tries" in right.body


# -- at a real server


@dataclass
class Server:
    port: int
    process: subprocess.Popen[bytes]
    certificate: Path | None = None

    def ask(self, path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Told:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=30)
        if self.certificate:
            trusting = ssl.create_default_context(cafile=str(self.certificate))
            connection = http.client.HTTPSConnection("localhost", self.port, timeout=30, context=trusting)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(connection):
            connection.request(method, path, body, {"host": f"localhost:{self.port}", **given})
            answer = connection.getresponse()
            return Told(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def stream(self, host: str = "", origin: str | None = None, **headers: str) -> Any:
        """Streamlit's socket, opened as from a page of `origin` by the name of `host`."""
        host = host or f"localhost:{self.port}"
        origin = f"http://{host}" if origin is None else origin
        way = socket.create_connection(("127.0.0.1", self.port))
        place = f"ws://{host}/_stcore/stream"
        try:
            return connect(place, sock=way, origin=origin or None, additional_headers=headers, open_timeout=30)
        except InvalidStatus:
            way.close()
            raise

    def refuses_stream(self, **given: str) -> bool:
        try:
            with self.stream(**given):
                return False
        except InvalidStatus as refused:
            return refused.response.status_code == 403


def started(place: Path, *options: str, certificate: Path | None = None, **environment: str) -> Server:
    (place / "docs").mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "app.cli", "ui", "--folder", str(place / "docs"), "--index", str(place / "index")]
    command += ["--port", str(port), *options]
    given = {**os.environ, "DOCENT_HOME": str(place / "home"), **environment}
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, env=given, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    server = Server(port, process, certificate)
    for _ in range(240):
        if process.poll() is not None:
            break
        try:
            if server.ask("/_stcore/health").status == 200:
                return server
        except OSError:
            time.sleep(0.25)
    process.kill()
    pytest.fail(f"The server does not start:\n{(place / 'log').read_text()}")


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(tmp_path_factory.mktemp("open"))
    yield server
    server.process.terminate()
    server.process.wait(20)


@pytest.fixture(scope="module")
def locked_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(tmp_path_factory.mktemp("locked"), "--address", "0.0.0.0", DOCENT_PASSWORD=PASSWORD)
    yield server
    server.process.terminate()
    server.process.wait(20)


def listening(server: Server) -> set[str]:
    return {
        one.laddr.ip
        for one in psutil.Process(server.process.pid).net_connections("inet")
        if one.status == psutil.CONN_LISTEN
    }


@pytest.mark.slow
def test_a_server_told_nothing_listens_to_this_machine_only(open_server: Server) -> None:
    assert listening(open_server) == {"127.0.0.1"}
    page = open_server.ask(accept="text/html")
    assert (
        page.status == 200
        and b"Streamlit" in page.body
        and "default-src 'self'" in page.headers["content-security-policy"]
    )


def test_a_real_server_refuses_other_names_and_other_sites(open_server: Server) -> None:
    for host in ("evil.example", f"evil.example:{open_server.port}", "169.254.169.254"):
        assert open_server.ask(host=host).status == 421
        assert open_server.refuses_stream(host=host)
    for origin in ("http://evil.example", "null", f"http://localhost:{open_server.port + 1}"):
        assert open_server.ask(origin=origin).status == 403
        assert open_server.refuses_stream(origin=origin)
    assert open_server.refuses_stream(origin="")
    assert open_server.ask("/_stcore/upload_file/a/b", "PUT", b"x").status == 403, "Streamlit's own check is on"
    with open_server.stream():
        pass
    for path in ("/app/static/", "/static/", "/media/", "/static/../../../etc/passwd", "/component/../main.py"):
        assert b"Index of" not in (told := open_server.ask(path)).body and b"root:" not in told.body
        assert b"def main" not in told.body


@pytest.mark.slow
def test_nothing_of_a_locked_server_is_had_without_the_password(locked_server: Server) -> None:
    assert "0.0.0.0" in listening(locked_server)
    assert b'type="password"' in locked_server.ask(accept="text/html").body
    for path in ("/", "/documents", "/_stcore/host-config", "/media/a.png", "/static/js/index.js", "/favicon.png"):
        told = locked_server.ask(path)
        assert told.status == 401 and b"treamlit" not in told.body
    assert locked_server.ask("/_stcore/upload_file/a/b", "PUT", b"x" * 1000).status == 401
    assert locked_server.refuses_stream() and locked_server.refuses_stream(Cookie="docent=guess")
    assert locked_server.ask("/_stcore/health").body == b"ok"


def test_the_password_opens_a_locked_server_until_one_logs_out(locked_server: Server) -> None:
    origin = f"http://localhost:{locked_server.port}"
    kind = "application/x-www-form-urlencoded"
    assert locked_server.ask("/login", "POST", b"password=wrong", origin=origin, content_type=kind).status == 401
    form = f"password={PASSWORD.replace(' ', '+')}".encode()
    cookie = locked_server.ask("/login", "POST", form, origin=origin, content_type=kind).headers["set-cookie"]
    token = cookie.partition(";")[0]
    assert b"Streamlit" in locked_server.ask(accept="text/html", cookie=token).body
    assert "json" in locked_server.ask("/_stcore/host-config", cookie=token).headers["content-type"]
    with locked_server.stream(Cookie=token) as stream:
        assert locked_server.ask("/logout", cookie=token).status == 303
        with pytest.raises(ConnectionClosed):
            while True:
                stream.recv(20)
    assert locked_server.ask(cookie=token).status == 401 and locked_server.refuses_stream(Cookie=token)


def test_the_environment_of_a_locked_server_holds_no_password_for_its_children(locked_server: Server) -> None:
    for child in psutil.Process(locked_server.process.pid).children(recursive=True):
        assert "DOCENT_PASSWORD" not in child.environ()


@pytest.mark.slow
def test_with_a_certificate_it_speaks_https_only(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    options = ("--certificate", str(certificate), "--key", str(key), "--password")
    server = started(tmp_path / "place", *options, certificate=certificate, DOCENT_PASSWORD=PASSWORD)
    try:
        origin = f"https://localhost:{server.port}"
        told = server.ask("/login", "POST", f"password={PASSWORD}".encode(), origin=origin)
        assert told.status == 303 and "Secure" in told.headers["set-cookie"]
        with pytest.raises((OSError, http.client.HTTPException)):
            Server(server.port, server.process).ask()
    finally:
        server.process.terminate()
        server.process.wait(20)


def self_signed(place: Path) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
    named = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    (place / "cert.pem").write_bytes(named.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (place / "key.pem").write_bytes(secret)
    return place / "cert.pem", place / "key.pem"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "password", "said"),
    [
        (("--address", "0.0.0.0"), None, "needs a password"),
        (("--address", "::"), "short", "10 are the fewest"),
    ],
)
def test_wider_than_this_machine_it_does_not_start_without_a_password(
    options: tuple[str, ...], password: str | None, said: str, tmp_path: Path
) -> None:
    given = {**os.environ, "DOCENT_HOME": str(tmp_path), **({"DOCENT_PASSWORD": password} if password else {})}
    command = [sys.executable, "-m", "app.cli", "ui", "--port", "1", *options]
    done = subprocess.run(
        command, env=given, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1 and said in done.stderr and len(done.stderr.splitlines()) == 2
    assert json.dumps(done.stdout) == '""'
