"""Applies the policy to the marks of a line and joins them into spans; what may stay is let go here and nowhere else."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

from deid.errors import UsageError
from deid.phi import tables
from deid.phi.canon import plain
from deid.phi.judge import Site
from deid.phi.patterns import Mark
from deid.policy import Policy
from deid.types import PhiCategory, TextSpan

# Where marks overlap, the one that says most about what was found names the span.
_RANK = (
    "known",
    "label",
    "label-left",
    "label-above",
    "rule",
    "case",
    "model",
    "script",
    "unexplained-number",
    "not-technical",
    "closure",
)


def settle(marks: list[Mark], policy: Policy) -> tuple[TextSpan, ...]:
    """Return the spans that go under a policy, in order, none overlapping another."""
    off = _switched_off(marks, policy)
    kept = sorted(
        (mark for mark in marks if mark.end > mark.start and mark.switch not in off), key=lambda mark: (mark.start, -mark.end)
    )
    groups: list[list[Mark]] = []
    past = -1
    for mark in kept:
        if mark.start < past:
            groups[-1].append(mark)
        else:
            groups.append([mark])
        past = max(past, mark.end)
    return tuple(span for group in groups for span in _parts(group))


def _switched_off(marks: list[Mark], policy: Policy) -> set[str]:
    dated = any(mark.category is PhiCategory.DATE and mark.switch != "year" for mark in marks)
    stays = {
        "year": not policy.redact_years,
        "sex": not policy.redact_sex,
        "clock": not policy.redact_clock_times and not dated,
        "age": policy.redact_ages == "over-89",
        "staff": not policy.redact_staff,
        "institution": not policy.redact_institution,
        "device": not policy.redact_devices,
        "unsure": policy.unsure == "keep",
    }
    return {switch for switch, kept in stays.items() if kept}


def _parts(group: list[Mark]) -> list[TextSpan]:
    """Cut marks that overlap where another category begins: a number beside a date keeps its own."""
    group = sorted(group, key=_weight)
    places = sorted({place for mark in group for place in (mark.start, mark.end)})
    spans: list[TextSpan] = []
    best: Mark | None = None
    for start, end in pairwise(places):
        over = [mark for mark in group if mark.start <= start and end <= mark.end]
        first, score = over[0], max(mark.score for mark in over)
        if best is not None and best.category is first.category:
            best = min(best, first, key=_weight)
            score = max(score, spans[-1].score)
            spans[-1] = TextSpan(spans[-1].start, end, best.category, score, best.evidence)
        else:
            best = first
            spans.append(TextSpan(start, end, best.category, score, best.evidence))
    return spans


def _weight(mark: Mark) -> tuple[int, int, int, int]:
    """Order of marks by how much they say about what was found; the first says most."""
    return _rank(mark.evidence), _order().get(mark.evidence, 0), mark.start - mark.end, mark.start


@cache
def _order() -> dict[str, int]:
    """Patterns stand in their file from the most to the least specific."""
    return {f"rule:{rule.id}": number for number, rule in enumerate(tables.patterns())}


@lru_cache(maxsize=512)
def _rank(evidence: str) -> int:
    head = "case" if evidence == "known:CaseText" else evidence.partition(":")[0]
    return _RANK.index(head) if head in _RANK else len(_RANK)


@lru_cache(maxsize=8)
def site_lists(always_file: str, never_file: str) -> Site:
    """Read the two word lists of a site.

    Raises
    ------
    UsageError
        Where a file named by the policy cannot be read.
    """
    always = tuple(
        re.compile(rf"(?<![^\W_]){re.escape(entry)}(?![^\W_])".replace(r"\ ", r"\s*"), re.IGNORECASE)
        for entry in _entries(always_file)
    )
    return Site(always, frozenset(plain(word) for entry in _entries(never_file) for word in re.findall(r"[^\W_]+", entry)))


def _entries(path: str) -> list[str]:
    if not path:
        return []
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("A word list named by the policy cannot be read.", "Check always_file and never_file.") from error
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
