"""A folder into which people drop files: looked at again and again, a file is ready when it has stopped changing.

Looking is the truth. Events of the system lose files when whole folders are moved or copied in, and do not exist on network
shares; nothing here depends on them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deid.batch.walk import Found

# Names that programs give to files while they write them: browsers, office suites, file synchronisers, network file systems.
_UNFINISHED: Final = re.compile(r"\..*|~.*|.*~|.*\.(part|partial|crdownload|download|filepart|tmp|temp|swp|lock)", re.IGNORECASE)
# Kinds that are whole files at any moment while they grow page by page: scanners close and open them again, 4 to 6 s apart.
_GROWING: Final = (".tif", ".tiff", ".dcm", ".pdf", ".avi", ".mp4", ".mov", ".zip", "")

Signature = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Times:
    """When a file is ready, in seconds.

    `settle` after its last change, `settle_growing` for kinds that grow page by page; a file in a dropped folder waits for the
    whole folder, but never longer than `patience`. `retry` is the first pause before a file that could not be read is tried again;
    it doubles up to `retry_most`. `look` is the shortest time between two looks.
    """

    settle: float = 3.0
    settle_growing: float = 10.0
    patience: float = 120.0
    retry: float = 5.0
    retry_most: float = 300.0
    look: float = 1.0


@dataclass(slots=True)
class _Waiting:
    """A file that is not ready: how it looked last, since when, and when it was first seen."""

    signature: Signature
    since: float
    first: float


class DropFolder:
    """What lies in a drop folder, and what of it is ready. All times are given by the caller, from one steady clock."""

    def __init__(self, folder: Path, times: Times | None = None) -> None:
        self._folder = folder
        self._times = times or Times()
        self._waiting: dict[str, _Waiting] = {}
        self._handled: dict[str, Signature] = {}
        self._again: dict[str, tuple[float, float]] = {}

    @property
    def waiting(self) -> int:
        """Number of files that are still changing, or wait for their folder."""
        return len(self._waiting)

    @property
    def retrying(self) -> int:
        """Number of files that will be tried again though they have not changed."""
        return len(self._again)

    def look(self, now: float) -> None:
        """Look at everything in the folder.

        Raises
        ------
        OSError
            Where the folder itself cannot be read: a share that is not there. Nothing is forgotten then.
        """
        seen = dict(_entries(self._folder))
        for path, signature in seen.items():
            if self._handled.get(path) == signature and not self._is_due(path, now):
                continue
            waiting = self._waiting.get(path)
            if waiting is None:
                self._waiting[path] = _Waiting(signature, now, now)
            elif waiting.signature != signature:
                waiting.signature, waiting.since = signature, now
        for known in (self._waiting, self._handled, self._again):
            for path in [path for path in known if path not in seen]:
                del known[path]

    def take(self, now: float) -> list[Found]:
        """Take what is ready, in order; each is reported back with `handled`."""
        ready = {path for path, waiting in self._waiting.items() if now - waiting.since >= self._settle(path)}
        unsettled = {self._item(path) for path in self._waiting if path not in ready}
        taken = sorted(
            path for path in ready if self._item(path) not in unsettled or now - self._waiting[path].first >= self._times.patience
        )
        for path in taken:
            self._handled[path] = self._waiting.pop(path).signature
        return [Found(Path(path), Path(self._item(path))) for path in taken]

    def is_unchanged(self, found: Found) -> bool:
        """Tell whether a file is still as it was when it was taken."""
        try:
            return _signature(found.path.lstat()) == self._handled.get(str(found.path))
        except OSError:
            return False

    def handled(self, found: Found, now: float, *, again: bool) -> None:
        """Note what came of a file; `again` where it may go better another time without any change to it."""
        path = str(found.path)
        if again:
            _, last = self._again.get(path, (0.0, self._times.retry / 2))
            pause = min(last * 2, self._times.retry_most)
            self._again[path] = (now + pause, pause)
        else:
            self._again.pop(path, None)

    def give_back(self, found: Found) -> None:
        """Forget that a file was taken: its turn did not come."""
        self._handled.pop(str(found.path), None)

    def _is_due(self, path: str, now: float) -> bool:
        return path in self._again and self._again[path][0] <= now

    def _settle(self, path: str) -> float:
        growing = os.path.splitext(path)[1].lower() in _GROWING  # noqa: PTH122 - thousands of times a second
        return self._times.settle_growing if growing else self._times.settle

    def _item(self, path: str) -> str:
        """What was dropped: the file itself, or the folder in the drop folder that it lies in."""
        top = path[len(str(self._folder)) + 1 :].partition("/")[0]
        return f"{self._folder}/{top}"


def is_unfinished(name: str) -> bool:
    """Tell from its name whether a program is still writing a file, or hides it."""
    return _UNFINISHED.fullmatch(name) is not None


def _entries(folder: Path) -> Iterator[tuple[str, Signature]]:
    """Every file below a folder; a folder in it that cannot be read counts as a file."""
    folders = [str(folder)]
    while folders:
        place = folders.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if is_unfinished(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        yield from _one(entry)
        except OSError:
            if place == str(folder):
                raise
            yield place, (0, 0, 0, 0)


def _one(entry: os.DirEntry[str]) -> Iterator[tuple[str, Signature]]:
    try:
        yield entry.path, _signature(entry.stat(follow_symlinks=False))
    except FileNotFoundError:  # it went while we looked
        return


def _signature(found: os.stat_result) -> Signature:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
