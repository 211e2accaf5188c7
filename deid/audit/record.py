"""What a record says: numbers, codes and hashes, never a text, a name or a path of the source."""

from __future__ import annotations

import json
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from deid.errors import sentence
from deid.policy import Policy
from deid.types import Finding, HeaderChange, Outcome, Reason, Status, Verification

SCHEMA: Final = 1

# Standard keywords, sequence items, hex tags, chunk and marker names; whatever else a path might hold is a value's way out.
_PATH: Final = re.compile(r"[A-Za-z0-9_.\[\](),:<>/ -]{1,200}")


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What every record of a run says alike; `models` maps names of engines and models to versions with hashes."""

    policy: Policy
    tool_version: str
    models: Mapping[str, str] = field(default_factory=dict)
    run: str = field(default_factory=lambda: secrets.token_hex(8))
    tool: str = "deid"

    def fields(self) -> dict[str, Any]:
        """The facts as fields of a record."""
        return {
            "run": self.run,
            "tool": self.tool,
            "tool_version": self.tool_version,
            "policy": self.policy.name,
            "policy_sha256": self.policy.sha256,
            "models": dict(self.models),
        }


def record_from(outcome: Outcome, decisions: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return what the log says about an outcome: numbers, codes and hashes, never a text, a name or a path of the source.

    `decisions` are a reviewer's, already free of identifying text.
    """
    clean = outcome.status is Status.CLEAN
    return {
        "input_id": outcome.input_id or None,
        "input_kind": outcome.kind,
        "case": outcome.case or None,
        "status": outcome.status.value,
        "reason": None if clean else _reason(outcome.reasons),
        "output": outcome.output if clean else None,
        "output_sha256": outcome.output_sha256 if clean else None,
        "regions": [_region(finding) for finding in outcome.plan.findings],
        "metadata": _metadata(outcome.changes),
        "warnings": list(outcome.warnings),
        "verified": _verified(outcome.verification),
        "decisions": [dict(decision) for decision in decisions],
    }


def canonical(record: Mapping[str, Any]) -> bytes:
    """The bytes of a record: keys sorted, no white space, UTF-8."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _reason(reasons: Sequence[Reason]) -> dict[str, Any] | None:
    if not reasons:
        return None
    first = {"code": reasons[0].code, "sentence": sentence(reasons[0])}
    return {**first, "also": [reason.code for reason in reasons[1:]]} if len(reasons) > 1 else first


def _region(finding: Finding) -> dict[str, Any]:
    return {
        "frames": list(finding.region.frames),
        "polygon": [list(point) for point in finding.region.polygon],
        "category": finding.category.value,
        "score": round(finding.score, 3),
        "evidence": finding.evidence,
        "source": finding.source,
    }


def _metadata(changes: Sequence[HeaderChange]) -> list[dict[str, Any]]:
    """Sum up what was done, a line for each path and action."""
    counts: dict[tuple[str, str], int] = {}
    for change in changes:
        path = change.path if _PATH.fullmatch(change.path) else "other"
        counts[path, change.action] = counts.get((path, change.action), 0) + change.count
    return [{"path": path, "action": action, "count": count} for (path, action), count in sorted(counts.items())]


def _verified(verification: Verification | None) -> dict[str, Any] | None:
    if verification is None:
        return None
    return {
        "engine": verification.engine,
        "passes": list(verification.passes),
        "findings": verification.findings,
        "leaked": len(verification.leaked),
        "largest_change": _finite(verification.changed_outside),
        "psnr": _finite(verification.psnr),
    }


def _finite(number: float) -> float | None:
    """A number as JSON has it; infinite where nothing changed (ratio), or where frames cannot be compared (difference)."""
    return round(float(number), 2) if math.isfinite(number) else None
