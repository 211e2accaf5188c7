"""One file: read → find → classify → plan → redact → write a draft → verify the draft → release. Fails closed at every step."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import BinaryIO, TypeVar

from deid import find, formats, phi, redaction
from deid.contents import LARGE, Contents, OnDisk, OpenFile, contents_of, parts_of
from deid.errors import REASONS, FileRefused, MoreRoom
from deid.keys import Key, private_folder
from deid.leftover import kept_text
from deid.looks import VAST
from deid.policy import Policy
from deid.protocols import Classifier, Detector, Format, TextEngine
from deid.types import (
    Decision,
    Finding,
    Frames,
    HeaderChange,
    Instance,
    KnownValue,
    Outcome,
    PhiCategory,
    PhiText,
    Plan,
    Reading,
    Reason,
    Source,
    Status,
    Verification,
)
from deid.verify import SecondLook, is_covered, is_doubtful, verify

T = TypeVar("T")


# What a person who looked at the picture settles; everything else that speaks against a release still does after that.
_SETTLED_BY_A_LOOK = ("unread-text", "small-print", "face", "unsure", "mostly-masked", "review-all")


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker loads once: policy, key, engine, detectors, classifier, witness; `worn` is set once they have looked."""

    policy: Policy
    key: Key = field(repr=False)
    engine: TextEngine
    detectors: tuple[Detector, ...]
    classifier: Classifier
    witness: TextEngine | None = None
    worn: Event = field(default_factory=Event, repr=False)

    @property
    def second_look(self) -> SecondLook:
        """The judges of the second look."""
        return SecondLook(self.engine, self.classifier, self.policy, self.witness)

    @property
    def models(self) -> dict[str, str]:
        """Name and version of everything that reads, for the audit log."""
        engines = {engine.name: engine.version for engine in (self.engine, self.witness) if engine is not None}
        return {**engines, **{found.name: found.version for found in self.detectors}, "phi": self.classifier.version}


@dataclass(frozen=True, slots=True)
class Job:
    """One input and where its result goes. `stem` is the output's name relative to `out`, without extension.

    `decision` is that of a person who looked at the file.
    """

    source: Source
    known: tuple[KnownValue, ...]
    case: str
    stem: str
    out: Path
    held: Path
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What a cheap look at the header told: enough to know the case and its known values."""

    input_id: str
    kind: str
    case: PhiText
    known: tuple[KnownValue, ...]
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """The first half of the line: an instance, what was read in it, the known values sought, and the plan."""

    format: Format
    instance: Instance
    reading: Reading
    known: tuple[KnownValue, ...]
    plan: Plan


@dataclass(frozen=True, slots=True)
class Draft:
    """A written draft: its bytes as they lie on the disk, and what was done to the header."""

    data: Contents
    changes: tuple[HeaderChange, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """The last draft of a look, the plan that it was made by, and what the second look saw."""

    plan: Plan
    draft: Draft
    verification: Verification


def load_tools(policy: Policy, key: Key) -> Tools:
    """Load engine, detectors and classifier; once a worker.

    Raises
    ------
    EnvironmentBroken
        Where something that the policy asks for is missing or altered.
    """
    formats.check_site_files(policy)
    witness = None if policy.witness in ("none", policy.engine) else find.load_engine(policy.witness)
    return Tools(policy, key, find.load_engine(policy.engine), find.load_detectors(policy), phi.load_classifier(policy), witness)


def survey(path: Path, tools: Tools) -> Survey:
    """Read the header of a file for its case and known values; never raises for what the file holds.

    Raises
    ------
    MoreRoom
        Where the picture is vast, and these tools have looked at others.
    """
    try:
        data = open_source(path, tools.policy)
        input_id = source_id(data, tools.key)
    except FileRefused as refused:
        return Survey("", "unknown", PhiText(""), (), (refused.reason,))
    try:
        form = formats.recognise(data, path.name)
        with sparing(tools) as policy:
            instance = form.read(data, policy)
    except FileRefused as refused:
        return Survey(input_id, "unknown", PhiText(""), (), (refused.reason,))
    except MoreRoom:
        raise
    except Exception as error:
        return Survey(input_id, "unknown", PhiText(""), (), (_unexpected(error),))
    return Survey(input_id, instance.kind, instance.case, instance.known)


def redact_file(job: Job, tools: Tools) -> Outcome:
    """Take one file through the whole line. Whatever goes wrong ends in the outcome, never in the clean folder.

    Raises
    ------
    MoreRoom
        Where the picture is vast, and these tools have looked at others.
    """
    begin = time.process_time()
    outcome = Outcome(job.source, Status.FAILED, case=job.case)
    try:
        data = open_source(Path(job.source.path.reveal()), tools.policy)
        outcome = replace(outcome, input_id=source_id(data, tools.key))
        if job.decision is not None and job.decision.rejected:
            raise FileRefused("rejected")
        with sparing(tools) as policy:
            form, instance = read(data, Path(job.source.path.reveal()).name, policy)
            del data  # it may be as large as the decoded picture
            outcome = _through(look_in(form, instance, job.known, tools), job, tools, outcome)
    except FileRefused as refused:
        outcome = _ended(outcome, (refused.reason,), tools.policy)
    except MoreRoom:
        raise
    except MemoryError:
        outcome = _ended(outcome, (Reason("memory"),), tools.policy)
    except Exception as error:
        outcome = _ended(outcome, (_unexpected(error),), tools.policy)
    return replace(outcome, seconds=time.process_time() - begin)


@contextlib.contextmanager
def sparing(tools: Tools) -> Iterator[Policy]:
    """Give the policy for reading a file in a worker: where networks have run nothing vast is read, as they keep what they took.

    Raises
    ------
    MoreRoom
        Where the file is larger than that.
    """
    if not tools.worn.is_set():
        yield tools.policy
        return
    try:
        yield replace(tools.policy, max_megapixels=min(tools.policy.max_megapixels, VAST / 1e6))
    except FileRefused as refused:
        if refused.reason.code == "too-large":
            raise MoreRoom from None
        raise


def look_at(data: Contents, name: str, known: Sequence[KnownValue], tools: Tools) -> Look:
    """Read, find, classify and plan; nothing is written.

    Parameters
    ----------
    data
        The file's bytes.
    name
        Its name, for telling what it claims to be; never for telling what it is.
    known
        Known values of the case, beside those of the file's own header.

    Raises
    ------
    FileRefused
        Where the file goes no further.
    """
    return look_in(*read(data, name, tools.policy), known, tools)


def read(data: Contents, name: str, policy: Policy) -> tuple[Format, Instance]:
    """Read a file's header and prepare its frames, in the format that the policy asks for; as `look_at`."""
    form = formats.recognise(data, name)
    return formats.as_wanted(form, form.read(data, policy), policy)


def look_in(form: Format, instance: Instance, known: Sequence[KnownValue], tools: Tools) -> Look:
    """Find, classify and plan for an instance that is decoded already; as `look_at`."""
    tools.worn.set()
    reading = _engine_call(lambda: find.find_text(instance, tools.engine, tools.policy))
    marks = _engine_call(lambda: find.find_marks(instance, reading, tools.detectors, tools.policy))
    mark_findings = tuple(
        Finding(category, mark.region, mark.score, mark.evidence, PhiText(mark.text) if mark.text else None)
        for category, mark in marks
    )
    spoken = tuple(KnownValue("Barcode", PhiText(mark.text)) for _, mark in marks if mark.text)
    everything = tuple(dict.fromkeys((*known, *instance.known, *spoken)))
    findings = tools.classifier.classify(reading.lines, everything, tools.policy)
    device_findings = tuple(Finding(PhiCategory.OTHER, region, 1.0, "device:mask") for region in instance.covered)
    cuts = phi.classify_header(instance.header_text, everything, tools.policy)
    plan = redaction.make_plan((*findings, *mark_findings, *device_findings), cuts, instance.frames, tools.policy)
    if find.has_unread_print(reading):
        plan = replace(plan, review=(*plan.review, Reason("small-print")))
    return Look(form, instance, reading, everything, plan)


def prove(look: Look, tools: Tools, write: Callable[[Plan], Draft], name: str, decision: Decision | None = None) -> Proof:
    """Write a draft and look at it again; what still shows is covered, and the draft is written and looked at once more.

    Parameters
    ----------
    look
        The first half of the line.
    tools
        The judges.
    write
        Writes the draft for a plan and reads it back.
    name
        The draft's name.
    decision
        What a person decided: text that they uncovered is no leak.
    """
    plan = look.plan
    proof = _prove_once(look, tools, write, plan, name, decision)
    if proof.verification.leaked:
        plan = redaction.add_masks(plan, proof.verification.leaked, look.instance.frames)
        proof = _prove_once(look, tools, write, plan, name, decision)
    return proof


def _prove_once(
    look: Look, tools: Tools, write: Callable[[Plan], Draft], plan: Plan, name: str, decision: Decision | None
) -> Proof:
    draft = write(plan)
    verification = verify(draft.data, name, look.instance, look.reading, plan.masks, look.known, tools.second_look)
    if decision is not None and decision.removed:
        uncovered = (*plan.masks, *(removal.finding.region for removal in decision.removed))
        leaked = tuple(
            leak
            for leak in verification.leaked
            if not (redaction.may_be_removed(leak, tools.policy) and is_covered(leak.region, uncovered, look.instance.frames))
        )
        verification = replace(verification, leaked=leaked)
    return Proof(plan, draft, verification)


def write_draft(look: Look, plan: Plan, tools: Tools, file: BinaryIO) -> tuple[HeaderChange, ...]:
    """Write the clean form of an instance into a file; return what was done to its header."""
    redacted = redaction.Redacted(look.instance.frames, plan.masks)
    changes = look.format.write(look.instance, redacted, plan, tools.key, look.known, tools.policy, file)
    return (*look.instance.dropped, *changes)


def reasons_against(proof: Proof, decision: Decision | None = None) -> tuple[Reason, ...]:
    """Everything that keeps a proof from being one, and what the plan wants a person to see; less what a person settled."""
    leaked, reasons = proof.verification.leaked, (*proof.verification.reasons, *proof.plan.review)
    if decision is not None:
        leaked = tuple(leak for leak in leaked if not is_doubtful(leak))
        reasons = tuple(reason for reason in reasons if reason.code not in _SETTLED_BY_A_LOOK)
    return (*reasons, *([Reason("leak")] if leaked else []))


def _through(look: Look, job: Job, tools: Tools, outcome: Outcome) -> Outcome:
    if job.decision is not None:
        look = replace(look, plan=redaction.decide(look.plan, job.decision, look.instance.frames, tools.policy))
    outcome = replace(outcome, kind=look.instance.kind, warnings=look.instance.warnings)
    with _Place(job, outcome.input_id, look.format.extension(look.instance, tools.policy)) as place:
        proof = prove(look, tools, lambda plan: place.write(look, plan, tools), place.draft.name, job.decision)
        outcome = replace(
            outcome,
            plan=proof.plan,
            changes=proof.draft.changes,
            verification=proof.verification,
            found=phi.collect(look.reading.lines, proof.plan.findings),
            kept=kept_text(look.reading.lines, look.instance.header_text, proof.plan),
        )
        reasons = reasons_against(proof, job.decision)
        if reasons:
            place.keep(look.instance.frames, proof.plan, proof.verification.leaked)
            return _ended(outcome, reasons, tools.policy)
        output = place.release()
    return replace(outcome, status=Status.CLEAN, output=output, output_sha256=_sha256(proof.draft.data))


def _sha256(data: Contents) -> str:
    digest = hashlib.sha256()
    for part in parts_of(data):
        digest.update(part)
    return digest.hexdigest()


def _ended(outcome: Outcome, reasons: tuple[Reason, ...], policy: Policy) -> Outcome:
    """Close an outcome that is not clean: failed before held before skipped; with nobody to look, held is failed."""
    statuses = {REASONS[reason.code].status for reason in reasons}
    status = next(s for s in (Status.FAILED, Status.HELD, Status.SKIPPED) if s in statuses)
    if status is Status.HELD and policy.review == "none":
        status, reasons = Status.FAILED, (Reason("nobody-looks"), *reasons)
    return replace(outcome, status=status, reasons=tuple(dict.fromkeys(reasons)))


def _engine_call(call: Callable[[], T]) -> T:
    try:
        return call()
    except (FileRefused, MemoryError):
        raise
    except Exception as error:
        raise FileRefused("engine-failed", _place(error)) from None


def _unexpected(error: Exception) -> Reason:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Reason("disk-full")
    if isinstance(error, OSError):
        return Reason("write-failed", errno.errorcode.get(error.errno or 0, "unknown"))
    return Reason("unexpected", _place(error))


def _place(error: BaseException) -> str:
    """Type of an error and where it arose; its message may quote a value and is dropped."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"


def source_id(data: Contents, key: Key) -> str:
    """Keyed identity of a source's bytes, as the audit log has it."""
    return key.mac("input", data).hex()


def open_source(path: Path, policy: Policy) -> Contents:
    """Read a regular file once, without following links; a large one stays on the disk.

    Raises
    ------
    FileRefused
        Where it is a link, a device, empty, too large, or may not be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise FileRefused(_OPEN_CODES.get(error.errno or 0, "vanished")) from None
    with contextlib.ExitStack() as open_until_read:
        file = open_until_read.enter_context(OpenFile(handle))
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise FileRefused("not-a-file")
        if before.st_size == 0:
            raise FileRefused("empty")
        if before.st_size > policy.max_file_mb * 1_000_000:
            raise FileRefused("too-large", "file size")
        if before.st_size >= LARGE:
            open_until_read.pop_all()
            return OnDisk(file)
        data = file.readall()
        after = os.fstat(handle)
    if len(data) != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise FileRefused("vanished")
    return data


_OPEN_CODES = {
    errno.ELOOP: "link",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.ENXIO: "not-a-file",
    errno.ENODEV: "not-a-file",
}


class _Place:
    """The place of one draft in DIR-held, and its way into DIR; a draft that is neither kept nor released goes."""

    def __init__(self, job: Job, input_id: str, extension: str) -> None:
        self._job = job
        self._extension = extension
        self._name = f"{input_id[:16]}-{job.source.number}"
        self._kept = False
        private_folder(job.held / "drafts")
        self.draft = job.held / "drafts" / (self._name + extension)

    def __enter__(self) -> _Place:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._kept:
            self.draft.unlink(missing_ok=True)

    def write(self, look: Look, plan: Plan, tools: Tools) -> Draft:
        """Write the draft to the disk and read it back from there."""
        handle = os.open(self.draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            changes = write_draft(look, plan, tools, file)
            file.flush()
            os.fsync(handle)
        return Draft(contents_of(self.draft), changes)

    def keep(self, frames: Frames, plan: Plan, leaked: Sequence[Finding]) -> None:
        """Leave the draft for a person, with a preview of what was and was not covered, and where something still shows."""
        self._kept = True
        folder = self._job.held / "previews"
        private_folder(folder)
        for suffix, data in ((".png", redaction.preview(frames, plan)), (".json", redaction.places(leaked))):
            preview = folder / (self._name + suffix)
            preview.write_bytes(data)
            preview.chmod(0o600)

    def release(self) -> str:
        """Move the draft into the clean folder, whole or not at all; return its name there."""
        output = self._job.stem + self._extension
        final = self._job.out / output
        final.parent.mkdir(parents=True, exist_ok=True)
        self.draft.chmod(0o644)
        self.draft.rename(final)
        _sync_folder(final.parent)
        return output


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
