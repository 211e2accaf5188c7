"""Turns what the browser sends into a decision; whatever is not exactly well formed is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from deid.batch.reviewed import Waiting
from deid.errors import REMOVALS
from deid.phi import classify_text
from deid.policy import Policy
from deid.redaction import may_be_removed
from deid.review.pictures import Layout
from deid.types import Decision, Finding, FrameRange, PhiCategory, Polygon, Region, Removal

PLATFORMS: Final = ("", "journal", "conference", "teaching", "social media", "website", "data set")
USES: Final = ("", "case report", "education", "research", "information of the public")
_MOST_BOXES: Final = 1000
_MOST_CORNERS: Final = 64
# Initials, a name, a staff code: what an institution writes on a form; a consent reference is a number of its files.
_REVIEWER: Final = re.compile(r"[^\W\d_][\w .'-]{0,39}")
_CONSENT: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
# In a reference, "2024-17" is a number of a year and no date.
_NUMBERS_OF_A_YEAR: Final = ("rule:date-damaged", "rule:date-month-year")


class Malformed(Exception):
    """The browser sent something that no button of the page sends; the text says what a person can do."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who reviews, with whose consent, for where; asked once a session."""

    reviewer: str
    consent: str = ""
    platform: str = ""
    use: str = ""


def facts(policy: Policy) -> dict[str, Any]:
    """What the page offers: categories, reasons to take a box away, places to publish, what the policy asks for."""
    return {
        "policy": policy.name,
        "categories": [category.value for category in PhiCategory],
        "removals": [{"code": code, "sentence": text} for code, text in REMOVALS.items()],
        "platforms": [name for name in PLATFORMS if name],
        "uses": [name for name in USES if name],
        "require_consent": policy.require_consent,
    }


def signature(sent: Any, policy: Policy) -> Signature:
    """Take a reviewer's name, a consent reference, a platform and a use.

    Raises
    ------
    Malformed
        Where one of them is missing or not well formed.
    """
    values = _mapping(sent)
    names = ("reviewer", "consent", "platform", "use")
    reviewer, consent, platform, use = (str(values.get(name, "")).strip() for name in names)
    if not _REVIEWER.fullmatch(reviewer):
        raise Malformed("Give your name or initials: letters, at most 40.")
    if consent and not _CONSENT.fullmatch(consent):
        raise Malformed("A consent reference has a number in it, no spaces, and at most 40 letters, digits and . _ / -.")
    if _names_someone(consent, policy):
        raise Malformed("This consent reference reads like a name or a date; give the number of the form.")
    if policy.require_consent and not consent:
        raise Malformed("The policy asks for a consent reference before anything is released.")
    if platform not in PLATFORMS or use not in USES:
        raise Malformed("Choose one of the platforms and uses.")
    return Signature(reviewer, consent, platform, use)


def _names_someone(consent: str, policy: Policy) -> bool:
    spelled = re.sub(r"[._/]", " ", consent)
    spans = classify_text(spelled, left=None, above=None, known=(), policy=policy)
    personal = (PhiCategory.NAME, PhiCategory.DATE, PhiCategory.PHONE, PhiCategory.NATIONAL_ID)
    return any(span.category in personal and span.evidence not in _NUMBERS_OF_A_YEAR for span in spans)


def decision(sent: Any, waiting: Waiting, layout: Layout, by: Signature, policy: Policy) -> Decision:
    """Take a decision about one file.

    Parameters
    ----------
    sent
        ``{"action": "approve" or "reject", "added": [box …], "removed": [{"box": index of the proposed box, "reason": code} …]}``.
    waiting
        The file, with its proposed boxes.
    layout
        Sizes of its frames.
    by
        Who decides.
    policy
        Decides which boxes may be taken away.

    Raises
    ------
    Malformed
        Where any part of it is not well formed, or may not be.
    """
    values = _mapping(sent)
    if values.get("action") not in ("approve", "reject"):
        raise Malformed("Approve or reject.")
    gone = dict(_removal(one, waiting, policy) for one in _few(values.get("removed", [])))
    added = tuple(box(one, layout) for one in _few(values.get("added", [])))
    return Decision(
        by.reviewer,
        datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        kept=tuple(replace(one, text=None) for index, one in enumerate(waiting.boxes) if index not in gone),
        added=tuple(dict.fromkeys(added)),
        removed=tuple(removal for removal in gone.values() if removal is not None),
        rejected=values["action"] == "reject",
        consent=by.consent,
        platform=by.platform,
        use=by.use,
    )


def box(sent: Any, layout: Layout) -> Finding:
    """Take a reviewer's own box: ``{"polygon": [[x, y] …], "frames": [first, past], "category": …}``.

    Raises
    ------
    Malformed
        Where it is not a polygon on the frames of this file.
    """
    values = _mapping(sent)
    try:
        category = PhiCategory(str(values.get("category")))
    except ValueError:
        raise Malformed("There is no such category.") from None
    frames = _frames(values.get("frames"), len(layout.shapes))
    shape = max(rows for rows, _ in layout.shapes), max(columns for _, columns in layout.shapes)
    return Finding(category, Region(_polygon(values.get("polygon"), shape), frames), 1.0, "reviewer")


def _polygon(sent: Any, shape: tuple[int, int]) -> Polygon:
    if not isinstance(sent, list) or not 3 <= len(sent) <= _MOST_CORNERS:
        raise Malformed("A box has three corners or more.")
    points = []
    for point in sent:
        if not isinstance(point, list) or len(point) != 2 or not all(type(value) is int for value in point):
            raise Malformed("A corner is two whole numbers.")
        x, y = point
        if not (-shape[1] <= x <= 2 * shape[1] and -shape[0] <= y <= 2 * shape[0]):
            raise Malformed("A corner lies far outside the picture.")
        points.append((x, y))
    return tuple(points)


def _frames(sent: Any, count: int) -> FrameRange:
    if not isinstance(sent, list) or len(sent) != 2 or not all(type(value) is int for value in sent):
        raise Malformed("A range of frames is two whole numbers.")
    first, past = sent
    if not 0 <= first < past <= count:
        raise Malformed("There are no such frames.")
    return first, past


def _removal(sent: Any, waiting: Waiting, policy: Policy) -> tuple[int, Removal | None]:
    values = _mapping(sent)
    index, reason = values.get("box"), values.get("reason")
    if type(index) is not int or not 0 <= index < len(waiting.boxes):
        raise Malformed("There is no such box.")
    found = waiting.boxes[index]
    if found.evidence == "reviewer":  # a person's own box of an earlier decision goes without a reason
        return index, None
    if reason not in REMOVALS:
        raise Malformed("Say why the box goes.")
    if not may_be_removed(found, policy):
        raise Malformed("This box covers a known identifier of the patient and stays.")
    return index, Removal(replace(found, text=None), reason)


def _mapping(sent: Any) -> Mapping[str, Any]:
    if not isinstance(sent, dict):
        raise Malformed("This is not what the page sends.")
    return sent


def _few(sent: Any) -> list[Any]:
    if not isinstance(sent, list) or len(sent) > _MOST_BOXES:
        raise Malformed("Too many boxes.")
    return sent
