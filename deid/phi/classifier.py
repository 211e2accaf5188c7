"""The classifier: lines of a picture and their neighbours in, findings out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain

from deid.phi import model, tables
from deid.phi.columns import column_findings
from deid.phi.judge import Neighbours, doubtful, judge
from deid.phi.known import known_marks, needles
from deid.phi.labels import announcing, bare_label
from deid.phi.layout import neighbours
from deid.phi.patterns import Mark
from deid.phi.regions import runs, span_polygon
from deid.phi.seeds import collect
from deid.phi.settle import settle, site_lists
from deid.phi.tokens import tokenise
from deid.phi.worklists import room_findings
from deid.policy import Policy
from deid.types import Finding, KnownValue, PhiCategory, PhiText, Region, TextLine, TextSpan

# Below the first the engine guesses: what it wrote proves nothing, and below the second only what is technical word for word.
# Below the third each of 77 readings of drawn lines had a wrong letter, above it one in four: what looks technical is a chance.
_LEAST_CONFIDENCE, _FAIR_CONFIDENCE, _GOOD_CONFIDENCE = 0.25, 0.5, 0.75

# A line of so many heights holds so many characters a height at least; of 4,628 lines eleven held fewer, all of them misread.
_LONG_LINE, _LEAST_A_HEIGHT = 6.0, 0.6


class LineClassifier:
    """Judges the lines of one instance together; made by `load_classifier`."""

    @property
    def version(self) -> str:
        """Name and hash of the model, and the hash of the tables."""
        return f"{model.version()} tables {tables.digest()[:12]}"

    def classify(self, lines: Sequence[TextLine], known: Sequence[KnownValue], policy: Policy) -> tuple[Finding, ...]:
        """Judge the lines of one instance: neighbours explain each other, known values are sought in all of them.

        Values found with good evidence are sought in the other lines as well.
        """
        beside = neighbours(lines)
        first = found = _judged(lines, beside, known, policy)
        more = collect(lines, list(chain(*found)))
        if more:
            found = _judged(lines, beside, known, policy, more)
        findings = tuple(chain(*found))
        if policy.mask_all_text:
            return findings
        alone = _judged(lines, beside, (), policy) if known else first
        rooms = room_findings(lines, found, beside, alone) if policy.redact_institution else ()
        return (*findings, *column_findings(lines, findings, tuple(chain(*alone))), *rooms)


def load_classifier(policy: Policy) -> LineClassifier:
    """Load the tables (and read the site's lists, so that a wrong path shows at once)."""
    site_lists(policy.always_file, policy.never_file)
    tables.labels(), tables.grammar(), tables.patterns(), tables.phrases(), tables.technical_pieces(2), tables.technical_pieces(3)
    return LineClassifier()


def classify_text(
    text: str, *, left: str | None = None, above: str | None = None, known: Sequence[str | KnownValue] = (), policy: Policy
) -> tuple[TextSpan, ...]:
    """Find what identifies in one line of text.

    Parameters
    ----------
    text
        The line.
    left, above
        The text beside and over it, if there is any: it may be a label.
    known
        Values that identify; plain strings count as the user's own list.
    policy
        What goes and what stays.

    Returns
    -------
    tuple of TextSpan
        Half-open, in characters of `text`, in order, none overlapping another.
    """
    values = tuple(value if isinstance(value, KnownValue) else KnownValue("UserList", PhiText(value)) for value in known)
    return _spans(text, Neighbours(_announced(left, text), _announced(above, text)), values, policy)


def _announced(beside: str | None, text: str) -> tables.Label | None:
    """The label that the text beside or over a line ends in."""
    if not beside:
        return None
    tokens = tokenise(beside)
    hit = announcing(beside, tokens)
    if hit is not None:
        return hit.label
    return bare_label(beside, tokens) if any(map(str.isdigit, text)) else None


def _spans(text: str, beside: Neighbours, known: tuple[KnownValue, ...], policy: Policy) -> tuple[TextSpan, ...]:
    if policy.mask_all_text:
        return (TextSpan(0, len(text), PhiCategory.OTHER, 1.0, "mask-all-text"),) if text.strip() else ()
    return settle(list(_marks(text, beside, known, policy.always_file, policy.never_file)), policy)


@lru_cache(maxsize=4096)
def _marks(text: str, beside: Neighbours, known: tuple[KnownValue, ...], always: str, never: str) -> tuple[Mark, ...]:
    """Frames of a film repeat their lines: each is judged once."""
    return judge(text, beside, needles(known), site_lists(always, never)).marks


def unread(text: str, confidence: float) -> bool:
    """Tell a reading that proves nothing: no text, a guess, or a poor reading that is not plainly technical."""
    return not text.strip() or confidence < _LEAST_CONFIDENCE or (confidence < _FAIR_CONFIDENCE and doubtful(text))


def poorly_read(text: str, confidence: float) -> bool:
    """Tell a reading with a wrong letter somewhere, of which not every word is technical: all of its line goes."""
    return confidence < _GOOD_CONFIDENCE and doubtful(text)


def _is_half_read(line: TextLine) -> bool:
    """Tell a long line of which an engine read a few characters: letters of a script that it does not know, or print too small."""
    a, b, _, d = line.quad
    heights = math.dist(a, b) / max(1.0, math.dist(a, d))
    return heights > _LONG_LINE and len(line.text.reveal().strip()) < _LEAST_A_HEIGHT * heights


def _judged(
    lines: Sequence[TextLine],
    beside: list[Neighbours],
    known: Sequence[KnownValue],
    policy: Policy,
    more: Sequence[KnownValue] = (),
) -> list[tuple[Finding, ...]]:
    """Return what is found in each line; `more` are values found in the picture itself, which count where they are found again."""
    values, further = tuple(known), tuple(more)
    return [_line_findings(line, labels, values, further, policy) for line, labels in zip(lines, beside, strict=True)]


def _line_findings(
    line: TextLine, beside: Neighbours, known: tuple[KnownValue, ...], further: tuple[KnownValue, ...], policy: Policy
) -> tuple[Finding, ...]:
    text = line.text.reveal()
    if unread(text, line.confidence):
        return (Finding(PhiCategory.OTHER, Region(line.quad, line.frames), 0.5, "unread", line.text),)
    again = further and known_marks(text, tokenise(text), needles(further))
    spans = _spans(text, beside, known + further if again else known, policy)
    if policy.mask_all_text:
        spans = tuple(replace(span, start=start, end=end) for span in spans for start, end in runs(line))
    found = tuple(
        Finding(
            span.category,
            Region(span_polygon(line, span.start, span.end), line.frames),
            span.score,
            span.evidence,
            PhiText(text[span.start : span.end]),
        )
        for span in spans
    )
    if poorly_read(text, line.confidence) or _is_half_read(line):
        category = found[0].category if found else PhiCategory.OTHER
        return (*found, Finding(category, Region(line.quad, line.frames), 0.5, "closure:reading", line.text))
    return found
