"""Serves the page to one browser on this computer, and stops by itself when nobody uses it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvicorn

from deid.batch.reviewed import Reviewed
from deid.batch.stopping import interruption
from deid.batch.tasks import Work
from deid.policy import Policy, load_policy
from deid.review.app import make_app
from deid.review.desk import Desk
from deid.review.drop import DropRoom
from deid.review.guard import Guard
from deid.review.house import House

_LOOPBACK: Final = "127.0.0.1"
# How often the server looks whether it is still needed, in seconds.
_LOOK: Final = 0.5
# A browser opens a handful of connections; more is no browser.
_MOST_CONNECTIONS: Final = 64


def serve(
    folder: Path | None,
    policy: Policy | None,
    tell: Callable[[str], None],
    *,
    idle_minutes: float = 30.0,
    sample: float = 0.0,
    work: Work | None = None,
) -> None:
    """Serve the page until it is idle or interrupted.

    Parameters
    ----------
    folder
        The clean folder to review; None to take dropped files only.
    policy
        The policy; that of the folder's run where it is left out.
    tell
        Called with the page's address when it can be opened.
    idle_minutes
        The server stops when nobody used it for so long.
    sample
        Share of the released files to look at as well, 0-1.
    work
        What workers do.

    Raises
    ------
    UsageError
        Where no run has made the folder.
    FolderRefused
        Where a run or another review has it.
    """
    desk = Desk(Reviewed(folder, policy, work)) if folder is not None else None
    chosen = policy or (desk.policy if desk else load_policy("posting"))
    house = House(desk, DropRoom(chosen, work))
    try:
        if sample:
            house.sample(sample)
        with interruption() as asked, socket.create_server((_LOOPBACK, 0)) as listener:
            guard = Guard(make_app(house), listener.getsockname()[1], chosen.max_file_mb * 1_000_000)
            tell(guard.link)
            asyncio.run(_run(guard, house, listener, idle_minutes * 60, asked))
    finally:
        house.close()


async def _run(guard: Guard, house: House, listener: socket.socket, idle_seconds: float, asked: Callable[[], bool]) -> None:
    # No access log: addresses and names have no business in a log.
    config = uvicorn.Config(
        guard,
        log_config=None,
        access_log=False,
        lifespan="off",
        http="h11",
        ws="none",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    watching = asyncio.create_task(_stop_in_time(server, guard, house, idle_seconds, asked))
    try:
        await server.serve(sockets=[listener])
    finally:
        watching.cancel()


async def _stop_in_time(server: uvicorn.Server, guard: Guard, house: House, idle_seconds: float, asked: Callable[[], bool]) -> None:
    while not server.should_exit:
        if house.busy:
            guard.last_use = time.monotonic()
        if asked() or time.monotonic() - guard.last_use > idle_seconds:
            server.should_exit = True
        await asyncio.sleep(_LOOK)
