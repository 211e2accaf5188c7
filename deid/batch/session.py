"""A clean folder taken for one run: survey, do what is left to do, do again what siblings tell about."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from deid import __version__
from deid.audit import RunFacts
from deid.batch.books import Books, draft_of
from deid.batch.clean_folder import CleanFolder
from deid.batch.cluster import Cluster
from deid.batch.decisions import Decisions
from deid.batch.ledger import REPLACED, Entry, Ledger
from deid.batch.options import Options, Progress
from deid.batch.sandbox import Sandbox
from deid.batch.survey import Survey
from deid.batch.tasks import Task, plan
from deid.batch.walk import Found, touched
from deid.batch.workers import Limits, Lost, Setup, Workers, cores
from deid.errors import AuditBroken
from deid.keys import load_key
from deid.policy import Policy
from deid.types import KnownValue, Outcome, PhiText, Reason, Status

# Files of a case are done again for values that were read in a sibling's pixels; each round may bring a few more.
_ROUNDS: Final = 2


class Session:
    """A clean folder taken for one run: its lock, its books, and workers with their models loaded.

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
            self._ledger.note_origins(options.origins)
            self._workers = self._make_workers()
            stack.enter_context(self._workers)
            self._facts = RunFacts(policy, __version__, self._workers.start())
            self._books = Books(self._place, self._ledger, self._decisions, self._key, self._facts, fresh=options.fresh)
            self._stack = stack.pop_all()
        self._first_pass = Survey(self._books, self._ledger, policy, self._key)
        self._began = time.monotonic()
        self._met = 0

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
        self._books.sync()

    def redo(self, entry: Entry) -> Outcome:
        """Take one input through the line again, as a person decided; its record takes the place of the one before."""
        sought = self._ledger.newest_known()
        (answer,) = self._workers.run(self._work.redact, iter([self._task(entry)]))
        outcome = self._take(entry, answer[1], sought)
        self._books.sync()
        return outcome

    def rest(self) -> None:
        """Let the workers go until there is work again; what is written so far is safe from a power cut."""
        self._workers.close()
        self._books.sync()

    def entry(self, path: Path) -> Entry | None:
        """What the ledger knows about a source."""
        return self._ledger.at(path)

    def moved(self, old: Path, new: Path) -> None:
        """Note that a finished source was moved: the same file, put in again, is known."""
        self._ledger.moved(old, new, touched(new))

    # -- beginning and end

    def _make_workers(self) -> Workers | Cluster:
        limits = Limits(self._policy.max_seconds, self._policy.max_memory_mb)
        setup = Setup(self._work.load, (self._policy, self._key), self._work.describe, self._sandbox())
        if self._options.scheduler:
            return Cluster(self._options.scheduler, setup, limits)
        return Workers(1, setup, limits, (self._place.lock,) if self._place else ())

    def _sandbox(self) -> Sandbox:
        """What workers may touch: the sources of this run and of earlier ones, the policy's site files, the job's two folders."""
        policy = self._policy
        lists = [Path(name) for name in (policy.always_file, policy.never_file, policy.device_file) if name]
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

    def _finish(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Close the books; a disk that is full now must not hide what went wrong before."""
        try:
            self._books.close()
        except (AuditBroken, OSError, sqlite3.Error):
            if error is None or isinstance(error, KeyboardInterrupt | GeneratorExit):
                raise AuditBroken("The end of the run cannot be written.", "Make room on the disk and run again.") from None

    def _meet(self, found: Iterable[Found]) -> None:
        name = f"{self._facts.run}-{self._met}"
        self._books.begin(name)
        with self._ledger.together():
            self._ledger.begin(name, self._met)
            self._ledger.learn(None, self._options.known)
            for one in found:
                self._met += self._ledger.meet(self._met + 1, one)

    # -- the two passes

    def _survey(self, stopping: Callable[[], bool]) -> Iterator[Outcome]:
        """Learn what the headers and names of all files tell, before the pixels of any are read."""
        total = self._ledger.count()
        tasks = self._first_pass.tasks(fresh=self._options.fresh)
        for done, (task, result) in enumerate(self._workers.run(self._work.survey, tasks, stopping), start=1):
            yield from self._first_pass.take(self._ledger.numbered(task.source.number), result)
            self._tell("survey", done, total)
        if not stopping():
            self._first_pass.choose()

    def _do(self, stopping: Callable[[], bool]) -> Iterator[Outcome]:
        """Take what is left to do through the line."""
        total, done = self._ledger.count(), self._ledger.count("todo = 0")
        sought: dict[int, int] = {}
        for task, result in self._workers.run(self._work.redact, self._to_do(sought), stopping):
            done += 1
            entry = self._ledger.numbered(task.source.number)
            yield self._take(entry, result, sought.pop(entry.number))
            self._tell("redact", done, total)

    def _to_do(self, sought: dict[int, int]) -> Iterator[Task]:
        for entry in self._ledger.todo():
            sought[entry.number] = self._ledger.newest_known()
            yield self._task(entry)

    def _task(self, entry: Entry) -> Task:
        known = self._ledger.known(entry.id)
        out, held = (self._place.proven, self._place.held) if self._place else (Path(), Path())
        decision = self._books.decision(entry)
        return Task(entry.source, (), known, entry.case, entry.stem or "", out, held, self._options.preview, decision)

    def _take(self, entry: Entry, result: Outcome | Lost, known_upto: int) -> Outcome:
        if isinstance(result, Lost):
            result = self._lost(entry, result)
        elif result.input_id and result.input_id != entry.input_id:
            result = self._changed_under_us(entry, result)
        return self._books.record(entry, result, known_upto)

    def _lost(self, entry: Entry, lost: Lost) -> Outcome:
        """The outcome of a file whose worker did not answer; the draft that it may have left goes."""
        if self._place is not None:
            self._place.discard_draft(draft_of(entry, entry.input_id))
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

    def _reused(self) -> Iterator[Outcome]:
        """What earlier runs finished and still holds."""
        for entry in self._ledger.met("todo = 0"):
            if not self._books.is_of_this_round(entry):
                self._books.counts[Status(entry.status)] += 1
                yield entry.outcome()

    # -- what later files told

    def _withdraw_outdated(self) -> Iterator[Outcome]:
        """Take back the clean files in which a value that was learnt later may show; those with a source are left to do again."""
        newest = self._ledger.newest_known()
        for entry in self._ledger.outdated():
            new = self._ledger.known(entry.id, after=entry.known_upto)
            if not new or not might_show(self._ledger.kept_text(entry.id), new):
                self._ledger.set(entry.id, known_upto=newest)
                continue
            outcome = self._books.withdraw(entry)
            if entry.moved != REPLACED and os.path.lexists(entry.path):
                self._ledger.set(entry.id, todo=1)
            else:
                yield outcome
        self._ledger.set_checked(newest)

    def _left_withdrawn(self) -> Iterator[Outcome]:
        """What new values would touch again and again stays with a person."""
        for entry in self._ledger.todo():
            self._ledger.set(entry.id, todo=0)
            yield entry.outcome()

    def _tell(self, phase: str, done: int, total: int) -> None:
        if self._options.progress is not None:
            seconds, counts = time.monotonic() - self._began, self._books.counts
            self._options.progress(Progress(phase, done, total, counts[Status.HELD], counts[Status.FAILED], seconds))


def might_show(kept: Sequence[PhiText] | None, values: Sequence[KnownValue]) -> bool:
    """Tell whether any of the values may be in the text that was left visible; where nobody knows that text, they may."""
    from deid.phi import find_known

    return kept is None or any(find_known(text.reveal(), values) for text in kept)
