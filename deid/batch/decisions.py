"""What people decided about files, in DIR-held: on the disk before anybody is told that it is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from deid.errors import FolderRefused
from deid.types import Decision, Finding, PhiCategory, Region, Removal

_NAME: Final = "decisions.jsonl"

Subject = tuple[str, str]
"""A file as decisions know it: the keyed identity of its bytes, and the name of its output without extension."""


class Decisions:
    """The decisions of one clean folder, append-only; the newest about a file counts. It holds no text of any picture.

    Raises
    ------
    FolderRefused
        Where what is there cannot be read.
    """

    def __init__(self, held: Path) -> None:
        self._path = held / _NAME
        self._newest: dict[Subject, Decision] = {}
        self._open: dict[Subject, None] = {}
        self._samples: dict[Subject, bool] = {}
        try:
            for line in self._lines():
                self._take(line)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FolderRefused("The decisions in DIR-held cannot be read.", "Restore decisions.jsonl, or move it away.") from error

    def newest(self, input_id: str, stem: str | None) -> Decision | None:
        """The decision that counts for a file, None where there is none."""
        return self._newest.get((input_id, stem or ""))

    @property
    def pending(self) -> tuple[Subject, ...]:
        """Files whose decision was confirmed and not yet carried out, in their order."""
        return tuple(self._open)

    @property
    def samples(self) -> tuple[int, int]:
        """How many released files were looked at as a sample, and in how many of them something had been missed."""
        return len(self._samples), sum(self._samples.values())

    def confirm(self, input_id: str, stem: str, decision: Decision, *, sample: bool = False) -> None:
        """Put a decision on the disk; when this returns it survives a power cut."""
        self._write({"input_id": input_id, "stem": stem, "sample": sample, **as_json(decision)})

    def carried_out(self, input_id: str, stem: str) -> None:
        """Note that the newest decision about a file was carried out, whatever came of it."""
        self._write({"input_id": input_id, "stem": stem, "carried_out": True})

    def _write(self, line: Mapping[str, Any]) -> None:
        handle = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(handle)
        self._take(line)

    def _take(self, line: Mapping[str, Any]) -> None:
        subject = (line["input_id"], line["stem"])
        if line.get("carried_out"):
            self._open.pop(subject, None)
            return
        decision = _from_json(line)
        self._newest[subject] = decision
        self._open[subject] = None
        if line["sample"]:
            self._samples[subject] = decision.rejected or bool(decision.added)

    def _lines(self) -> Iterator[Mapping[str, Any]]:
        """Yield the lines; cut off a last one that a power cut left unfinished, which nobody was told of."""
        if not self._path.exists():
            return
        data = self._path.read_bytes()
        whole = data.rpartition(b"\n")[0]
        if len(data) > len(whole) + 1:
            os.truncate(self._path, len(whole) + 1 if whole else 0)
        for line in whole.splitlines():
            yield json.loads(line)


def for_audit(decision: Decision | None) -> list[dict[str, Any]]:
    """A decision as the audit log has it: who, when, with what consent, and which proposed boxes went for what reason."""
    if decision is None:
        return []
    whole = as_json(decision)
    return [{**whole, "kept": len(decision.kept), "added": len(decision.added)}]


def as_json(decision: Decision) -> dict[str, Any]:
    """A decision as JSON, without any text of a picture."""
    return {
        "action": "reject" if decision.rejected else "approve",
        "reviewer": decision.reviewer,
        "time": decision.time,
        "consent": decision.consent or None,
        "platform": decision.platform or None,
        "use": decision.use or None,
        "kept": [_box(finding) for finding in decision.kept],
        "added": [_box(finding) for finding in decision.added],
        "removed": [{**_box(removal.finding), "reason": removal.reason} for removal in decision.removed],
    }


def boxes_from(rows: Sequence[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Findings from the regions of an audit record, or from the places that a draft's side file names."""
    return tuple(Finding(PhiCategory(row["category"]), _region(row), float(row["score"]), str(row["evidence"])) for row in rows)


def _box(finding: Finding) -> dict[str, Any]:
    return {
        "frames": list(finding.region.frames),
        "polygon": [list(point) for point in finding.region.polygon],
        "category": finding.category.value,
        "score": round(finding.score, 3),
        "evidence": finding.evidence,
    }


def _region(row: Mapping[str, Any]) -> Region:
    first, past = row["frames"]
    return Region(tuple((int(x), int(y)) for x, y in row["polygon"]), (int(first), int(past)))


def _from_json(line: Mapping[str, Any]) -> Decision:
    return Decision(
        line["reviewer"],
        line["time"],
        kept=boxes_from(line["kept"]),
        added=boxes_from(line["added"]),
        removed=tuple(Removal(boxes_from([row])[0], row["reason"]) for row in line["removed"]),
        rejected=line["action"] == "reject",
        consent=line["consent"] or "",
        platform=line["platform"] or "",
        use=line["use"] or "",
    )
