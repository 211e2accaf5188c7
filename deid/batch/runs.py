"""One run over files and folders, from the inputs to an outcome for each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from deid.batch.options import Options
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


def exit_code(statuses: Collection[Status]) -> ExitCode:
    """Exit status of a run, from the current status of every input."""
    if Status.FAILED in statuses:
        return ExitCode.SOME_FAILED
    if Status.HELD in statuses:
        return ExitCode.SOME_HELD
    return ExitCode.CLEAN if Status.CLEAN in statuses else ExitCode.USAGE
