"""Judges free text of headers: descriptions and protocol names stay, unless they identify."""

from __future__ import annotations

from collections.abc import Sequence

from deid.phi.judge import Neighbours, judge
from deid.phi.known import needles
from deid.phi.settle import settle, site_lists
from deid.policy import Policy
from deid.types import HeaderCut, HeaderText, KnownValue, PhiCategory


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
        marks = judge(text, Neighbours(), sought, site, header=True).marks
        cuts += [HeaderCut(item.path, span.start, span.end, span.category, span.evidence) for span in settle(list(marks), policy)]
    return tuple(cuts)
