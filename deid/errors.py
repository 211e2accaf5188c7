"""The errors, their exit codes, and the next thing to do.

::

    DeidError                    1  unexpected
    ├── UsageError               2  wrong usage or policy, or no image in INPUT
    ├── EnvironmentBroken        3  engine, model or extra missing or altered; another package owns `deid`
    ├── FolderRefused            4  output folder locked, overlapping the input, or of another run
    ├── FileRefused              5  one file that cannot be read, written or proven; carries a reason code
    ├── AuditBroken              6  audit log or verification broken
    └── NotProvenClean           7  a result that is not proven clean is not handed out

A message says what is wrong and what to do next, and never quotes a value of a picture, a header or a path.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, NamedTuple

from deid.types import Reason, Status


class ExitCode(IntEnum):
    """Exit status of the command line; stable. The first of this order that applies wins."""

    INTERRUPTED = 130
    AUDIT_BROKEN = 6
    FOLDER_REFUSED = 4
    ENVIRONMENT_BROKEN = 3
    USAGE = 2
    UNEXPECTED = 1
    SOME_FAILED = 5
    SOME_HELD = 7
    FOUND = 8
    CLEAN = 0


class DeidError(Exception):
    """Base of every error of the product: `exit_code` for the shell, `hint` for the person."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(DeidError):
    """Wrong usage: an unknown option or value, a policy that does not exist, no image in INPUT."""

    exit_code = ExitCode.USAGE


class EnvironmentBroken(DeidError):
    """Something that must be installed is missing or altered."""

    exit_code = ExitCode.ENVIRONMENT_BROKEN


class FolderRefused(DeidError):
    """The output folder is locked, overlaps the input, or belongs to another run."""

    exit_code = ExitCode.FOLDER_REFUSED


class AuditBroken(DeidError):
    """The audit log does not hold together, or cannot be written; the run stops."""

    exit_code = ExitCode.AUDIT_BROKEN


class ReasonText(NamedTuple):
    """What a reason code means: the status it leads to, a sentence without values, the user's next step."""

    status: Status
    sentence: str
    next_step: str


REASONS: dict[str, ReasonText] = {
    # -- not an image: recorded, nothing to do
    "not-an-image": ReasonText(Status.SKIPPED, "This is not an image and does not claim to be one.", "Nothing to do."),
    "sidecar": ReasonText(Status.SKIPPED, "A companion file of another program; it is never copied.", "Nothing to do."),
    "directory": ReasonText(
        Status.SKIPPED,
        "The directory of a disc (DICOMDIR): it lists patients and files, holds no picture, and is never copied.",
        "Nothing to do for the pictures; docs/guide/disc.md makes a new directory for the clean ones.",
    ),
    # -- could not be read
    "empty": ReasonText(Status.FAILED, "The file is empty.", "Copy it again from where it came from."),
    "permission": ReasonText(Status.FAILED, "The file may not be read by this user.", "Allow reading it and run again."),
    "link": ReasonText(Status.FAILED, "Links are not followed.", "Copy the file itself into the folder."),
    "not-a-file": ReasonText(Status.FAILED, "This is a device, a pipe or a socket, not a file.", "Remove it from the folder."),
    "vanished": ReasonText(
        Status.FAILED, "The file went away or changed while it was read.", "Run again when nobody writes to the folder."
    ),
    "too-large": ReasonText(
        Status.FAILED,
        "The file is beyond the limits that the policy sets before decoding.",
        "Raise the limit in the policy if you trust the file.",
    ),
    "truncated": ReasonText(Status.FAILED, "The file ends before its picture does.", "Copy it again from where it came from."),
    "broken": ReasonText(
        Status.FAILED, "The file cannot be decoded.", "Open it with the program that made it and export it again."
    ),
    "wrong-content": ReasonText(
        Status.FAILED, "The content is not what the name claims.", "Look at the file; rename it if it is not an image."
    ),
    "format-refused": ReasonText(
        Status.FAILED, "This kind of file cannot be cleaned yet.", "Export the pictures in it as PNG, JPEG or DICOM."
    ),
    "object-refused": ReasonText(
        Status.FAILED, "This kind of DICOM object cannot be cleaned yet.", "Leave it out, or export its pictures."
    ),
    "codec-missing": ReasonText(
        Status.FAILED,
        "No installed codec reads this transfer syntax or compression.",
        "Run `deid doctor`; convert the file to an uncompressed syntax.",
    ),
    "pixels-missing": ReasonText(
        Status.FAILED, "The header speaks of pixels that the file does not hold.", "Copy it again from where it came from."
    ),
    # -- could not be written or proven
    "disk-full": ReasonText(Status.FAILED, "The disk is full; nothing of this file was released.", "Make room and run again."),
    "write-failed": ReasonText(Status.FAILED, "The clean file could not be written.", "Check the output folder and run again."),
    "unexpected": ReasonText(
        Status.FAILED,
        "An unexpected error; nothing of this file was released.",
        "Report the error's type and place; they hold no patient data.",
    ),
    "crash": ReasonText(
        Status.FAILED, "The worker died while it had this file in hand.", "Convert the file with another program and try again."
    ),
    "timeout": ReasonText(
        Status.FAILED, "The file took longer than the policy allows.", "Raise max_seconds in the policy, or split the file."
    ),
    "memory": ReasonText(
        Status.FAILED,
        "The file needed more memory than the policy allows.",
        "Raise max_memory_mb in the policy, or split the file.",
    ),
    "engine-failed": ReasonText(
        Status.FAILED,
        "The text engine failed on this picture, so nothing is known about its text.",
        "Run `deid doctor`; try the other engine.",
    ),
    "nobody-looks": ReasonText(
        Status.FAILED, "Not proven clean, and the policy says that nobody will look.", "Run again with --review auto."
    ),
    # -- needs a person
    "leak": ReasonText(Status.HELD, "The second look still read something identifying.", "Look at the preview and cover it."),
    "unread-text": ReasonText(
        Status.HELD, "Text that cannot be read remains visible.", "Look at the preview and cover it if it identifies anyone."
    ),
    "small-print": ReasonText(
        Status.HELD,
        "The photo shows print too small to be read; what was seen of it is covered, but more may be there.",
        "Zoom in on the preview and cover what is left, or photograph one monitor at a time.",
    ),
    "known-value": ReasonText(
        Status.HELD, "A known identifier is still in the written file.", "Look at the attribute named in the record."
    ),
    "strange-bytes": ReasonText(
        Status.HELD, "The written file holds parts that no clean file has.", "Report this; the file was not released."
    ),
    "changed-outside": ReasonText(
        Status.HELD, "Pixels outside the masks changed more than they may.", "Report this; the file was not released."
    ),
    "unsure": ReasonText(
        Status.HELD,
        "The policy wants a person to decide about words that are neither technical nor surely identifying.",
        "Look at the preview.",
    ),
    "face": ReasonText(
        Status.HELD, "Faces were found and covered; the detector is best effort.", "Check that every face is covered."
    ),
    "mostly-masked": ReasonText(
        Status.HELD, "Masks cover so much of the picture that the finding is doubtful.", "Look at the preview."
    ),
    "review-all": ReasonText(
        Status.HELD, "The policy asks that a person looks at every file.", "Look at the preview and approve it."
    ),
    "consent": ReasonText(
        Status.HELD, "The policy asks for a consent reference before anything is released.", "Give it in `deid review`."
    ),
    "rejected": ReasonText(
        Status.HELD, "A reviewer decided that this file is not released.", "Nothing to do; `deid review` can change it."
    ),
    "withdrawn": ReasonText(
        Status.HELD, "A later file told of an identifier that must be sought here again.", "Run again, or look at the preview."
    ),
}
"""Every reason code there is. The audit log carries the code and the sentence; a person is told the next step."""


REMOVALS: dict[str, str] = {
    "not-text": "There is no text or face under it.",
    "technical": "What it covers is technical and identifies nobody.",
    "misplaced": "It lies in the wrong place; another box covers the text.",
    "consented": "The person shown has consented to be recognised.",
}
"""Why a reviewer may take a proposed box away; the audit log carries the code."""


WARNINGS: dict[str, str] = {
    "face-in-volume": "A face can be rendered from a CT or MR volume that shows the head; deid does not remove it.",
}
"""What a clean file still lends itself to; the audit log carries the code, the terminal the sentence."""


def sentence(reason: Reason) -> str:
    """Return the sentence of a reason, with its detail in brackets where there is one."""
    text = REASONS[reason.code].sentence
    return f"{text} ({reason.detail})" if reason.detail else text


class FileRefused(DeidError):
    """One file that goes no further; `reason` says why and leads to its status."""

    exit_code = ExitCode.SOME_FAILED

    def __init__(self, code: str, detail: str = "") -> None:
        self.reason = Reason(code, detail)
        super().__init__(sentence(self.reason), REASONS[code].next_step)

    def __reduce__(self) -> tuple[type[FileRefused], tuple[str, str]]:
        return FileRefused, (self.reason.code, self.reason.detail)


class MoreRoom(Exception):
    """No error: a vast picture asks for a process that keeps no memory from earlier ones."""


class NotProvenClean(DeidError):
    """The library's refusal to hand out a picture that it doubts."""

    exit_code = ExitCode.SOME_HELD

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        self.reasons = reasons
        super().__init__(" ".join(sentence(reason) for reason in reasons), "Look at the picture, or add a mask by hand.")
