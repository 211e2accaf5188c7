"""The check of a clean folder: the chain, the outputs, the strangers."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deid.audit.chain import ChainWalk, Head
from deid.audit.log import LOG_NAME
from deid.keys import Key, state_folder
from deid.types import PhiText


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a clean folder: what, at which record (0: none), and which file (0 characters: none)."""

    text: str
    seq: int = 0
    file: PhiText = field(default_factory=lambda: PhiText(""))


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What `check` saw.

    `macs_checked` is true where a key was given, `tail_checked` where the state folder remembers this log's head.
    """

    records: int
    clean: int
    head: Head | None
    macs_checked: bool
    tail_checked: bool
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """True where nothing is wrong."""
        return not self.faults


def check(folder: Path, key: Key | None = None, state: Path | None = None) -> AuditReport:
    """Check a clean folder against its audit log: the chain, the outputs, and files that no record explains.

    Parameters
    ----------
    folder : Path
        The clean folder.
    key : Key, optional
        With it the MACs and, from the state folder, the tail are checked too.
    state : Path, optional
        The state folder; the user's own where it is left out.

    Returns
    -------
    What is wrong: the first record that breaks the chain, every output that changed or is missing, every stranger.
    """
    log = folder / LOG_NAME
    if not log.is_file() or log.is_symlink():
        return AuditReport(0, 0, None, False, False, (Fault("There is no audit log in this folder."),))
    walk = ChainWalk(key, (state or state_folder()) if key else None)
    outputs: dict[str, tuple[int, str]] = {}
    names: dict[int, str] = {}
    for record in walk.records(log):
        outputs.pop(names.pop(_number(record.get("supersedes")), ""), None)
        output = record.get("output")
        if isinstance(output, str):
            seq = _number(record.get("seq"))
            outputs[output] = (seq, str(record.get("output_sha256")))
            names[seq] = output
    faults = [Fault(walk.fault.text, walk.fault.seq)] if walk.fault else []
    if walk.unfinished:
        faults.append(Fault("The last record was not written to its end; the next run repairs that."))
    faults += _wrong_outputs(folder, outputs)
    faults += [Fault("No record explains this file.", file=PhiText(name)) for name in strangers(folder, outputs.__contains__)]
    return AuditReport(
        walk.head.seq if walk.head else 0, len(outputs), walk.head, key is not None, walk.tail_checked, tuple(faults)
    )


def strangers(folder: Path, explained: Callable[[str], bool]) -> Iterator[str]:
    """Yield, sorted, the paths relative to a clean folder of everything in it that is not explained; links are strangers too."""
    for root, folders, files in os.walk(folder):
        folders.sort()
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        for name in sorted([*files, *links]):
            path = (Path(root) / name).relative_to(folder).as_posix()
            if path != LOG_NAME and not explained(path):
                yield path


def file_sha256(path: Path) -> str:
    """SHA-256 of a regular file; empty where there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return ""
        return hashlib.file_digest(file, "sha256").hexdigest()


def _number(value: object) -> int:
    """A running number of a record that nobody has vouched for yet; 0 where it is none."""
    return value if isinstance(value, int) else 0


def _wrong_outputs(folder: Path, outputs: Mapping[str, tuple[int, str]]) -> Iterator[Fault]:
    for output, (seq, sha256) in outputs.items():
        found = file_sha256(folder / output)
        if not found:
            yield Fault("A clean file is missing.", seq, PhiText(output))
        elif found != sha256:
            yield Fault("A clean file was changed.", seq, PhiText(output))
