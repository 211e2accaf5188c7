"""What a worker does: load the models once, survey a file cheaply, take it through the line, or only plan it.

Results hold nothing but the vocabulary, so the parent needs no image library to take them.
"""

from __future__ import annotations

import io
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deid.errors import REASONS, FileRefused
from deid.keys import Key
from deid.policy import Policy
from deid.types import Decision, KnownValue, Outcome, PhiText, Reason, Source, Status

if TYPE_CHECKING:
    from deid.pipeline import Look, Tools


@dataclass(frozen=True, slots=True)
class Task:
    """One input and where its result goes, as `pipeline.Job`; `names` are the file's and its folders' names within INPUT.

    `preview` is the folder for a picture of the plan, where nothing else is written. `decision` is a person's.
    """

    source: Source
    names: tuple[PhiText, ...] = ()
    known: tuple[KnownValue, ...] = ()
    case: str = ""
    stem: str = ""
    out: Path = Path()
    held: Path = Path()
    preview: Path | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the cheap first pass tells about a file; `sha256` is of the bytes, for the private ledger only.

    `known` are values of the header, `named` those of file and folder names. `may_keep` is true where nothing in the file's own
    name identifies anyone.
    """

    input_id: str
    sha256: str
    kind: str
    case: PhiText
    known: tuple[KnownValue, ...]
    named: tuple[KnownValue, ...]
    may_keep: bool
    reasons: tuple[Reason, ...]


def load(policy: Policy, key: Key) -> Tools:
    """Load the models."""
    from deid.pipeline import load_tools

    return load_tools(policy, key)


def describe(tools: Tools) -> dict[str, str]:
    """Names and versions of what was loaded, for the audit log."""
    return tools.models


def survey(task: Task, tools: Tools) -> Surveyed:
    """Read a file's header for its case and known values."""
    from deid.audit import file_sha256
    from deid.phi import classify_text, known_from_name
    from deid.pipeline import survey as survey_file

    path = Path(task.source.path.reveal())
    found = survey_file(path, tools)
    sha256 = file_sha256(path) if found.input_id else ""
    *folders, name = [name.reveal() for name in task.names]
    from_file = known_from_name(name, "FileName")
    named = dict.fromkeys((*(value for folder in folders for value in known_from_name(folder, "FolderName")), *from_file))
    spelled = Path(name).stem.replace("_", " ")
    may_keep = not from_file and not classify_text(spelled, left=None, above=None, known=(), policy=tools.policy)
    return Surveyed(found.input_id, sha256, found.kind, found.case, found.known, tuple(named), may_keep, found.reasons)


def redact(task: Task, tools: Tools) -> Outcome:
    """Take a file through the whole line."""
    from deid.pipeline import Job, redact_file

    return redact_file(Job(task.source, task.known, task.case, task.stem, task.out, task.held, task.decision), tools)


def plan(task: Task, tools: Tools) -> Outcome:
    """Say what would be done to a file; nothing is written but a preview. The status is that of a file whose proof succeeds."""
    from deid.pipeline import look_in, open_source, read, source_id, sparing, write_draft

    begin = time.process_time()
    outcome = Outcome(task.source, Status.CLEAN, case=task.case)
    path = Path(task.source.path.reveal())
    try:
        data = open_source(path, tools.policy)
        with sparing(tools) as policy:
            form, instance = read(data, path.name, policy)
            look = look_in(form, instance, task.known, tools)
        changes = write_draft(look, look.plan, tools, _Nowhere())
        outcome = replace(outcome, input_id=source_id(data, tools.key), kind=look.instance.kind, plan=look.plan, changes=changes)
        if look.plan.review:
            outcome = replace(outcome, status=Status.HELD, reasons=look.plan.review)
        if task.preview is not None:
            _draw(task, look)
    except FileRefused as refused:
        outcome = replace(outcome, status=REASONS[refused.reason.code].status, reasons=(refused.reason,))
    return replace(outcome, seconds=time.process_time() - begin)


class _Nowhere(io.BytesIO):
    """A file that keeps nothing of what is written into it."""

    def __init__(self) -> None:
        super().__init__()
        self._at = 0

    def write(self, data: Any) -> int:
        """Take bytes and let go of them."""
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        """Where the next byte would be written."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        self._at = offset if whence == io.SEEK_SET else self._at + offset
        return self._at


def _draw(task: Task, look: Look) -> None:
    """Write a picture of a plan; it shows what is to be covered, so it is private."""
    from deid.redaction import preview

    assert task.preview is not None
    task.preview.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(task.preview / f"{task.source.number:04d}.png", os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(preview(look.instance.frames, look.plan))


def ended(source: Source, surveyed: Surveyed | None, case: str, reasons: tuple[Reason, ...]) -> Outcome:
    """The outcome of a file that goes no further than its survey."""
    status = REASONS[reasons[0].code].status
    input_id, kind = (surveyed.input_id, surveyed.kind) if surveyed else ("", "unknown")
    return Outcome(source, status, input_id=input_id, kind=kind, case=case, reasons=reasons)


@dataclass(frozen=True, slots=True)
class Work:
    """The functions that workers run; each lives in an importable module."""

    load: Any = load
    describe: Any = describe
    survey: Any = survey
    redact: Any = redact
