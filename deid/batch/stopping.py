"""What may end a run before its time: a person's wish, or folders that cannot be read or written."""

from __future__ import annotations

import contextlib
import errno
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from deid.errors import AuditBroken


@contextlib.contextmanager
def interruption(told: Callable[[], None] = lambda: None) -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C or SIGTERM into a wish, of which the caller is told; the second is an order."""
    wished = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        if wished.is_set():
            raise KeyboardInterrupt
        wished.set()
        told()

    if threading.current_thread() is not threading.main_thread():
        yield wished.is_set
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wished.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def written_or_told() -> Iterator[None]:
    """Turn what the system says about the folders of a job into a sentence without paths.

    Raises
    ------
    AuditBroken
        Where a folder of the job cannot be read or written.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if _is_full(error):
            message = "The disk of the output folder, or of DIR-held beside it, is full."
            raise AuditBroken(message, "Make room and run the same command again; it goes on.") from None
        name = errno.errorcode.get(getattr(error, "errno", None) or 0, type(error).__name__)
        message = f"The output folder, or DIR-held beside it, cannot be read or written ({name})."
        raise AuditBroken(message, "Make room, check the rights, and run again.") from None


def _is_full(error: OSError | sqlite3.Error) -> bool:
    full = (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "errno", None) in full or getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
