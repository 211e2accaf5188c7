"""Where known values come from besides the header: names of files and folders, the user's list, the pictures themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from deid.phi import tables
from deid.phi.canon import plain
from deid.phi.tokens import UNKNOWN, WEAK, strength
from deid.types import Finding, KnownValue, PhiCategory, PhiText, TextLine

_PIECES = re.compile(r"(?<=[a-zà-þ])(?=[A-ZÀ-Þ])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|[\W_]+")
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d{2}[-_. ]?(?:0[1-9]|1[0-2])[-_. ]?(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0[1-9]|[12]\d|3[01])[-_. ](?:0[1-9]|1[0-2])[-_. ](?:19|20)\d{2})(?!\d)"
)
_UID = re.compile(r"(?<!\d)[012](?:\.\d{1,39}){4,}")
_COUNTER = re.compile(r"^(?:img|dsc|dscn|dscf|pxl|im|image|i|se|ser|frame)$", re.IGNORECASE)


def known_from_name(name: str, keyword: str = "FileName") -> tuple[KnownValue, ...]:
    """Read what identifies out of the name of a file or folder: names, numbers, dates; never technical words.

    Parameters
    ----------
    name
        A name without its folder, such as ``DOE_JANE_MRN123456_2024-03-01.png``.
    keyword
        ``FileName`` or ``FolderName``.
    """
    stem = re.sub(r"\.[A-Za-z0-9]{2,5}$", "", name) if keyword == "FileName" else name
    values = [match.group() for pattern in (_UID, _DATE) for match in pattern.finditer(stem)]
    rest = _DATE.sub(" ", _UID.sub(" ", stem))
    pieces = [piece for piece in _PIECES.split(rest) if piece]
    run: list[str] = []
    for before, piece in zip(["", *pieces], [*pieces, ""], strict=True):
        if piece and _names_somebody(piece):
            run.append(piece)
            continue
        if run:
            values.append(" ".join(run))
            run = []
        if piece.isdigit() and len(piece) >= 5 and not _COUNTER.match(before):
            values.append(piece)
    return tuple(KnownValue(keyword, PhiText(value)) for value in dict.fromkeys(values))


def _names_somebody(piece: str) -> bool:
    simple = plain(piece)
    if not piece.isalpha() or len(piece) < 3 or simple in tables.words()["file_words"] or simple in tables.words()["months"]:
        return False
    return strength(piece) in (UNKNOWN, WEAK)


def known_from_list(text: str) -> tuple[KnownValue, ...]:
    """Read a user's list of identifiers: one a line, ``#`` begins a comment line."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    return tuple(
        KnownValue("UserList", PhiText(line)) for line in dict.fromkeys(lines) if len(line) >= 2 and not line.startswith("#")
    )


# Evidence that says more than "unknown": a label, the shape of DICOM's names, or the same value found elsewhere.
_SEEDS: Final = ("label", "rule:caret", "known:CaseText")
_SEEDING: Final = {PhiCategory.NAME, PhiCategory.MRN, PhiCategory.ACCESSION, PhiCategory.NATIONAL_ID, PhiCategory.OTHER_ID}


def collect(lines: Sequence[TextLine], findings: Sequence[Finding]) -> tuple[KnownValue, ...]:
    """Return what was found with a label or a name's shape as evidence: worth seeking in the other pictures of the case.

    The keyword is ``CaseText`` with the category behind a dot, so that a number found again keeps its category.
    """
    values: list[KnownValue] = []
    for finding in findings:
        if finding.category not in _SEEDING or finding.text is None or not finding.evidence.startswith(_SEEDS):
            continue
        value = finding.text.reveal().strip(" :=#.,;")
        if len(re.findall(r"[^\W_]", value)) >= 4 and not finding.evidence.endswith(":sex"):
            values.append(KnownValue(f"CaseText.{finding.category}", PhiText(value)))
    return tuple(dict.fromkeys(values))
