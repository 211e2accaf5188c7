"""Jobs for worker processes, each with a fault of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deid.errors import EnvironmentBroken, MoreRoom
from deid.types import Reason


def load(value: int) -> int:
    return value


def load_and_die() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def load_and_miss() -> None:
    raise EnvironmentBroken("The model is missing.", "Get it.")


def load_and_raise() -> None:
    raise ValueError("DOE^JANE")


def describe(loaded: int) -> dict[str, str]:
    return {"value": str(loaded)}


def work(item: tuple[str, int], loaded: int) -> object:
    return _JOBS[item[0]](item[1], loaded)


def _hang(number: int, loaded: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(3600)


def _allocate(number: int, loaded: int) -> int:
    return len(bytearray(number))


def _touch(number: int, loaded: int) -> None:
    """Memory that no limit on the heap sees."""
    import mmap

    place = mmap.mmap(-1, number)
    while True:
        for start in range(0, number, 1 << 20):
            place[start : start + (1 << 20)] = bytes(1 << 20)


def _raise(number: int, loaded: int) -> None:
    raise ValueError("DOE^JANE")


def _sleep(number: int, loaded: int) -> int:
    time.sleep(number / 1000)
    return os.getpid()


_USED: list[int] = []
"""What this process did before, for jobs that want one of their own."""


def _use(number: int, loaded: int) -> int:
    _USED.append(number)
    return os.getpid()


def _alone(number: int, loaded: int) -> int:
    if _USED or number < 0:
        raise MoreRoom
    return _use(number, loaded)


def _signal(number: int, loaded: int) -> None:
    os.kill(os.getpid(), number)


def _leave_threads(number: int, loaded: int) -> int:
    return threading.active_count() * 0 + len([name for name in os.environ if os.environ[name] == "1" and "THREAD" in name])


def _core_limit(number: int, loaded: int) -> tuple[int, int]:
    import resource

    return resource.getrlimit(resource.RLIMIT_CORE)


def _foreign_answer(number: int, loaded: int) -> object:
    return _Foreign()


def _print(number: int, loaded: int) -> Reason:
    print("DOE^JANE", flush=True)
    print("DOE^JANE", file=sys.stderr, flush=True)
    os.write(2, b"DOE^JANE")
    return Reason("leak")


def _die_once(flag: str, loaded: int) -> int:
    if not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return loaded


def _probe(what: tuple[str, str], loaded: int) -> str:
    name, folder = what
    try:
        return PROBES[name](Path(folder)) or "done"
    except OSError as error:
        return type(error).__name__


def _write_and_rename(folder: Path) -> None:
    draft = folder / "write" / "sub" / "draft"
    draft.write_text("x" * 100_000)
    draft.rename(folder / "write" / "final")
    (folder / "write" / "new").mkdir()
    (folder / "write" / "final").unlink()


def _import(folder: Path) -> None:
    import xml.dom.minidom

    assert xml.dom.minidom


def _decode(folder: Path) -> None:
    import io

    import numpy as np
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(file, "JPEG")
    assert np.asarray(Image.open(file)).shape == (20, 30)


def _trace(folder: Path) -> str:
    import ctypes
    import errno

    libc = ctypes.CDLL(None, use_errno=True)
    return "done" if libc.ptrace(0, 0, 0, 0) == 0 else errno.errorcode[ctypes.get_errno()]


PROBES: dict[str, Callable[[Path], Any]] = {
    "read source": lambda folder: (folder / "source" / "file").read_text() and "done",
    "list source": lambda folder: list((folder / "source").iterdir()) and "done",
    "write and rename": _write_and_rename,
    "import": _import,
    "decode": _decode,
    "write source": lambda folder: (folder / "source" / "new").write_text("x"),
    "remove source": lambda folder: (folder / "source" / "file").unlink(),
    "read other": lambda folder: (folder / "other" / "file").read_text(),
    "list other": lambda folder: list((folder / "other").iterdir()),
    "write other": lambda folder: (folder / "other" / "new").write_text("x"),
    "read home": lambda folder: list(Path.home().iterdir()),
    "socket": lambda folder: socket.socket(),
    "unix socket": lambda folder: socket.socket(socket.AF_UNIX),
    "program": lambda folder: subprocess.run(["true"], check=True) and "done",
    "shell": lambda folder: subprocess.run("true", shell=True, check=True) and "done",
    "trace": _trace,
}


class _Foreign:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {Path(os.environ['DEID_STATE']) / 'owned'}",)


_JOBS = {
    "times": lambda number, loaded: number * loaded,
    "die-once": _die_once,
    "probe": _probe,
    "use": _use,
    "alone": _alone,
    "signal": _signal,
    "hang": _hang,
    "allocate": _allocate,
    "touch": _touch,
    "raise": _raise,
    "sleep": _sleep,
    "threads": _leave_threads,
    "core": _core_limit,
    "foreign": _foreign_answer,
    "print": _print,
}
