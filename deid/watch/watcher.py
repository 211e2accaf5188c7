"""A drop folder: files that are put in come out clean; it runs until it is stopped, and goes on where it was after a restart."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from deid.audit import LOG_NAME
from deid.batch.options import Options
from deid.batch.session import Session
from deid.batch.stopping import interruption, written_or_told
from deid.batch.walk import Found
from deid.errors import AuditBroken, FolderRefused, UsageError
from deid.keys import load_key, private_folder, state_folder
from deid.policy import Policy
from deid.types import Outcome, Status
from deid.watch.drop_folder import DropFolder, Times

# Looking may take this share of a core at most; a folder with many files is looked at less often.
_SHARE: Final = 0.005
_LONGEST_PAUSE: Final = 30.0
# Models are let go after so many seconds without work.
_REST: Final = 60.0
# A full disk or a share that is gone is looked at again after so many seconds.
_TROUBLE: Final = 10.0
_TICK: Final = 0.2
# Characters with a meaning of their own in a systemd unit.
_QUOTED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "%": "%%", "$": "$$"})


class Stop(Protocol):
    """Anything that can stop the watcher: `threading.Event`, for one."""

    def is_set(self) -> bool:
        """Tell whether it shall stop."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchOptions:
    """How a drop folder is watched.

    `processed` is the folder that finished sources are moved to; without it they stay. `once` ends when nothing is left to do.
    `notice` is told in a sentence of what the owner should know (a full disk, a share that is gone); it names no file.
    """

    processed: Path | None = None
    once: bool = False
    stop: Stop = field(default_factory=threading.Event)
    times: Times = field(default_factory=Times)
    notice: Callable[[str], None] = lambda text: None
    batch: Options = field(default_factory=Options)


def watch(drop: Path, out: Path, policy: Policy, options: WatchOptions | None = None) -> Iterator[Outcome]:
    """Watch a drop folder; yield an outcome for every file, as it is finished.

    A file is taken when it has stopped changing, whatever wrote it. One that changes later is taken again; one that could not be
    read is tried again, ever more rarely. Ends when it is stopped, by `options.stop`, Ctrl-C or SIGTERM; what is in hand is
    finished.

    Raises
    ------
    UsageError
        Where the drop folder does not exist.
    FolderRefused
        Where folders lie inside each other, or another watcher or run has one of them.
    AuditBroken
        Where the audit log does not hold together. A full disk is waited for.
    """
    options = options or WatchOptions()
    if not drop.is_dir():
        raise UsageError("The drop folder does not exist.", "Make it, or check the path.")
    drop = drop.resolve()
    _refuse_overlap(drop, out, options.processed)
    with interruption() as interrupted, _only_watcher(drop), _alarm(drop) as rung:
        watcher = _Watcher(drop, policy, options, rung, lambda: interrupted() or options.stop.is_set())
        while not watcher.is_over():
            try:
                with written_or_told():
                    yield from watcher.rounds(out)
            except AuditBroken as error:
                if not _may_pass(error):
                    raise
                options.notice("The output folder cannot be written: a full disk, or a share that is gone. It is tried again.")
                watcher.wait_for_folder(out)


class _Watcher:
    """The loop: look, take what is ready, process it, move finished sources."""

    def __init__(
        self, drop: Path, policy: Policy, options: WatchOptions, rung: threading.Event, stopping: Callable[[], bool]
    ) -> None:
        self._path = drop
        self._folder = DropFolder(drop, options.times)
        self._policy = policy
        self._options = options
        self._rung = rung
        self._stopping = stopping
        self._finished = False
        self._unreachable = False

    def is_over(self) -> bool:
        return self._finished or self._stopping()

    def rounds(self, out: Path) -> Iterator[Outcome]:
        """Work with one session until there is an end."""
        sources = [self._path, *filter(None, [self._options.processed])]
        with Session(sources, out, self._policy, self._options.batch) as session:
            _tell_systemd("READY=1")
            last_work = time.monotonic()
            while not self.is_over():
                began = time.process_time()
                ready = self._ready()
                cost = time.process_time() - began
                if ready:
                    yield from self._process(session, ready)
                    last_work = time.monotonic()
                elif self._options.once and not self._folder.waiting and not self._unreachable:
                    self._finished = True
                else:
                    if time.monotonic() - last_work > _REST:
                        session.rest()
                    self._wait(cost)

    def wait_for_folder(self, out: Path) -> None:
        """Wait until the clean folder is there again; a new one must not be begun where a share is gone."""
        self.pause(_TROUBLE)
        while not (out / LOG_NAME).is_file() and not self.is_over():
            self.pause(_TROUBLE)

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until the stop."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._stopping():
            time.sleep(_TICK)

    def _ready(self) -> list[Found]:
        try:
            self._folder.look(time.monotonic())
        except OSError:
            if not self._unreachable:
                self._options.notice("The drop folder cannot be read; it is tried again.")
            self._unreachable = True
            return []
        self._unreachable = False
        return self._folder.take(time.monotonic())

    def _wait(self, cost: float) -> None:
        """Wait until the next look is due; an event makes it come earlier."""
        pause = min(max(self._options.times.look, cost / _SHARE), _LONGEST_PAUSE)
        if self._folder.waiting:
            pause = min(pause, max(self._options.times.look, cost * 10))
        end = time.monotonic() + pause
        while time.monotonic() < end and not self._stopping():
            if self._rung.wait(_TICK):
                self._rung.clear()
                # A burst of events is one change: look once it has gone by.
                self.pause(min(pause, self._options.times.look))
                return

    def _process(self, session: Session, ready: Sequence[Found]) -> Iterator[Outcome]:
        try:
            yield from session.process(ready, len(ready), self._stopping, finished_too=False)
        except AuditBroken:
            for found in ready:
                self._folder.give_back(found)
            raise
        for found in ready:
            entry = session.entry(found.path)
            if entry is None or not entry.status:  # stopped before its turn
                self._folder.give_back(found)
                continue
            self._folder.handled(found, time.monotonic(), again=entry.may_pass)
            done = entry.status in (Status.CLEAN, Status.HELD)
            if done and self._options.processed is not None and self._folder.is_unchanged(found):
                self._move(session, found, self._options.processed)

    def _move(self, session: Session, found: Found, processed: Path) -> None:
        """Move a finished source; nothing that is there already is overwritten."""
        target = _free(processed.resolve() / found.path.relative_to(self._path), found.path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy_or_link(found.path, target)
            session.moved(found.path, target)
            found.path.unlink()
        except OSError:
            self._options.notice("A finished source could not be moved; it stays in the drop folder.")


def systemd_unit(command: Path, drop: Path, out: Path, processed: Path | None = None) -> str:
    """The text of a systemd user unit that watches a drop folder from login on; `command` is the program ``deid-toolkit``."""
    text = Path(__file__).with_name("deid-watch.service").read_text(encoding="utf-8")
    arguments = [str(command), "watch", str(drop), "--out", str(out), *(("--processed", str(processed)) if processed else ())]
    return text.replace("@COMMAND@", " ".join(f'"{part.translate(_QUOTED)}"' for part in arguments))


def _refuse_overlap(drop: Path, out: Path, processed: Path | None) -> None:
    for one, other in ((drop, processed), (out, processed)):
        if other is not None:
            first, second = Path(os.path.realpath(one)), Path(os.path.realpath(other))
            if first == second or first in second.parents or second in first.parents:
                raise FolderRefused("The folder for processed sources lies inside another folder of the job.", "Name one beside.")


@contextlib.contextmanager
def _only_watcher(drop: Path) -> Iterator[None]:
    """Hold the drop folder for this watcher; another one would take the same files."""
    folder = state_folder() / "watchers"
    private_folder(folder)
    code = load_key().code("watcher", os.fsencode(drop))
    handle = os.open(folder / code, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderRefused("Another watcher has this drop folder.", "Stop it, or use another folder.") from None
    else:
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _alarm(drop: Path) -> Iterator[threading.Event]:
    """An event that is set when something happens in the folder, where `watchfiles` is installed and the file system tells."""
    rung, ended = threading.Event(), threading.Event()
    try:
        from watchfiles import watch as events
    except ImportError:
        yield rung
        return

    def listen() -> None:
        # Whatever an event says, and whatever it leaves out, the look that it brings about sees everything.
        with contextlib.suppress(Exception):
            for _ in events(
                drop, stop_event=ended, watch_filter=None, debounce=200, rust_timeout=500, ignore_permission_denied=True
            ):
                rung.set()

    thread = threading.Thread(target=listen, name="deid-watch", daemon=True)
    thread.start()
    try:
        yield rung
    finally:
        ended.set()
        thread.join(2.0)


def _free(target: Path, source: Path) -> Path:
    """A name that is not taken, or is a link to the source already."""
    number = 1
    candidate = target
    while os.path.lexists(candidate) and not _same_file(candidate, source):
        number += 1
        candidate = target.with_name(f"{target.stem} ({number}){target.suffix}")
    return candidate


def _same_file(one: Path, other: Path) -> bool:
    return os.path.samestat(one.lstat(), other.lstat())


def _copy_or_link(source: Path, target: Path) -> None:
    """Make the target, whole or not at all, without overwriting anything."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:  # linked before the last stop
        return
    except OSError:
        draft = target.with_name(f".{target.name}.part")
        shutil.copy2(source, draft, follow_symlinks=False)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.rename(target)


def _may_pass(error: AuditBroken) -> bool:
    """Tell whether it is the disk, and not the audit log, that is broken."""
    return isinstance(error.__cause__ or error.__context__, OSError | sqlite3.Error)


def _tell_systemd(state: str) -> None:
    """Tell the service manager, where there is one."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(state.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)
