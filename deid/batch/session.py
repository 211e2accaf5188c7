"""One run over one clean folder: survey, do what is left to do, do again what siblings tell about, record."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any, Final

from deid import __version__
from deid.audit import AuditLog, RunFacts, record_from
from deid.batch import naming
from deid.batch.clean_folder import CleanFolder
from deid.batch.cluster import Cluster
from deid.batch.decisions import Decisions, for_audit
from deid.batch.ledger import REPLACED, TRANSIENT, Entry, Ledger
from deid.batch.sandbox import Sandbox
from deid.batch.shards import Shard
from deid.batch.tasks import Surveyed, Task, Work, ended, plan
from deid.batch.walk import Found, walk
from deid.batch.workers import Limits, Lost, Setup, Workers, cores
from deid.errors import AuditBroken, ExitCode, UsageError
from deid.keys import load_key
from deid.policy import Policy
from deid.types import Decision, KnownValue, Outcome, PhiText, Reason, Status

# Files of a case are done again for values that were read in a sibling's pixels; each round may bring a few more.
_ROUNDS: Final = 2
# A power cut may cost the records of this many seconds; their files are done again.
_SYNC_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `phase` is "survey" or "redact"; `seconds` are those since the run began."""

    phase: str
    done: int
    total: int
    held: int
    failed: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How a run goes about its work; what it does is the policy's.

    `jobs` 0 means a worker a core. `known` are values that the user knows. `fresh` does everything again. `dry_run` plans and
    writes nothing but, where it is given, pictures of the plans into the folder `preview`. `progress` is called after every file.
    `shard` does one part of the inputs. `scheduler` is the address of a Dask scheduler whose machines do the work.
    """

    jobs: int = 0
    known: tuple[KnownValue, ...] = ()
    fresh: bool = False
    dry_run: bool = False
    preview: Path | None = None
    progress: Callable[[Progress], None] | None = None
    shard: Shard | None = None
    scheduler: str = ""
    work: Work = field(default_factory=Work)


def run(inputs: Sequence[Path], out: Path, policy: Policy, *, jobs: int = 0, fresh: bool = False) -> Iterator[Outcome]:
    """De-identify files and folders into a clean folder; as `run_with`, with the options that a library needs."""
    return run_with(inputs, out, policy, Options(jobs=jobs, fresh=fresh))


def run_with(inputs: Sequence[Path], out: Path, policy: Policy, options: Options) -> Iterator[Outcome]:
    """De-identify files and folders into a clean folder.

    An outcome comes for every input, as it is finished; those that an earlier run finished come first. An input comes again
    where a file of its case told of a value that must be sought in it too: the later outcome counts.

    Ctrl-C (or SIGTERM) lets the workers finish what is in hand, then raises KeyboardInterrupt; run again to go on.

    Raises
    ------
    UsageError
        Where there is no input.
    FolderRefused
        Where `out` overlaps an input, is in use, or holds files of something else.
    EnvironmentBroken
        Where an engine or a model is missing.
    AuditBroken
        Where the audit log does not hold together or cannot be written.
    """
    total = sum(1 for _ in _found(inputs, options))
    if not total and not (options.shard and any(True for _ in walk(inputs))):
        raise UsageError("There is no file in the input.", "Name a file, or a folder with images in it.")
    with written_or_told(), interruption() as stopping, Session(inputs, out, policy, options) as session:
        yield from session.process(_found(inputs, options), total, stopping)
        if stopping():
            raise KeyboardInterrupt


def _found(inputs: Sequence[Path], options: Options) -> Iterator[Found]:
    return (found for found in walk(inputs) if options.shard is None or options.shard.holds(found))


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
        name = errno.errorcode.get(getattr(error, "errno", None) or 0, type(error).__name__)
        message = f"The output folder, or DIR-held beside it, cannot be read or written ({name})."
        raise AuditBroken(message, "Make room, check the rights, and run again.") from None


def exit_code(statuses: Collection[Status]) -> ExitCode:
    """Exit status of a run, from the current status of every input."""
    if Status.FAILED in statuses:
        return ExitCode.SOME_FAILED
    if Status.HELD in statuses:
        return ExitCode.SOME_HELD
    return ExitCode.CLEAN if Status.CLEAN in statuses else ExitCode.USAGE


class Session:
    """A clean folder taken for one run: its lock, its ledger, its audit log, and workers with their models loaded.

    Parameters
    ----------
    sources
        Folders that the clean folder may not overlap.
    out
        The clean folder; untouched where `options` ask for a dry run.
    policy, options
        What is done, and how.
    """

    def __init__(self, sources: Sequence[Path], out: Path, policy: Policy, options: Options) -> None:
        self._policy = policy
        self._options = options
        self._key = load_key()
        self._work = replace(options.work, redact=plan) if options.dry_run else options.work
        with contextlib.ExitStack() as stack:
            self._place = None if options.dry_run else stack.enter_context(CleanFolder(out, sources))
            self._ledger = stack.enter_context(Ledger(self._place.held if self._place else None))
            self._decisions = Decisions(self._place.held) if self._place else None
            self._ledger.note_roots(sources)
            self._workers = self._make_workers()
            stack.enter_context(self._workers)
            self._log = self._open(self._workers.start())
            self._stack = stack.pop_all()
        self._counts = dict.fromkeys(Status, 0)
        self._began = self._synced = time.monotonic()
        self._met = 0
        self._round = ""

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._stack.push(self._finish)
        self._stack.__exit__(kind, error, trace)

    @property
    def ledger(self) -> Ledger:
        """What became of every input."""
        return self._ledger

    @property
    def decisions(self) -> Decisions | None:
        """What people decided; None in a dry run."""
        return self._decisions

    def process(
        self, found: Iterable[Found], total: int, stopping: Callable[[], bool], *, finished_too: bool = True
    ) -> Iterator[Outcome]:
        """Survey the files, do what is left to do, then do again what the pixels of siblings told about.

        When `stopping` says so, what is in hand is finished and no more begun. `finished_too` yields what earlier runs made of
        these files as well.
        """
        self._workers.count = max(1, min(self._options.jobs or cores(), total))
        self._meet(found)
        yield from self._survey(stopping)
        if not stopping():
            yield from self._withdraw_outdated()
            if finished_too:
                yield from self._reused()
        for _ in range(_ROUNDS):
            if not stopping():
                yield from self._do(stopping)
            if not stopping():
                yield from self._withdraw_outdated()
        if not stopping():
            yield from self._left_withdrawn()
        self._sync()

    def rest(self) -> None:
        """Let the workers go until there is work again; what is written so far is safe from a power cut."""
        self._workers.close()
        self._sync()

    def entry(self, path: Path) -> Entry | None:
        """What the ledger knows about a source."""
        return self._ledger.at(path)

    def moved(self, old: Path, new: Path) -> None:
        """Note that a finished source was moved: the same file, put in again, is known."""
        self._ledger.moved(old, new, _stat(new))

    # -- beginning and end

    def _make_workers(self) -> Workers | Cluster:
        limits = Limits(self._policy.max_seconds, self._policy.max_memory_mb)
        setup = Setup(self._work.load, (self._policy, self._key), self._work.describe, self._sandbox())
        if self._options.scheduler:
            return Cluster(self._options.scheduler, setup, limits)
        return Workers(1, setup, limits, (self._place.lock,) if self._place else ())

    def _sandbox(self) -> Sandbox:
        """What workers may touch: the sources of this run and of earlier ones, the policy's word lists, the job's two folders."""
        lists = [Path(name) for name in (self._policy.always_file, self._policy.never_file) if name]
        write = [self._place.held] if self._place else []
        if self._options.preview is not None:
            self._options.preview.mkdir(mode=0o700, parents=True, exist_ok=True)
            write.append(self._options.preview)
        return Sandbox(
            read=tuple(os.path.realpath(path) for path in (*self._ledger.roots(), *lists)),
            write=tuple(os.path.realpath(path) for path in write),
            programs="tesseract" in (self._policy.engine, self._policy.witness),
            required=self._policy.require_sandbox,
        )

    def _open(self, models: dict[str, str]) -> AuditLog | None:
        """Open the audit log, take over what it holds, and clear away what a killed run left."""
        parts = (self._policy.sha256, __version__, self._key.key_id, *sorted(f"{name}={models[name]}" for name in models))
        self._done_with = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        self._facts = RunFacts(self._policy, __version__, models)
        if self._place is None:
            return None
        self._place.keep_policy(self._policy)
        log = AuditLog(self._place.out, self._key, self._facts, reader=self._ledger.take_records)
        self._place.sweep(self._ledger.explains, self._ledger.expects, self._ledger.drafts())
        return log

    def _finish(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Close the log and write the list; a disk that is full now must not hide what went wrong before."""
        if self._log is None:
            return
        try:
            self._sync()
            self._log.close()
            self._ledger.write_list()
        except (AuditBroken, OSError, sqlite3.Error):
            if error is None or isinstance(error, KeyboardInterrupt | GeneratorExit):
                raise AuditBroken("The end of the run cannot be written.", "Make room on the disk and run again.") from None

    def _meet(self, found: Iterable[Found]) -> None:
        self._round = f"{self._facts.run}-{self._met}"
        with self._ledger.together():
            self._ledger.begin(self._round, self._met)
            self._ledger.learn(None, self._options.known)
            for one in found:
                self._met += self._ledger.meet(self._met + 1, one)

    def _sync(self) -> None:
        if self._log is not None and self._place is not None:
            self._place.sync()
            self._log.sync()
        self._synced = time.monotonic()

    # -- first pass

    def _survey(self, stopping: Callable[[], bool]) -> Iterator[Outcome]:
        """Learn what the headers and names of all files tell, before the pixels of any are read."""
        total = self._ledger.count()
        for done, (task, result) in enumerate(self._workers.run(self._work.survey, self._to_survey(), stopping), start=1):
            yield from self._surveyed(self._ledger.numbered(task.source.number), result)
            self._tell("survey", done, total)
        if not stopping():
            self._choose()

    def _to_survey(self) -> Iterator[Task]:
        for entry in self._ledger.met():
            same = entry.stat == _stat(entry.path) and entry.survey_with == self._done_with
            if self._options.fresh or not same or _transient(entry):
                names = (*entry.label.split("/"), entry.path.name)
                yield Task(entry.source, tuple(PhiText(name) for name in names))

    def _surveyed(self, entry: Entry, result: Surveyed | Lost) -> Iterator[Outcome]:
        """Note what a survey told; a file that cannot even be surveyed ends here."""
        if isinstance(result, Lost):
            self._ledger.set(entry.id, stat=_stat(entry.path), survey_with=self._done_with)
            yield self._record(entry, ended(entry.source, None, entry.case, (Reason(result.code, result.detail),)), 0)
            return
        with self._ledger.together():
            if entry.input_id != result.input_id:
                entry = self._other_content(entry)
            case = self._case(entry, result)
            seq = entry.seq or self._ledger.unclaimed_record(result.input_id)
            self._ledger.set(
                entry.id,
                stat=_stat(entry.path),
                survey_with=self._done_with,
                input_id=result.input_id,
                input_sha256=result.sha256,
                kind=result.kind,
                case_code=case,
                may_keep=result.may_keep,
                seq=seq,
            )
            self._ledger.set_patient(entry.id, case if result.case.reveal() else "")
            self._ledger.learn(entry.id, (*result.known, *result.named))
        if result.reasons:
            entry = self._ledger.entry(entry.id)
            yield self._record(entry, ended(entry.source, result, case, result.reasons), 0)

    def _other_content(self, entry: Entry) -> Entry:
        """Part with what was made of a path that holds another file now: what was released stays, what was not is superseded."""
        if entry.status == Status.CLEAN:
            return self._ledger.entry(self._ledger.leave_behind(entry))
        self._ledger.forget_result(entry.id)
        return self._ledger.entry(entry.id)

    def _case(self, entry: Entry, result: Surveyed) -> str:
        patient = result.case.reveal()
        if patient:
            return self._key.code("case", b"patient", patient.encode("utf-8", "replace"))
        return self._key.code("case", b"folder", os.fsencode(entry.path.parent))

    def _choose(self) -> None:
        """Mark what is left to do, and give it its output's name."""
        for entry in self._ledger.met():
            if self._is_done(entry):
                continue
            with self._ledger.together():
                stem = naming.name(entry, self._ledger, self._policy, self._key)
                entry = self._ledger.entry(entry.id)
                self._ledger.set(entry.id, stem=stem, todo=int(not self._is_done(entry)))

    def _is_done(self, entry: Entry) -> bool:
        """Tell whether the current record of an input still holds: same content, policy and models, and its output is there."""
        if not entry.status or entry.done_with != self._done_with or _transient(entry):
            return False
        if entry.status == Status.CLEAN and self._place is not None:
            assert entry.output is not None
            if entry.output_stat != _stat(self._place.out / entry.output):
                return False
        return entry.done_in == self._round or not self._options.fresh

    # -- second pass

    def _do(self, stopping: Callable[[], bool]) -> Iterator[Outcome]:
        """Take what is left to do through the line."""
        total, done = self._ledger.count(), self._ledger.count("todo = 0")
        sought: dict[int, int] = {}
        for task, result in self._workers.run(self._work.redact, self._to_do(sought), stopping):
            done += 1
            entry = self._ledger.numbered(task.source.number)
            yield self._take(entry, result, sought.pop(entry.number))
            self._tell("redact", done, total)

    def redo(self, entry: Entry) -> Outcome:
        """Take one input through the line again, as a person decided; its record takes the place of the one before."""
        sought = self._ledger.newest_known()
        (answer,) = self._workers.run(self._work.redact, iter([self._task(entry)]))
        outcome = self._take(entry, answer[1], sought)
        self._sync()
        return outcome

    def _take(self, entry: Entry, result: Outcome | Lost, known_upto: int) -> Outcome:
        if isinstance(result, Lost):
            result = self._lost(entry, result)
        elif result.input_id and result.input_id != entry.input_id:
            result = self._changed_under_us(entry, result)
        return self._record(entry, result, known_upto)

    def _to_do(self, sought: dict[int, int]) -> Iterator[Task]:
        for entry in self._ledger.todo():
            sought[entry.number] = self._ledger.newest_known()
            yield self._task(entry)

    def _task(self, entry: Entry) -> Task:
        known = self._ledger.known(entry.id)
        out, held = (self._place.proven, self._place.held) if self._place else (Path(), Path())
        decision = self._decision(entry)
        return Task(entry.source, (), known, entry.case, entry.stem or "", out, held, self._options.preview, decision)

    def _decision(self, entry: Entry) -> Decision | None:
        """What a person decided about these bytes; later runs do as they said."""
        return self._decisions.newest(entry.input_id, entry.stem) if self._decisions else None

    def _lost(self, entry: Entry, lost: Lost) -> Outcome:
        """The outcome of a file whose worker did not answer; the draft that it may have left goes."""
        if self._place is not None:
            self._place.discard_draft(f"{entry.input_id[:16]}-{entry.number}")
        return Outcome(
            entry.source,
            Status.FAILED,
            input_id=entry.input_id,
            kind=entry.kind,
            case=entry.case,
            reasons=(Reason(lost.code, lost.detail),),
        )

    def _changed_under_us(self, entry: Entry, outcome: Outcome) -> Outcome:
        """A file that is not what was surveyed: its known values are not known, so what came of it is not proven."""
        if self._place is not None and outcome.output:
            self._place.discard_proven(outcome.output)
        return Outcome(entry.source, Status.FAILED, kind=outcome.kind, case=entry.case, reasons=(Reason("vanished"),))

    def _record(self, entry: Entry, outcome: Outcome, known_upto: int) -> Outcome:
        """Release what is clean, write the audit record, then the ledger; then take away what this takes the place of."""
        if self._place is not None and outcome.output:
            self._place.release(outcome.output)
        with self._ledger.together():
            seq = entry.seq if self._is_no_news(entry, outcome) else self._append(entry, outcome)
            output_stat = _stat(self._place.out / outcome.output) if self._place and outcome.output else ""
            self._ledger.set(
                entry.id,
                todo=0,
                status=outcome.status.value,
                reasons=json.dumps([(reason.code, reason.detail) for reason in outcome.reasons]),
                kind=outcome.kind,
                output=outcome.output,
                output_sha256=outcome.output_sha256,
                output_stat=output_stat,
                draft=f"{outcome.input_id[:16]}-{entry.number}" if outcome.status is Status.HELD else "",
                seq=seq,
                done_with=self._done_with,
                done_in=self._round,
                known_upto=known_upto,
            )
            self._ledger.learn(entry.id, outcome.found)
            self._ledger.keep_text(entry.id, outcome.kept)
        if self._place is not None and entry.output and entry.output != outcome.output:
            self._place.withdraw(entry.output)
        if self._place is not None and outcome.output:
            self._place.restored(outcome.output)
        self._counts[outcome.status] += 1
        # What was read is in the private ledger now; nobody else needs it, and a long run must not keep it.
        return replace(outcome, found=(), kept=None)

    def _is_no_news(self, entry: Entry, outcome: Outcome) -> bool:
        """Tell whether the current record says already that an input failed in just this way."""
        same = (entry.status, entry.reasons, entry.done_with) == (outcome.status, outcome.reasons, self._done_with)
        failed = outcome.status in (Status.FAILED, Status.SKIPPED)
        return same and failed and entry.seq is not None and not self._options.fresh and self._decision(entry) is None

    def _append(self, entry: Entry, outcome: Outcome) -> int | None:
        if self._log is None:
            return None
        body = record_from(outcome, for_audit(self._decision(entry)))
        seq = self._log.append(body, entry.seq)
        self._ledger.take_record({**body, "seq": seq, "supersedes": entry.seq})
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            self._sync()
        return seq

    def _reused(self) -> Iterator[Outcome]:
        """What earlier runs finished and still holds."""
        for entry in self._ledger.met("todo = 0"):
            if entry.done_in != self._round:
                self._counts[Status(entry.status)] += 1
                yield entry.outcome()

    # -- what later files told

    def _withdraw_outdated(self) -> Iterator[Outcome]:
        """Take back the clean files in which a value that was learnt later may show; those with a source are left to do again."""
        newest = self._ledger.newest_known()
        for entry in self._ledger.outdated():
            new = self._ledger.known(entry.id, after=entry.known_upto)
            if new and might_show(self._ledger.kept_text(entry.id), new):
                yield from self._withdraw(entry)
            else:
                self._ledger.set(entry.id, known_upto=newest)
        self._ledger.set_checked(newest)

    def _withdraw(self, entry: Entry) -> Iterator[Outcome]:
        if self._place is not None and entry.output:
            self._place.withdraw(entry.output)
        if entry.run != self._round:
            self._ledger.join_run(entry.id)
            entry = self._ledger.entry(entry.id)
        source = replace(entry.outcome(), status=Status.HELD, reasons=(Reason("withdrawn"),), output=None, output_sha256=None)
        outcome = self._record(entry, source, 0)
        if entry.moved != REPLACED and os.path.lexists(entry.path):
            self._ledger.set(entry.id, todo=1)
        else:
            yield outcome

    def _left_withdrawn(self) -> Iterator[Outcome]:
        """What new values would touch again and again stays with a person."""
        for entry in self._ledger.todo():
            self._ledger.set(entry.id, todo=0)
            yield entry.outcome()

    def _tell(self, phase: str, done: int, total: int) -> None:
        if self._options.progress is not None:
            seconds = time.monotonic() - self._began
            self._options.progress(Progress(phase, done, total, self._counts[Status.HELD], self._counts[Status.FAILED], seconds))


def might_show(kept: Sequence[PhiText] | None, values: Sequence[KnownValue]) -> bool:
    """Tell whether any of the values may be in the text that was left visible; where nobody knows that text, they may."""
    from deid.phi import find_known

    return kept is None or any(find_known(text.reveal(), values) for text in kept)


@contextlib.contextmanager
def interruption() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C or SIGTERM into a wish; the second is an order."""
    wished = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        if wished.is_set():
            raise KeyboardInterrupt
        wished.set()

    if threading.current_thread() is not threading.main_thread():
        yield wished.is_set
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wished.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stat(path: Path) -> str:
    """What tells that a file was touched: size, times and inode; empty where there is none."""
    try:
        found = path.lstat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"


def _transient(entry: Entry) -> bool:
    return any(reason.code in TRANSIENT for reason in entry.reasons)
