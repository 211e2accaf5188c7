"""Files dropped into the browser: a private folder for one session, a run like any other, a zip of what came out clean."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import threading
import zipfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from deid.batch import Options, Progress, run_with
from deid.batch.reviewed import Reviewed
from deid.batch.tasks import Work
from deid.errors import DeidError
from deid.keys import private_folder, state_folder
from deid.policy import Policy
from deid.review.decisions import Malformed
from deid.review.desk import Desk
from deid.review.queue import told
from deid.types import Outcome, Status

_MOST_FILES: Final = 2000
# Room that must stay on the disk, so that drafts and clean files fit as well.
_SPARE_BYTES: Final = 500_000_000
_MOST_NAME: Final = 200


class DropRoom:
    """A session's private folder (0700, in the state folder), made when the first file comes and removed when the server stops.

    Parameters
    ----------
    policy
        What is done to the files.
    work
        What workers do.
    """

    def __init__(self, policy: Policy, work: Work | None = None) -> None:
        self.policy = policy
        self._work = work or Work()
        self._root: Path | None = None
        self._lock = -1
        self._received = 0
        self._progress: Progress | None = None
        self._outcomes: dict[int, Outcome] = {}
        self._error = ""
        self._runner: threading.Thread | None = None
        self.desk: Desk | None = None
        _remove_abandoned(_sessions())

    @property
    def running(self) -> bool:
        """True while the dropped files are being worked on."""
        return self._runner is not None and self._runner.is_alive()

    def state(self) -> dict[str, Any]:
        """How far the files are, and what became of each."""
        outcomes = sorted(self._outcomes.values(), key=lambda outcome: outcome.source.number)
        progress = self._progress
        return {
            "received": self._received,
            "running": self.running,
            "phase": progress.phase if progress else "",
            "done": progress.done if progress else 0,
            "total": progress.total if progress else 0,
            "clean": Counter(outcome.status for outcome in outcomes)[Status.CLEAN] + self._released(),
            "error": self._error,
            "outcomes": [_told(outcome) for outcome in outcomes if outcome.status is not Status.HELD],
        }

    async def receive(self, quoted: str, chunks: AsyncIterator[bytes]) -> None:
        """Take one file in; its size was checked by the guard.

        Raises
        ------
        Malformed
            Where the name is not one, or there is no room for it.
        """
        if self.running:
            raise Malformed("Files are being worked on; drop more when that is done.")
        name = _plain_name(quoted)
        if self._received >= _MOST_FILES:
            raise Malformed(f"At most {_MOST_FILES} files at once; put them into a folder and use `deid redact`.")
        inbox = self._make() / "dropped"
        if shutil.disk_usage(inbox).free < _SPARE_BYTES:
            raise Malformed("There is no room on the disk.")
        path = _free(inbox / name)
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                async for chunk in chunks:
                    file.write(chunk)
        except BaseException:
            path.unlink()
            raise
        self._received += 1

    def run(self) -> None:
        """Begin to work on what was received.

        Raises
        ------
        Malformed
            Where nothing was received, or work goes on already.
        """
        if self.running or self._root is None or not self._received:
            raise Malformed("There is nothing to work on.")
        if self.desk is not None:
            self.desk.close()
            self.desk = None
        self._error = ""
        self._runner = threading.Thread(target=self._run, args=(self._root,), name="dropped", daemon=True)
        self._runner.start()

    def packed(self) -> Path | None:
        """A zip of the clean files and their audit log; None where there is none."""
        if self._root is None or self.desk is None:
            return None
        path = self._root / "clean.zip"
        handle = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as packed:
            for name, source in self.desk.outputs():
                packed.write(source, f"clean/{name}")
        return path

    def close(self) -> None:
        """Wait for what is in hand, then remove everything."""
        if self._runner is not None:
            self._runner.join()
        if self.desk is not None:
            self.desk.close()
            self.desk = None
        if self._root is not None:
            shutil.rmtree(self._root)
            os.close(self._lock)
            self._root = None

    def _released(self) -> int:
        return self.desk.released if self.desk is not None else 0

    def _run(self, root: Path) -> None:
        options = Options(progress=self._note, work=self._work)
        try:
            for outcome in run_with([root / "dropped"], root / "clean", self.policy, options):
                self._outcomes[outcome.source.number] = outcome
            self.desk = Desk(Reviewed(root / "clean", self.policy, self._work))
        except DeidError as error:
            self._error = str(error)
        except Exception as error:
            self._error = f"Unexpected {type(error).__name__}; nothing unproven was released."

    def _note(self, progress: Progress) -> None:
        self._progress = progress

    def _make(self) -> Path:
        if self._root is None:
            root = _sessions() / secrets.token_hex(8)
            private_folder(root / "dropped")
            self._lock = os.open(root / "lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._root = root
        return self._root


def _sessions() -> Path:
    folder = state_folder() / "sessions"
    private_folder(folder)
    return folder


def _remove_abandoned(sessions: Path) -> None:
    """Remove what a server that was killed left: nobody holds its lock."""
    for root in sessions.iterdir():
        handle = os.open(root / "lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with contextlib.closing(os.fdopen(handle)):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(root)


def _plain_name(quoted: str) -> str:
    """The last part of a name, as a file may be called; it tells names of patients, so it is kept."""
    name = unquote(quoted, errors="replace").replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in name if letter.isprintable()).strip()
    if not name or name.startswith(".") or len(name.encode()) > _MOST_NAME:
        raise Malformed("This file's name is not one that can be taken.")
    return name


def _free(path: Path) -> Path:
    """A path that is not taken."""
    number = 1
    found = path
    while os.path.lexists(found):
        number += 1
        found = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return found


def _told(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": Path(outcome.source.path.reveal()).name,
        "status": outcome.status.value,
        "findings": len(outcome.plan.findings),
        "reasons": [told(reason) for reason in outcome.reasons],
    }
