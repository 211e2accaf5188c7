"""The page's server side: a dozen addresses, each a few lines; what they mean is in the desk and the drop room."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from deid.errors import DeidError
from deid.review.decisions import Malformed
from deid.review.desk import Desk, Item
from deid.review.house import House
from deid.review.pictures import Look

_STATIC: Final = Path(__file__).with_name("static")
_FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/review.js": ("review.js", "text/javascript; charset=utf-8"),
    "/review.css": ("review.css", "text/css; charset=utf-8"),
    "/favicon.svg": ("favicon.svg", "image/svg+xml"),
}


def make_app(house: House) -> Starlette:
    """Make the application over a house of desks; `Guard` stands in front of it."""
    addresses = _Addresses(house)
    posts: dict[str, Callable[[Request], Any]] = {
        "/api/session": addresses.sign,
        "/api/items/{item}/decide": addresses.decide,
        "/api/items/{item}/spread": addresses.spread,
        "/api/sample": addresses.sample,
        "/api/drop": addresses.receive,
        "/api/drop/run": addresses.run_dropped,
    }
    gets: dict[str, Callable[[Request], Any]] = {
        "/api/state": addresses.state,
        "/api/facts": addresses.facts,
        "/api/items/{item}": addresses.detail,
        "/api/items/{item}/frames/{frame:int}": addresses.overview,
        "/api/items/{item}/frames/{frame:int}/{row:int}/{column:int}": addresses.tile,
        "/api/drop/clean.zip": addresses.clean_files,
    }
    routes = [Route(path, _static, methods=["GET"]) for path in _FILES]
    routes += [Route(path, function, methods=["GET"]) for path, function in gets.items()]
    routes += [Route(path, function, methods=["POST"]) for path, function in posts.items()]
    handlers: dict[Any, Any] = {Malformed: _malformed, DeidError: _refused, OSError: _unreadable}
    return Starlette(routes=routes, exception_handlers=handlers)


async def _static(request: Request) -> Response:
    name, media = _FILES[request.url.path]
    return Response((_STATIC / name).read_bytes(), media_type=media)


class _Addresses:
    def __init__(self, house: House) -> None:
        self._house = house

    # -- reading

    async def state(self, request: Request) -> Response:
        return JSONResponse(self._house.state())

    async def facts(self, request: Request) -> Response:
        return JSONResponse(self._house.facts())

    async def detail(self, request: Request) -> Response:
        desk, item = self._item(request)
        return JSONResponse(await run_in_threadpool(desk.detail, item))

    async def overview(self, request: Request) -> Response:
        desk, item = self._item(request)
        frame = self._frame(desk, item, request)
        return _picture(await run_in_threadpool(desk.pictures.overview, item.one.path, frame, _look(request)))

    async def tile(self, request: Request) -> Response:
        desk, item = self._item(request)
        frame = self._frame(desk, item, request)
        row, column = request.path_params["row"], request.path_params["column"]
        return _picture(await run_in_threadpool(desk.pictures.tile, item.one.path, frame, _look(request), row, column))

    async def clean_files(self, request: Request) -> Response:
        path = await run_in_threadpool(self._house.drop.packed)
        if path is None:
            raise HTTPException(404)
        return FileResponse(path, media_type="application/zip", filename="clean.zip")

    # -- deciding

    async def sign(self, request: Request) -> Response:
        self._house.sign(await _json(request))
        return JSONResponse({"signed": True})

    async def decide(self, request: Request) -> Response:
        desk, item = self._item(request)
        sent = await _json(request)
        await run_in_threadpool(desk.decide, item, sent, self._house.signature)
        return JSONResponse(self._house.state())

    async def spread(self, request: Request) -> Response:
        desk, item = self._item(request)
        sent = await _json(request)
        return JSONResponse({"files": await run_in_threadpool(desk.spread, item, sent)})

    async def sample(self, request: Request) -> Response:
        sent = await _json(request)
        share = sent.get("share") if isinstance(sent, dict) else None
        if not isinstance(share, float | int) or not 0 < share <= 1:
            raise Malformed("A sample is a share between 0 and 1.")
        files = await run_in_threadpool(self._house.sample, float(share))
        return JSONResponse({"files": files, **self._house.state()})

    # -- dropped files

    async def receive(self, request: Request) -> Response:
        await self._house.drop.receive(request.headers.get("x-file-name", ""), request.stream())
        return JSONResponse(self._house.state())

    async def run_dropped(self, request: Request) -> Response:
        await _json(request)
        await asyncio.to_thread(self._house.drop.run)
        return JSONResponse(self._house.state())

    # -- within

    def _item(self, request: Request) -> tuple[Desk, Item]:
        found = self._house.item(request.path_params["item"])
        if found is None:
            raise HTTPException(404)
        return found

    def _frame(self, desk: Desk, item: Item, request: Request) -> int:
        frame: int = request.path_params["frame"]
        if frame >= desk.frames(item):
            raise HTTPException(404)
        return frame


def _look(request: Request) -> Look:
    """The look that the query asks for: ``look=2``, or ``low=0.1&high=0.4``."""
    try:
        if "low" in request.query_params:
            return Look(0, round(float(request.query_params["low"]), 3), round(float(request.query_params["high"]), 3))
        return Look(int(request.query_params.get("look", "0")))
    except (ValueError, KeyError):
        raise HTTPException(400) from None


def _picture(data: bytes) -> Response:
    if not data:
        raise HTTPException(404)
    return Response(data, media_type="image/png" if data.startswith(b"\x89PNG") else "image/jpeg")


async def _json(request: Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise HTTPException(415)
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise Malformed("This is not what the page sends.") from None


async def _malformed(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=422)


async def _refused(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=409)


async def _unreadable(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "The file cannot be read or written any more."}, status_code=409)
