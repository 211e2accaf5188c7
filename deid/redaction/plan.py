"""Turns findings into a plan: what is masked, what is cut from the header, why a person must look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from deid.policy import Policy
from deid.redaction.pixels import cover
from deid.types import Finding, Frames, HeaderCut, PhiCategory, Plan, Reason, Region

# A screen full of a worklist has a third of its area in text; where more than this goes, a ghost is likelier than text.
_DOUBTFUL_SHARE = 0.6

# Anything like a face is covered; from this score on it is likely enough to be one that a person must look for others. Below it
# stand most of the detector's false finds on monitors (docs/explain/marks.md).
_LIKELY_FACE = 0.3


def make_plan(findings: Sequence[Finding], header: Sequence[HeaderCut], frames: Frames, policy: Policy) -> Plan:
    """Make the plan for one instance.

    Parameters
    ----------
    findings
        What the judges found, on any frames; each is masked.
    header
        Spans to cut from header text.
    frames
        The instance's frames, for their number and shapes.
    policy
        Decides what a person must see.
    """
    clipped = tuple(replace(finding, region=finding.region.clipped(frames.count)) for finding in findings)
    masks = merged(finding.region for finding in clipped)
    return Plan(masks, tuple(header), clipped, _review(clipped, masks, frames, policy))


def add_masks(plan: Plan, leaked: Sequence[Finding], frames: Frames) -> Plan:
    """Return the plan with what the second look still saw covered as well."""
    extra = tuple(replace(finding, region=finding.region.clipped(frames.count)) for finding in leaked)
    return replace(plan, masks=merged([*plan.masks, *(finding.region for finding in extra)]), findings=(*plan.findings, *extra))


def merged(regions: Iterable[Region]) -> tuple[Region, ...]:
    """Masks without repetition, in their order."""
    return tuple(dict.fromkeys(regions))


def _review(findings: Sequence[Finding], masks: Sequence[Region], frames: Frames, policy: Policy) -> tuple[Reason, ...]:
    reasons = []
    if policy.review == "all":
        reasons.append(Reason("review-all"))
    if policy.require_consent:
        reasons.append(Reason("consent"))
    if policy.review_faces and any(f.category is PhiCategory.FACE and f.score >= _LIKELY_FACE for f in findings):
        reasons.append(Reason("face"))
    if policy.unsure == "hold" and any(finding.evidence == "not-technical" for finding in findings):
        reasons.append(Reason("unsure"))
    if not policy.mask_all_text and _largest_share(masks, frames) > _DOUBTFUL_SHARE:
        reasons.append(Reason("mostly-masked"))
    return tuple(reasons)


def _largest_share(masks: Sequence[Region], frames: Frames) -> float:
    """The largest masked share of any frame; frames with the same masks are measured once."""
    shares: dict[tuple[object, ...], float] = {}
    for index in range(frames.count):
        on_frame = tuple(mask.polygon for mask in masks if mask.frames[0] <= index < mask.frames[1])
        key = (frames.shape(index), on_frame)
        if on_frame and key not in shares:
            shares[key] = float(np.mean(cover(masks, index, frames.shape(index))))
    return max(shares.values(), default=0.0)
