"""A pipeline of paper for tests of what surrounds the real one: pictures are small text files, and faults are spelled out in them.

A file's lines are its "picture". A first line ``patient NAME`` is a header that names a patient. Known values are blacked out by
stars; a line ``label NAME`` is found by itself and told to the siblings. ``crash``, ``hang``, ``bomb``, ``hold``, ``refuse``,
``die-after-release`` do what they say. The release is the real order of steps: draft in DIR-held, fsync, rename.
"""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import time
from pathlib import Path

from deid.batch.tasks import Surveyed, Task, Work, ended
from deid.errors import FileRefused
from deid.keys import Key
from deid.policy import Policy
from deid.types import KnownValue, Outcome, PhiText, Reason, Status


def load(policy: Policy, key: Key) -> tuple[Policy, Key]:
    return policy, key


def describe(loaded: tuple[Policy, Key]) -> dict[str, str]:
    return {"paper": "1"}


def read(task: Task) -> str:
    path = Path(task.source.path.reveal())
    if (path.parent.parent / "denied").exists():  # the tests may run as root, whom nothing is denied
        raise FileRefused("permission")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except PermissionError:
        raise FileRefused("permission") from None
    except OSError:
        raise FileRefused("link" if path.is_symlink() else "vanished") from None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise FileRefused("not-a-file")
        return file.read().decode()


def survey(task: Task, loaded: tuple[Policy, Key]) -> Surveyed:
    nobody = PhiText("")
    try:
        text = read(task)
    except FileRefused as refused:
        return Surveyed("", "", "unknown", nobody, (), (), False, (refused.reason,))
    input_id = loaded[1].mac("input", text.encode()).hex()
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    if "survey-crash" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "refuse" in text:
        return Surveyed(input_id, sha256, "unknown", nobody, (), (), False, (Reason("broken"),))
    if "not an image" in text:
        return Surveyed(input_id, sha256, "unknown", nobody, (), (), False, (Reason("not-an-image"),))
    patient = text.removeprefix("patient ").partition("\n")[0] if text.startswith("patient ") else ""
    known = (KnownValue("PatientName", PhiText(patient)),) if patient else ()
    may_keep = task.names[-1].reveal().startswith("lao")
    return Surveyed(input_id, sha256, "paper", PhiText(patient), known, (), may_keep, ())


def redact(task: Task, loaded: tuple[Policy, Key]) -> Outcome:
    try:
        text = read(task)
    except FileRefused as refused:
        return ended(task.source, None, task.case, (refused.reason,))
    _misbehave(text)
    found = tuple(line.removeprefix("label ") for line in text.splitlines() if line.startswith("label "))
    picture = text.removeprefix("patient ")
    for value in {*found, *(known.value.reveal() for known in task.known)}:
        picture = picture.replace(value, "*" * len(value))
    base = Outcome(
        task.source,
        Status.CLEAN,
        input_id=loaded[1].mac("input", text.encode()).hex(),
        kind="paper",
        case=task.case,
        found=tuple(KnownValue("CaseText", PhiText(value)) for value in found),
        kept=tuple(PhiText(line) for line in picture.splitlines() if "*" not in line),
    )
    draft = draft_of(task, base.input_id)
    draft.parent.mkdir(mode=0o700, exist_ok=True)
    draft.write_text(picture)
    if "hold" in text:
        return Outcome(
            **{name: getattr(base, name) for name in ("source", "input_id", "kind", "case")},
            status=Status.HELD,
            reasons=(Reason("unread-text"),),
        )
    output = release(task, draft)
    if "fail-after-release" in text:
        return ended(task.source, None, task.case, (Reason("write-failed", "EIO"),))
    if "die-after-release" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome(
        **{name: getattr(base, name) for name in ("source", "status", "input_id", "kind", "case", "found", "kept")},
        output=output,
        output_sha256=hashlib.sha256(picture.encode()).hexdigest(),
    )


def draft_of(task: Task, input_id: str) -> Path:
    return task.held / "drafts" / f"{input_id[:16]}-{task.source.number}.txt"


def release(task: Task, draft: Path) -> str:
    output = f"{task.stem}.txt"
    final = task.out / output
    final.parent.mkdir(parents=True, exist_ok=True)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.rename(final)
    return output


def _misbehave(text: str) -> None:
    if "crash" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "hang" in text:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
    if "bomb" in text:
        bytearray(20_000_000_000)[::4096] = b"x" * 4_882_813
    if "slow" in text:
        time.sleep(0.3)
    if "burn" in text:
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass


PAPER = Work(load, describe, survey, redact)


def planned(task: Task, loaded: tuple[Policy, Key]) -> Outcome:
    return Outcome(task.source, Status.CLEAN, case=task.case)
