"""What waits for a person, worst first, with files that belong together side by side; and what a sample of released files tells."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from deid.batch.reviewed import Waiting
from deid.errors import REASONS
from deid.types import Reason

# Worst first: what still shows, what the file itself gives away, what nobody could judge, what is only asked for.
_WORST_FIRST: Final = (
    "leak",
    "known-value",
    "engine-failed",
    "strange-bytes",
    "changed-outside",
    "unread-text",
    "small-print",
    "unsure",
    "withdrawn",
    "mostly-masked",
    "face",
    "review-all",
    "consent",
    "rejected",
)
# Two-sided 95 %.
_Z: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Estimate:
    """The share of files with something missed, from those looked at: (low, high) is its 95 % confidence interval."""

    looked_at: int
    missed: int
    low: float
    high: float


def in_order(waiting: Sequence[Waiting]) -> tuple[Waiting, ...]:
    """Order what waits: the case with the worst file first, within a case the worst file first."""
    worst: dict[str, tuple[int, float]] = {}
    for one in waiting:
        worst[one.case] = min(worst.get(one.case, _severity(one)), _severity(one))
    return tuple(sorted(waiting, key=lambda one: (worst[one.case], one.case, _severity(one), one.label, one.path.name)))


def _severity(one: Waiting) -> tuple[int, float]:
    """Rank of the worst reason, then the least confidence of any box."""
    ranks = [_WORST_FIRST.index(reason.code) for reason in one.reasons if reason.code in _WORST_FIRST]
    return min(ranks, default=len(_WORST_FIRST)), min((box.score for box in one.boxes), default=1.0)


def told(reason: Reason) -> dict[str, str]:
    """A reason as a person reads it."""
    text = REASONS[reason.code]
    return {"code": reason.code, "sentence": text.sentence, "detail": reason.detail, "next": text.next_step}


def drawn(released: Sequence[Waiting], share: float, seed: int | None = None) -> tuple[Waiting, ...]:
    """Draw a random share of the released files, at least one where there is any."""
    number = min(len(released), max(1, math.ceil(share * len(released)))) if released else 0
    return tuple(random.Random(seed).sample(list(released), number))  # noqa: S311 - a sample, no secret


def estimate(looked_at: int, missed: int) -> Estimate:
    """Wilson's interval for the share of released files in which something was missed."""
    if not looked_at:
        return Estimate(0, 0, 0.0, 1.0)
    share, square = missed / looked_at, _Z**2
    middle = (share + square / (2 * looked_at)) / (1 + square / looked_at)
    half = _Z * math.sqrt(share * (1 - share) / looked_at + square / (4 * looked_at**2)) / (1 + square / looked_at)
    return Estimate(looked_at, missed, max(0.0, middle - half), min(1.0, middle + half))
