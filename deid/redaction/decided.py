"""Joins what a person decided with the plan of the judges."""

from __future__ import annotations

from dataclasses import replace

from deid.policy import Policy
from deid.redaction.plan import merged
from deid.types import Decision, Finding, Frames, PhiCategory, Plan, Reason

BoxId = tuple[tuple[tuple[int, int], ...], tuple[int, int], PhiCategory]

# The only named policy whose results do not go to the public.
_NOT_FOR_THE_PUBLIC = "research"


def decide(plan: Plan, decision: Decision, frames: Frames, policy: Policy) -> Plan:
    """Return the plan as a person changed it.

    What the person saw covered stays covered, also where the judges no longer propose it; what the judges propose stays covered
    unless the person took that very box away. A decision that changes nothing gives the same masks in the same order.

    Parameters
    ----------
    plan
        The plan that was made anew from the source.
    decision
        The person's.
    frames
        The instance's frames, for their number.
    policy
        Decides which boxes may be taken away.
    """
    taken = {_id_of(removal.finding) for removal in decision.removed}
    left = [finding for finding in plan.findings if not (may_be_removed(finding, policy) and _id_of(finding) in taken)]
    present = {_id_of(finding) for finding in left}
    more = [replace(finding, region=finding.region.clipped(frames.count)) for finding in (*decision.kept, *decision.added)]
    findings = (*left, *(finding for finding in more if _id_of(finding) not in present))
    review = (Reason("consent"),) if policy.require_consent and not decision.consent else ()
    return replace(plan, masks=merged(finding.region for finding in findings), findings=findings, review=review)


def may_be_removed(finding: Finding, policy: Policy) -> bool:
    """Tell whether a person may take a box away.

    Never one over a value that the header or the user named, but for research; never one that the site gave the device.
    """
    if finding.evidence.startswith("device:"):
        return False
    return not finding.evidence.startswith("known:") or policy.name == _NOT_FOR_THE_PUBLIC


def _id_of(finding: Finding) -> BoxId:
    return finding.region.polygon, finding.region.frames, finding.category
