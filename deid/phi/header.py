"""Judges free text of headers: descriptions and protocol names stay, unless they identify."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from deid.phi.judge import Neighbours, judge
from deid.phi.known import needles
from deid.phi.settle import settle, site_lists
from deid.policy import Policy
from deid.types import HeaderCut, HeaderText, KnownValue, PhiCategory

# Characters: longer texts are judged in pieces, each beginning this much before the end of the one before.
_LONGEST, _OVERLAP = 600, 80


def classify_header(texts: Sequence[HeaderText], known: Sequence[KnownValue], policy: Policy) -> tuple[HeaderCut, ...]:
    """Find the spans of header text to cut: known values, dates, numbers, telephone numbers, titled and labelled names.

    An unknown word stays unless the model takes it for a name: descriptions are full of words that no vocabulary holds.
    """
    sought = needles(tuple(known))
    site = site_lists(policy.always_file, policy.never_file)
    cuts = []
    for item in texts:
        text = item.text.reveal()
        if policy.mask_all_text:
            cuts.append(HeaderCut(item.path, 0, len(text), PhiCategory.OTHER, "mask-all-text"))
            continue
        marks = [
            replace(mark, start=mark.start + first, end=mark.end + first)
            for first, piece in _pieces(text)
            for mark in judge(piece, Neighbours(), sought, site, header=True).marks
        ]
        cuts += [HeaderCut(item.path, span.start, span.end, span.category, span.evidence) for span in settle(marks, policy)]
    return tuple(cuts)


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut a long text at white space into pieces that overlap, with their places: rules were made for lines, not for reports."""
    first = 0
    while len(text) - first > _LONGEST:
        past = max(text.rfind(gap, first + _LONGEST - _OVERLAP, first + _LONGEST) for gap in " \n\t") + 1 or first + _LONGEST
        yield first, text[first:past]
        again = text.find(" ", past - _OVERLAP, past - 1) + 1
        first = again if again > first else past
    yield first, text[first:]
