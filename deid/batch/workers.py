"""Worker processes that may crash, hang or eat all memory: the file in hand is lost, the rest goes on.

Each worker has a pipe of its own and one job at a time, so a death names its job exactly and can block nobody else. Workers are
fresh interpreters: nothing of the caller's program runs in them, and a script needs no ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import io
import os
import pickle
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from deid.batch.sandbox import Cage, Sandbox, enter
from deid.errors import DeidError, EnvironmentBroken, MoreRoom

Item = TypeVar("Item")
Result = TypeVar("Result")

# How often the memory and the time of workers are looked at, in seconds.
_LOOK: Final = 0.1
# Loading models from a slow disk takes long; beyond this a worker does not start at all.
_START_SECONDS: Final = 300.0
# A worker that cannot even start is tried again this often before the run gives up.
_START_TRIES: Final = 3
# How long a worker that closed its pipe may take to be gone, in seconds.
_LAST_BREATH: Final = 5.0
# One thread a worker: more workers are the better use of the cores.
_ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
_VOCABULARY: Final = ("deid.types", "deid.errors", "deid.batch.tasks", "deid.batch.workers", "deid.batch.sandbox")
_BOOT: Final = (
    "import sys; from multiprocessing.connection import Connection; "
    "pipe = Connection(int(sys.argv[1])); sys.path[:] = pipe.recv(); "
    "from deid.batch.workers import serve; serve(pipe, int(sys.argv[2]))"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may take, and after how many jobs a worker makes room for a fresh one."""

    seconds: float
    memory_mb: int
    recycle: int = 500


@dataclass(frozen=True, slots=True)
class Lost:
    """A job that ended without a result: a code of `errors.REASONS` (crash, timeout, memory), and a signal or type."""

    code: str
    detail: str = ""


_NEEDS_ROOM: Final = Lost("room")
"""The answer of a worker that cannot take a job up beside what it keeps from earlier ones."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker does once, before its first job: enter its sandbox, ``loaded = load(*args)``, and tell the parent about it."""

    load: Callable[..., Any]
    args: tuple[Any, ...]
    describe: Callable[[Any], Any]
    sandbox: Sandbox = field(default_factory=Sandbox)


@dataclass(eq=False, slots=True)
class _Worker(Generic[Item]):
    process: subprocess.Popen[bytes]
    pipe: Connection
    lifeline: int
    started: float
    item: Item | None = None
    promised: Item | None = None
    since: float = 0.0
    done: int = 0
    ready: bool = False


class _Queue(Generic[Item]):
    """Items in their order; one that was killed for no fault of its own gets a second turn, at the end."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._second: list[Item] = []
        self._had_second: list[Item] = []
        self._exhausted = False

    @property
    def at_end(self) -> bool:
        """True where nothing is left to take."""
        return self._exhausted and not self._second

    def take(self) -> Item | None:
        """The next item, None where there is none."""
        if not self._exhausted:
            item = next(self._items, None)
            if item is not None:
                return item
            self._exhausted = True
        return self._second.pop(0) if self._second else None

    def again(self, item: Item) -> bool:
        """Put an item at the end for a second turn; tell whether it gets one."""
        if item in self._had_second:
            return False
        self._second.append(item)
        self._had_second.append(item)
        return True

    def stop(self) -> None:
        """Take no more."""
        self._exhausted = True
        self._second.clear()


class Workers:
    """Up to `count` worker processes, started when there is work for them.

    Parameters
    ----------
    count
        Number of processes, at least 1; may be changed between runs.
    setup
        What each does once. Functions are found by name, so they live in importable modules.
    limits
        What one job may take.
    inherited
        File descriptors that workers keep open: a lock held by them is held until the last worker is gone.
    """

    def __init__(self, count: int, setup: Setup, limits: Limits, inherited: Sequence[int] = ()) -> None:
        self.count = max(1, count)
        self._setup = setup
        self._limits = limits
        self._inherited = tuple(inherited)
        self._workers: list[_Worker[Any]] = []
        self._queue: _Queue[Any] = _Queue(iter(()))
        self._failed_starts = 0
        self.description: Any = None
        self.cage: Cage | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Any:
        """Start one worker and return what its setup tells.

        Raises
        ------
        EnvironmentBroken
            Where a worker cannot start.
        """
        for _ in self.run(_nothing, iter(())):
            pass
        return self.description

    def run(
        self, function: Callable[[Item, Any], Result], items: Iterator[Item], stopping: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[Item, Result | Lost]]:
        """Call ``function(item, loaded)`` for every item, each in a worker; yield results as they come, in no fixed order.

        An item is taken from `items` only when a worker is free for it. When `stopping` says so no more are taken, and what is in
        hand is finished.

        Raises
        ------
        EnvironmentBroken
            Where workers cannot start.
        """
        queue = _Queue(items)
        self._queue = queue
        while True:
            if stopping():
                queue.stop()
            self._hand_out(function, queue)
            busy = any(worker.item is not None or worker.promised is not None or not worker.ready for worker in self._workers)
            if queue.at_end and not busy and self.description is not None:
                return
            for worker in self._news():
                yield from self._heard(worker)
            for worker in [*self._workers]:
                yield from self._overdue(worker)

    def close(self) -> None:
        """End all workers, now."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            self._forget(worker)
        self._workers.clear()

    def _hand_out(self, function: Callable[..., Any], queue: _Queue[Any]) -> None:
        """Give every free worker an item, and start workers where some are missing."""
        for worker in [worker for worker in self._workers if worker.ready and worker.item is None]:
            if worker.process.poll() is not None:
                self._end(worker)
            elif (item := worker.promised if worker.promised is not None else queue.take()) is not None:
                worker.item, worker.promised, worker.since = item, None, time.monotonic()
                with contextlib.suppress(OSError):  # it died in this moment: the next look finds it, and its item
                    worker.pipe.send((function, item))
        missing = self.description is None and not self._workers
        if missing or (not queue.at_end and len(self._workers) < self.count):
            self._workers.append(self._start_one())

    def _news(self) -> list[_Worker[Any]]:
        """Wait for workers that answer or die."""
        by_pipe = {worker.pipe: worker for worker in self._workers}
        return [by_pipe[pipe] for pipe in wait(list(by_pipe), _LOOK) if isinstance(pipe, Connection)]

    def _heard(self, worker: _Worker[Any]) -> Iterator[tuple[Any, Any]]:
        try:
            answer = _vetted(worker.pipe.recv_bytes())
        except (EOFError, OSError):
            yield from self._died(worker)
            return
        if not worker.ready:
            self._begun(worker, answer)
            return
        item, worker.item = worker.item, None
        if answer == _NEEDS_ROOM and worker.done:
            self._end(worker)
            fresh = self._start_one()
            fresh.promised = item
            self._workers.append(fresh)
            return
        worker.done += 1
        if worker.done >= self._limits.recycle or _resident_mb(worker) > self._limits.memory_mb / 2:
            self._end(worker)
        yield item, Lost("memory") if answer == _NEEDS_ROOM else answer

    def _begun(self, worker: _Worker[Any], answer: Any) -> None:
        if isinstance(answer, DeidError):
            raise answer
        if isinstance(answer, Lost):
            raise EnvironmentBroken(f"A worker could not load its models ({answer.detail}).", "Run `deid doctor`.")
        worker.ready, self._failed_starts = True, 0
        self.description, self.cage = answer

    def _died(self, worker: _Worker[Any]) -> Iterator[tuple[Any, Any]]:
        try:
            code = worker.process.wait(_LAST_BREATH)
        except subprocess.TimeoutExpired:  # it closed its pipe and lives on
            code = -signal.SIGABRT
        self._end(worker)
        if worker.promised is not None:
            self._queue.again(worker.promised)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _START_TRIES:
                raise EnvironmentBroken(f"Workers die while they start ({_death(code)}).", "Run `deid doctor`.")
        elif worker.item is None:
            return
        elif code == -signal.SIGKILL:
            # Nothing of ours sends SIGKILL to a worker within its limits; the kernel does when the machine's memory ends, and
            # may have picked a victim that took little.
            if not self._queue.again(worker.item):
                yield worker.item, Lost("memory", _death(code))
        else:
            yield worker.item, Lost("crash", _death(code))

    def _overdue(self, worker: _Worker[Any]) -> Iterator[tuple[Any, Any]]:
        """End a worker that is beyond its limits."""
        now = time.monotonic()
        if not worker.ready:
            if now - worker.started > _START_SECONDS:
                self._end(worker)
                raise EnvironmentBroken("A worker does not start.", "Run `deid doctor`.")
            return
        if worker.item is None:
            return
        late = now - worker.since > self._limits.seconds
        if late or _resident_mb(worker) > self._limits.memory_mb:
            if worker.pipe.poll():  # it has just finished
                return
            self._end(worker)
            yield worker.item, Lost("timeout" if late else "memory")

    def _start_one(self) -> _Worker[Any]:
        ours, theirs = Pipe()
        far, lifeline = os.pipe()
        command = [sys.executable, *_flags(), "-c", _BOOT, str(theirs.fileno()), str(far)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Codecs and engines print what they find wrong with a file, values included.
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ONE_THREAD},
            pass_fds=(theirs.fileno(), far, *self._inherited),
        )
        theirs.close()
        os.close(far)
        worker: _Worker[Any] = _Worker(process, ours, lifeline, time.monotonic())
        with contextlib.suppress(OSError):
            # The empty entry is the working directory, which the worker's sandbox must know by its name.
            ours.send([path or str(Path.cwd()) for path in sys.path])
            ours.send((self._setup, self._limits))
        return worker

    def _end(self, worker: _Worker[Any]) -> None:
        worker.process.kill()
        self._forget(worker)
        self._workers.remove(worker)

    @staticmethod
    def _forget(worker: _Worker[Any]) -> None:
        worker.process.wait()
        worker.pipe.close()
        os.close(worker.lifeline)


class _Vetting(pickle.Unpickler):
    """Takes values of the vocabulary and nothing else: what a hostile picture made of a worker cannot reach the parent."""

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name) if module in _VOCABULARY else None
        if not isinstance(found, type):
            raise pickle.UnpicklingError("not of the vocabulary")
        return found


def _vetted(answer: bytes) -> Any:
    try:
        return _Vetting(io.BytesIO(answer)).load()
    except Exception as error:
        return Lost("unexpected", f"answer: {type(error).__name__}")


def serve(pipe: Connection, lifeline: int) -> None:
    """Be a worker: set up, then answer jobs until the pipe is closed."""
    # Ctrl-C, `timeout` and job schedulers tell the whole group: the file in hand is finished, and the parent ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.umask(0o077)
    _die_with_parent(lifeline)
    _keep_no_core()
    setup, limits = pipe.recv()
    try:
        cage = enter(setup.sandbox)
        loaded = setup.load(*setup.args)
        pipe.send((setup.describe(loaded), cage))
    except DeidError as error:
        pipe.send(error)
        return
    except Exception as error:
        pipe.send(Lost("unexpected", type(error).__name__))
        return
    _limit_memory(limits.memory_mb)
    while True:
        try:
            function, item = pipe.recv()
        except EOFError:
            return
        pipe.send(_answer(function, item, loaded))


def _answer(function: Callable[..., Any], item: Any, loaded: Any) -> Any:
    try:
        return function(item, loaded)
    except MoreRoom:
        return _NEEDS_ROOM
    except MemoryError:
        return Lost("memory")
    except Exception as error:
        return Lost("unexpected", type(error).__name__)


def _nothing(item: Any, loaded: Any) -> None:
    """The job of nobody."""


def _flags() -> list[str]:
    """Flags of this interpreter that its workers need too."""
    return [f"-W{option}" for option in sys.warnoptions] + (["-I"] if sys.flags.isolated else [])


def _death(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


def _resident_mb(worker: _Worker[Any]) -> float:
    """Resident memory of a worker, in MB; 0 where the system does not tell."""
    try:
        with open(f"/proc/{worker.process.pid}/statm", "rb") as file:  # noqa: PTH123 - ten times a second
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, IndexError):
        return 0.0


def _die_with_parent(lifeline: int) -> None:
    """Have the kernel kill this process as soon as the parent is gone, whatever this process is doing then.

    Only the parent holds the other end of the lifeline; when it closes, the pipe signals its owner.
    """
    if sys.platform != "linux":
        return  # the worker ends when it has answered into a closed pipe
    f_setsig = 10  # fcntl.h
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, f_setsig, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _keep_no_core() -> None:
    """Leave no memory image behind: core files would hold the picture."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pr_set_dumpable = 4  # sys/prctl.h
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(pr_set_dumpable, 0, 0, 0, 0)


def _limit_memory(limit_mb: int) -> None:
    """Let allocations beyond the limit fail, so that most of them end as a MemoryError instead of a killed worker."""
    resource.setrlimit(resource.RLIMIT_DATA, (limit_mb * 1_000_000, resource.RLIM_INFINITY))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
