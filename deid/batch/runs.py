"""One run over files and folders, from the inputs to an outcome for each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from deid.batch.options import Options, Progress
from deid.batch.remote import copied
from deid.batch.session import Session
from deid.batch.stopping import interruption, written_or_told
from deid.batch.walk import Found, walk
from deid.errors import ExitCode, UsageError
from deid.policy import Policy
from deid.types import Outcome, Status


def run(inputs: Sequence[Path], out: Path, policy: Policy, *, jobs: int = 0, fresh: bool = False) -> Iterator[Outcome]:
    """De-identify files and folders into a clean folder; as `run_with`, with the options that a library needs."""
    return run_with(inputs, out, policy, Options(jobs=jobs, fresh=fresh))


def run_with(inputs: Sequence[Path], out: Path, policy: Policy, options: Options) -> Iterator[Outcome]:
    """De-identify files and folders into a clean folder.

    An outcome comes for every input, as it is finished; those that an earlier run finished come first. An input comes again
    where a file of its case told of a value that must be sought in it too: the later outcome counts.

    Ctrl-C (or SIGTERM) lets the workers finish what is in hand, then raises KeyboardInterrupt; run again to go on.

    Inputs and `out` may be URLs (``Path("s3://bucket/case")``): sources are copied in, and what is proven clean is copied out when
    the run has come to its end.

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
    with copied(inputs, out, options.shard, _tell_of_copies(options)) as copies:
        for outcome in _run_here(copies.inputs, copies.out, policy, replace(options, origins=copies.origins)):
            yield copies.told(outcome)


def _run_here(inputs: Sequence[Path], out: Path, policy: Policy, options: Options) -> Iterator[Outcome]:
    total = sum(1 for _ in _found(inputs, options))
    if not total and not (options.shard and any(True for _ in walk(inputs))) and not options.origins:
        raise UsageError("There is no file in the input.", "Name a file, or a folder with images in it.")

    def told() -> None:
        if options.progress is not None:
            options.progress(Progress("stopping", 0, 0, 0, 0, 0.0))

    with written_or_told(), interruption(told) as stopping, Session(inputs, out, policy, options) as session:
        yield from session.process(_found(inputs, options), total, stopping)
        if stopping():
            raise KeyboardInterrupt


def _tell_of_copies(options: Options) -> Callable[[str, int, int], None]:
    """Progress while files are copied in or out, as for the files themselves."""
    began = time.monotonic()

    def tell(phase: str, done: int, total: int) -> None:
        if options.progress is not None:
            options.progress(Progress(phase, done, total, 0, 0, time.monotonic() - began))

    return tell


def _found(inputs: Sequence[Path], options: Options) -> Iterator[Found]:
    return (found for found in walk(inputs) if options.shard is None or options.shard.holds(found))


def exit_code(statuses: Collection[Status]) -> ExitCode:
    """Exit status of a run, from the current status of every input."""
    if Status.FAILED in statuses:
        return ExitCode.SOME_FAILED
    if Status.HELD in statuses:
        return ExitCode.SOME_HELD
    return ExitCode.CLEAN if Status.CLEAN in statuses else ExitCode.USAGE
