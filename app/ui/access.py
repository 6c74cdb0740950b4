"""Decides who may talk to the server, before Streamlit sees a request: pages, pictures, uploads and the websocket
alike.

A request must name this machine (so another site's name that was pointed here is refused), must not come from another
site's page, and, if there is a password, must carry the token of someone who logged in. Response headers tell the
browser to load nothing from elsewhere and to show Docent in no other page.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import socket
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from functools import cache
from http.cookies import CookieError, SimpleCookie
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.privacy.password import Attempts, Password, Session, Sessions

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_COOKIE = "docent"
_HEALTH = "/_stcore/health"  # says 'ok' and no more
_CLOSED = ("/_stcore/agent", "/_stcore/metrics")  # what Docent has no use for
_LONGEST_FORM = 8192  # bytes
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # without any, browsers would not say that the log-in form is from here
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
# Streamlit's own scripts come from its server, and those of `app.ui.steer` as blobs; its styles are made in the page.
# The one inline script of its page serves pre-rendering services; it is blocked and not missed.
_POLICY = (
    "default-src 'self'; script-src 'self' blob: 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' {sockets} data: blob:; "
    "media-src 'self' blob:; worker-src 'self' blob:; frame-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def is_local(address: str) -> bool:
    """Whether only this machine can reach a server at this address."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def host_names(address: str, others: Collection[str] = ()) -> frozenset[str]:
    """Returns the names by which a browser may call the server at this address, apart from numeric addresses (see
    `Access`)."""
    own = socket.gethostname().lower()
    wider = () if is_local(address) else (own, f"{own}.local")
    return LOCAL | {name.lower() for name in (address, *wider, *others)}


class Access:
    """An ASGI application in front of another. Browsers may call it by `names`, and if it is `wide`, by any address
    that this machine currently has. Without a password, every request that passes these checks is let in."""

    def __init__(
        self, app: App, names: Collection[str] = LOCAL, wide: bool = False, password: Password | None = None,
        secure: bool = False,
    ) -> None:  # fmt: skip
        self._app, self._names, self._wide, self._password, self._secure = app, names, wide, password, secure
        self._attempts, self._sessions = Attempts(), Sessions()
        self._checking = asyncio.Lock()  # one at a time: each takes memory and a core

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        asked = _Asked(scope)
        if not self._is_named(asked):
            return await _refuse(scope, send, 421, "Docent is not to be reached by this name.")
        if asked.is_foreign:
            return await _refuse(scope, send, 403, "Docent does not answer other sites.")
        if asked.path.startswith(_CLOSED):
            return await _refuse(scope, send, 404, "There is nothing here.")
        send = self._with_headers(send, asked)
        if self._password is None or asked.path == _HEALTH:
            return await self._app(scope, receive, send)
        session = self._sessions.find(asked.token, time.monotonic())
        if scope["type"] == "websocket":
            return await self._socket(scope, receive, send, session)
        if asked.path == "/logout" and session:
            self._sessions.end(asked.token)
            return await _to(send, "/", self._cookie("", 0))
        if asked.path == "/login" and scope["method"] == "POST":
            return await self._login(asked, receive, send)
        if session and asked.path == "/login":
            return await _to(send, "/")
        if session:
            return await self._app(scope, receive, send)
        if scope["method"] == "GET" and "text/html" in asked.header("accept"):
            return await _page(send, 401, "")
        return await _refuse(scope, send, 401, "Log in first.")

    def _is_named(self, asked: _Asked) -> bool:
        if asked.name in self._names:
            return True
        return self._wide and asked.name in _addresses()

    async def _login(self, asked: _Asked, receive: Receive, send: Send) -> None:
        form = await _form(receive)
        now = time.monotonic()
        if wait := self._attempts.begin(asked.client, now):
            told = f"Too many tries. Wait {math.ceil(wait)} s."
            return await _page(send, 429, told, ("retry-after", str(math.ceil(wait))))
        assert self._password
        async with self._checking:
            is_right = await asyncio.to_thread(self._password.matches, form.get("password", [""])[0])
        if not is_right:
            return await _page(send, 401, "That is not the password.")
        self._attempts.succeeded(asked.client)
        token = self._sessions.begin(now)
        return await _to(send, "/", self._cookie(token, 7 * 24 * 3600))

    def _cookie(self, token: str, seconds: int) -> str:
        secure = "; Secure" if self._secure else ""
        return f"{_COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"

    async def _socket(self, scope: Scope, receive: Receive, send: Send, session: Session | None) -> None:
        """Lets a websocket live as long as its session."""
        if session is None:
            return await _refuse(scope, send, 403, "")
        over = False

        async def receive_while_open() -> Message:
            nonlocal over
            getting, ending = asyncio.ensure_future(receive()), asyncio.ensure_future(session.ended.wait())
            left = session.left(time.monotonic())
            await asyncio.wait({getting, ending}, timeout=max(0.0, left), return_when=asyncio.FIRST_COMPLETED)
            ending.cancel()
            if getting.done() and not session.ended.is_set():
                session.seen = time.monotonic()
                return getting.result()
            getting.cancel()
            if not over:
                over = True
                await send({"type": "websocket.close", "code": 1008})
            return {"type": "websocket.disconnect", "code": 1008}

        async def send_while_open(message: Message) -> None:
            if not over:
                await send(message)

        await self._app(scope, receive_while_open, send_while_open)
        return None

    def _with_headers(self, send: Send, asked: _Asked) -> Send:
        policy = _POLICY.format(sockets=f"ws://{asked.host} wss://{asked.host}")
        given = {**_HEADERS, "content-security-policy": policy}
        if self._password and not asked.path.startswith("/static/"):
            given["cache-control"] = "no-store"  # what others must not see stays in no cache

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                others = [(k, v) for k, v in message.get("headers", ()) if k.decode("latin-1").lower() not in given]
                ours = [(key.encode(), value.encode("latin-1")) for key, value in given.items()]
                message = {**message, "headers": [*others, *ours]}
            await send(message)

        return send_with_headers


class _Asked:
    """What the headers of a request say."""

    def __init__(self, scope: Scope) -> None:
        self._headers: list[tuple[bytes, bytes]] = list(scope["headers"])
        self._names = {key.lower() for key, _ in self._headers}
        self._is_socket: bool = scope["type"] == "websocket"
        self.path: str = scope["path"]
        self.host = self.header("host")
        self.name = _name(self.host)
        self.client = _network((scope.get("client") or ("?",))[0])

    def header(self, name: str) -> str:
        """Returns the value of a header; '' where it is missing or given twice."""
        found = [value for key, value in self._headers if key.lower() == name.encode()]
        return found[0].decode("latin-1") if len(found) == 1 else ""

    @property
    def is_foreign(self) -> bool:
        """Whether another site's page sent the request. A link to Docent may be followed from anywhere; a websocket
        must say where it comes from, as every browser does."""
        if self.header("sec-fetch-site") in ("cross-site", "same-site") and self.header("sec-fetch-mode") != "navigate":
            return True
        if b"origin" not in self._names:
            return self._is_socket
        origin = urlsplit(self.header("origin"))
        return origin.scheme not in ("http", "https") or origin.netloc.lower() != self.host.lower()

    @property
    def token(self) -> str:
        try:
            found = SimpleCookie(self.header("cookie")).get(_COOKIE)
        except CookieError:
            return ""
        return found.value if found else ""


def _name(host: str) -> str:
    """Returns a host without its port; '' for what is not a valid host."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return ""
    plain = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    return (parts.hostname or "").rstrip(".") if plain else ""


def _network(client: str) -> str:
    """Returns the network whose failures are counted together: an IPv4 address, or the IPv6 network of one
    household."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if address.version == 4:
        return client
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))


def _addresses() -> set[str]:
    import psutil

    return {one.address for held in psutil.net_if_addrs().values() for one in held}


async def _form(receive: Receive) -> dict[str, list[str]]:
    body, more = b"", True
    while more and len(body) <= _LONGEST_FORM:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False) and message["type"] == "http.request"
    return parse_qs(body[:_LONGEST_FORM].decode("utf-8", "replace"))


async def _refuse(scope: Scope, send: Send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the server says 403
    return await _answer(send, status, why.encode(), ("content-type", "text/plain; charset=utf-8"))


async def _page(send: Send, status: int, message: str, *headers: tuple[str, str]) -> None:
    body = _login_page().replace("{message}", message).encode()
    await _answer(send, status, body, ("content-type", "text/html; charset=utf-8"), *headers)


@cache
def _login_page() -> str:
    return files("app.ui").joinpath("login.html").read_text(encoding="utf-8")


async def _to(send: Send, place: str, cookie: str = "") -> None:
    await _answer(send, 303, b"", ("location", place), *([("set-cookie", cookie)] if cookie else []))


async def _answer(send: Send, status: int, body: bytes, *headers: tuple[str, str]) -> None:
    given = [*headers, ("content-length", str(len(body))), ("x-content-type-options", "nosniff")]
    encoded = [(key.encode(), value.encode("latin-1")) for key, value in given]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
