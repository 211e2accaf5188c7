"""Requests that no button of the page sends: each is refused, and nothing of a picture comes back."""

import asyncio
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest

from tests.unit.review.folder import WHO, Server, go, put

PICTURE = "/api/items/{item}/frames/0"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    place = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEID_STATE", str(place / "state"))
        go(put(place / "case", 2), place / "clean")
        with Server(place / "clean") as server:
            token = server.link.partition("t=")[2]
            assert server.ask("/")[0] == 403
            assert server.ask("/?t=" + "A" * len(token))[0] == 403
            server.log_in()
            yield server
        assert server.stop() == ""


@pytest.fixture(scope="module")
def item(server):
    return server.items()[0]["id"]


def test_the_page_itself_is_served(server, item):
    assert server.get("/")[0] == 200
    status, _, body = server.get(PICTURE.format(item=item))
    assert status == 200
    assert body.startswith(b"\x89PNG")


@pytest.mark.parametrize("path", ["/", "/api/state", "/api/facts", PICTURE, "/review.js"])
def test_without_the_cookie_nothing_is_shown(server, item, path):
    assert server.ask(path.format(item=item))[0] == 403
    other = "B" if server.cookie.endswith("A") else "A"
    assert server.ask(path.format(item=item), Cookie=server.cookie[:-1] + other)[0] == 403


def test_the_link_works_once(server):
    status, _, body = server.ask(server.link.partition(str(server.port))[2])
    assert status == 403
    assert b"start it again" in body


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:{other}", "0.0.0.0:{port}", ""])
def test_another_name_does_not_lead_here(server, host):
    assert server.get("/api/state", Host=host.format(port=server.port, other=server.port + 1))[0] in (400, 421)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none, cross-site"])
def test_a_foreign_page_cannot_load_anything(server, item, site):
    assert server.get(PICTURE.format(item=item), Sec_Fetch_Site=site)[0] == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:{port}", "https://127.0.0.1:{port}", None])
def test_a_foreign_page_cannot_change_anything(server, item, origin):
    sent = {"action": "approve", "added": [], "removed": []}
    wrong = origin.format(port=server.port) if origin else None
    assert server.post(f"/api/items/{item}/decide", sent, Origin=wrong)[0] == 403


def test_a_form_of_a_foreign_page_cannot_change_anything(server, item):
    body = b'{"action": "approve"}'
    assert server.post(f"/api/items/{item}/decide", body, Content_Type="text/plain")[0] == 415


@pytest.mark.parametrize(
    "path",
    [
        "/../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2fpyproject.toml",
        "/review.js%00.png",
        "/..\\..\\state.db",
        "//etc/passwd",
        "/api/items/" + "a" * 600,
    ],
)
def test_paths_lead_nowhere(server, path):
    assert server.get(path)[0] in (400, 404)


@pytest.mark.parametrize(
    "path", ["/audit.jsonl", "/api/items/1/frames/0", "/api/items/{item}/frames/9", "/api/drop/clean.zip", "/docs"]
)
def test_what_is_not_there_is_not_found(server, item, path):
    assert server.get(path.format(item=item))[0] == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_other_methods_are_refused(server, method):
    assert server.ask("/api/state", method, Cookie=server.cookie)[0] == 405


def test_the_page_cannot_be_framed_or_kept(server):
    for path in ("/", "/api/state", "/review.js", "/favicon.svg", "/nothing"):
        headers = server.get(path)[1]
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Server"] is None


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(tmp_path, monkeypatch):
    monkeypatch.setenv("DEID_STATE", str(tmp_path))
    with Server() as server:
        _, headers, _ = server.ask(server.link.partition(str(server.port))[2])
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(headers["Set-Cookie"].split("; "))
        assert headers["Location"] == "/"


def test_too_large_a_body_is_refused_before_it_is_read(server):
    assert server.post("/api/session", b"", Content_Length=str(10_000_000))[0] == 413
    assert server.post("/api/drop", b"", Content_Length=str(10**12), X_File_Name="a.png")[0] == 413


def test_a_body_without_a_length_or_with_a_packed_one_is_refused(server):
    assert server.post("/api/session", WHO, Content_Length=None)[0] == 411
    assert server.post("/api/session", b"0\r\n\r\n", Content_Length=None, Transfer_Encoding="chunked")[0] == 411
    assert server.post("/api/session", WHO, Content_Encoding="gzip")[0] == 415


def test_a_zip_bomb_is_not_unpacked(server, tmp_path):
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("bomb.png", bytes(50_000_000))
    assert server.post("/api/drop", file.getvalue(), X_File_Name="bomb.zip", Content_Type="")[0] == 200
    state = json.loads(server.post("/api/drop/run", {})[2])
    while state["drop"]["running"]:
        state = json.loads(server.get("/api/state")[2])
    assert [outcome["status"] for outcome in state["drop"]["outcomes"]] == ["failed"]


@pytest.mark.parametrize("name", ["", "%00", "..", "../..", ".hidden", "a" * 300, "%2e%2e%2f%2e%2e%2f"])
def test_names_of_dropped_files_lead_nowhere(server, name):
    assert server.post("/api/drop", b"x", X_File_Name=name, Content_Type="")[0] == 422


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[" * 100_000,
        b"[]",
        b'{"action": "release"}',
        b'{"action": "approve", "added": [{}]}',
        b'{"action": "approve", "added": [{"category": "name", "frames": [0, 1], "polygon": [[0, 0], [1, 1]]}]}',
        b'{"action": "approve", "added": [{"category": "name", "frames": [0, 2], "polygon": [[0, 0], [9, 0], [9, 9]]}]}',
        b'{"action": "approve", "added": [{"category": "name", "frames": [0, 1], "polygon": [[0, 0], [9, 0], [9, 1e9]]}]}',
        b'{"action": "approve", "added": [{"category": "name", "frames": [0, 1], "polygon": [[0, 0], [9, 0], [9, 99999]]}]}',
        b'{"action": "approve", "added": [{"category": "secret", "frames": [0, 1], "polygon": [[0, 0], [9, 0], [9, 9]]}]}',
        b'{"action": "approve", "removed": [{"box": 0}]}',
        b'{"action": "approve", "removed": [{"box": -1, "reason": "technical"}]}',
        b'{"action": "approve", "removed": [{"box": true, "reason": "technical"}]}',
        b'{"action": "approve", "removed": {"0": "technical"}}',
    ],
)
def test_malformed_decisions_are_refused(server, item, sent):
    assert server.post("/api/session", WHO)[0] == 200
    assert server.post(f"/api/items/{item}/decide", sent)[0] == 422
    assert server.items()[0]["state"] == "waiting"


@pytest.mark.parametrize(
    "who",
    [
        {},
        {"reviewer": "<b>"},
        {"reviewer": "DOE^JANE"},
        {"reviewer": "RT", "platform": "everywhere"},
        {"reviewer": "RT", "consent": "Jane Doe"},
    ],
)
def test_who_reviews_is_no_place_for_anything_else(server, who):
    assert server.post("/api/session", who)[0] == 422


def test_an_error_that_quotes_a_value_stays_inside(capfd):
    from starlette.applications import Starlette
    from starlette.routing import Route

    from deid.review.guard import Guard

    async def quoting(request):
        raise ValueError("DOE^JANE")

    guard = Guard(Starlette(routes=[Route("/", quoting)]), 1, 1)
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    def asked(query, *headers):
        headers = [(b"host", b"127.0.0.1:1"), *headers]
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": query, "headers": headers}
        whole = {**scope, "scheme": "http", "server": ("127.0.0.1", 1), "root_path": ""}
        # A thread of its own: a browser test before this one may have left a running loop in the main thread.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: asyncio.run(guard(whole, receive, send))).result()

    asked(guard.link.partition("?")[2].encode())
    cookie = next(value for name, value in sent[0]["headers"] if name == b"set-cookie").partition(b";")[0]
    sent.clear()
    asked(b"", (b"cookie", cookie))
    assert sent[0]["status"] == 500
    assert b"DOE" not in b"".join(message.get("body", b"") for message in sent)
    assert "DOE" not in "".join(capfd.readouterr())


def test_many_connections_that_say_nothing_do_not_stop_the_page(server):
    import socket

    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
    try:
        assert server.get("/api/state")[0] == 200
    finally:
        for connection in silent:
            connection.close()
