"""Keeps everyone else out: this computer only, one browser only, no foreign page, nothing on the browser's disk."""

from __future__ import annotations

import contextlib
import hmac
import secrets
import time
from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# JSON of a decision with a thousand boxes stays far below this; dropped files have a limit of their own.
_MOST_BYTES: Final = 1_000_000
_MOST_PATH: Final = 512

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", _POLICY.encode()),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), clipboard-read=()"),
)
_TEXTS: Final = {
    400: "This request is not well formed.",
    403: "This page belongs to another browser window. Stop `deid review` and start it again to get a new link.",
    405: "This page does not do that.",
    411: "A request with a body must say how long it is.",
    413: "This is more than the page takes.",
    415: "Compressed requests are not taken.",
    421: "This name does not lead here.",
}


class Guard:
    """The door in front of an application: every request passes all checks or is refused without a reason that helps an attacker.

    Parameters
    ----------
    app
        What is behind the door.
    port
        The port that the server listens on, on the loopback address.
    upload_bytes
        Most bytes of one dropped file.
    """

    def __init__(self, app: ASGIApp, port: int, upload_bytes: int) -> None:
        self._app = app
        self._hosts = tuple(f"{name}:{port}" for name in ("127.0.0.1", "localhost"))
        self._upload_bytes = upload_bytes
        self._token: str | None = secrets.token_urlsafe(32)
        # Cookies know no ports: the name keeps two reviews on one computer apart.
        self._cookie = f"deid-review-{port}={secrets.token_urlsafe(32)}"
        self.link = f"http://{self._hosts[0]}/?t={self._token}"
        self.last_use = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        headers = _headers(scope["headers"])
        status = self._refusal(scope, headers)
        if status:
            await _refuse(send, status)
        elif self._brings_token(scope):
            await self._trade(send)
        elif not self._has_cookie(headers):
            await _refuse(send, 403)
        else:
            if scope["path"] != "/api/state":
                self.last_use = time.monotonic()
            # The application has answered 500 by then; the message of a foreign error may quote a value, and ends here.
            with contextlib.suppress(Exception):
                await self._app(scope, receive, _closing(send))

    def _refusal(self, scope: Scope, headers: dict[bytes, list[bytes]]) -> int:
        """Status of the refusal, 0 where the request may go on to the cookie."""
        host = headers.get(b"host", [])
        if len(host) != 1 or host[0].decode("latin-1").lower() not in self._hosts:
            return 421
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405
        path = scope.get("raw_path") or scope["path"].encode()
        if len(path) > _MOST_PATH or any(part in path.lower() for part in (b"..", b"%2e", b"%2f", b"%5c", b"\\", b"%00", b"//")):
            return 400
        if headers.get(b"sec-fetch-site", [b"none"]) not in ([b"none"], [b"same-origin"]):
            return 403
        return self._body_refusal(scope, headers, host[0]) if scope["method"] == "POST" else 0

    def _body_refusal(self, scope: Scope, headers: dict[bytes, list[bytes]], host: bytes) -> int:
        if headers.get(b"origin") != [b"http://" + host.lower()]:
            return 403
        if b"content-encoding" in headers:
            return 415
        length = headers.get(b"content-length", [])
        if b"transfer-encoding" in headers or len(length) != 1 or not length[0].isdigit():
            return 411
        most = self._upload_bytes if scope["path"] == "/api/drop" else _MOST_BYTES
        return 413 if int(length[0]) > most else 0

    def _brings_token(self, scope: Scope) -> bool:
        if scope["path"] != "/" or scope["method"] != "GET" or self._token is None:
            return False
        return hmac.compare_digest(scope["query_string"], b"t=" + self._token.encode())

    async def _trade(self, send: Send) -> None:
        """Take the token, which works once, and give a cookie; the redirect takes the token out of the address bar."""
        self._token = None
        self.last_use = time.monotonic()
        cookie = f"{self._cookie}; HttpOnly; SameSite=Strict; Path=/".encode()
        await _answer(send, 303, b"", ((b"location", b"/"), (b"set-cookie", cookie)))

    def _has_cookie(self, headers: dict[bytes, list[bytes]]) -> bool:
        brought = [pair.strip() for line in headers.get(b"cookie", []) for pair in line.split(b";")]
        return any(hmac.compare_digest(pair, self._cookie.encode()) for pair in brought)


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        found.setdefault(name.lower(), []).append(value)
    return found


def _closing(send: Send) -> Send:
    """Add the headers that close the page to everyone else."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = {name for name, _ in _HEADERS}
            kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in ours]
            message = {**message, "headers": [*kept, *_HEADERS]}
        await send(message)

    return wrapped


async def _refuse(send: Send, status: int) -> None:
    await _answer(send, status, _TEXTS[status].encode())


async def _answer(send: Send, status: int, body: bytes, more: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    length = str(len(body)).encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", length), (b"connection", b"close")]
    start = {"type": "http.response.start", "status": status, "headers": [*headers, *more]}
    await _closing(send)(start)
    await send({"type": "http.response.body", "body": body})
