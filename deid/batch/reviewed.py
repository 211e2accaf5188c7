"""A clean folder in a person's hands: what waits there, and the release of what they decided, by the same hand as a run's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deid.audit import LOG_NAME
from deid.audit.chain import ChainWalk
from deid.batch.books import draft_of
from deid.batch.clean_folder import POLICY_NAME
from deid.batch.decisions import boxes_from
from deid.batch.ledger import Entry
from deid.batch.options import Options
from deid.batch.session import Session
from deid.batch.tasks import Work
from deid.batch.urls import local
from deid.errors import UsageError
from deid.policy import Policy, load_policy
from deid.types import Decision, Finding, KnownValue, Reason, Status


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that a person looks at.

    `boxes` are what the plan covers, with those that an earlier decision took away; `leaks` are what the second look still saw.

    `stem` names its output, and with `input_id` the file itself. `label` is its folder, for the owner's eyes.
    """

    input_id: str
    stem: str
    path: Path
    label: str
    kind: str
    case: str
    status: Status
    reasons: tuple[Reason, ...] = ()
    boxes: tuple[Finding, ...] = ()
    leaks: tuple[Finding, ...] = ()
    decision: Decision | None = None


class Reviewed:
    """A clean folder taken for a review: nobody else runs or reviews there until it is closed.

    Parameters
    ----------
    out
        The clean folder of an earlier run.
    policy
        The policy of that run where it is left out.
    work
        What workers do.

    Raises
    ------
    UsageError
        Where no run has made this folder.
    FolderRefused
        Where a run or another review has it.
    """

    def __init__(self, out: Path, policy: Policy | None = None, work: Work | None = None) -> None:
        self._out = local(out).resolve()
        self._held = self._out.with_name(f"{self._out.name}-held")
        if not (self._out / LOG_NAME).is_file() or not self._held.is_dir():
            raise UsageError("No run has made this folder.", "Name the folder that was given to `deid redact --out`.")
        self.policy = policy or load_policy(self._held / POLICY_NAME)
        options = Options(jobs=1) if work is None else Options(jobs=1, work=work)
        self._session = Session((), self._out, self.policy, options)
        assert self._session.decisions is not None
        self.decisions = self._session.decisions

    def __enter__(self) -> Reviewed:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._session.__exit__(kind, error, trace)

    def waiting(self) -> tuple[Waiting, ...]:
        """What is held and not rejected, in no order; with what was decided about it and not yet carried out."""
        return self._known_as(self._session.ledger.with_status(Status.HELD))

    def released(self) -> tuple[Waiting, ...]:
        """The clean files."""
        return self._known_as(self._session.ledger.with_status(Status.CLEAN))

    def known(self) -> tuple[KnownValue, ...]:
        """Every value that identifies somebody in this folder."""
        return self._session.ledger.every_known()

    def confirm(self, one: Waiting, decision: Decision, *, sample: bool = False) -> None:
        """Put a decision on the disk; `carry_out` does what it says."""
        self.decisions.confirm(one.input_id, one.stem, decision, sample=sample)

    def carry_out(self, one: Waiting) -> Waiting:
        """Take a file through the line again as was decided, and release it if that is proven; say what it is now."""
        entry = self._session.ledger.owner(one.stem)
        assert entry is not None
        outcome = self._session.redo(entry)
        self.decisions.carried_out(one.input_id, one.stem)
        if outcome.status is Status.CLEAN:
            self._clear(draft_of(entry, entry.input_id))
        entry = self._session.ledger.entry(entry.id)
        return replace(
            one,
            status=outcome.status,
            reasons=outcome.reasons,
            boxes=_with_removed(outcome.plan.findings or one.boxes, self.decisions.newest(one.input_id, one.stem)),
            leaks=self._leaks(entry),
            decision=self.decisions.newest(one.input_id, one.stem),
        )

    def pending(self) -> tuple[tuple[str, str], ...]:
        """Files (input id, stem) whose decision was confirmed and not yet carried out."""
        return self.decisions.pending

    def outputs(self) -> Iterator[tuple[str, Path]]:
        """Names and places of the clean files."""
        for entry in self._session.ledger.with_status(Status.CLEAN):
            if entry.output:
                yield entry.output, self._out / entry.output

    def _clear(self, draft: str) -> None:
        """Remove the previews of a file that does not wait any more."""
        for path in (self._held / "previews").glob(f"{draft}.*"):
            path.unlink()

    def _known_as(self, entries: Iterable[Entry]) -> tuple[Waiting, ...]:
        rows = {entry.seq: entry for entry in entries if entry.stem and entry.seq is not None}
        walk = ChainWalk()
        found = {}
        for record in walk.records(self._out / LOG_NAME):
            if record.get("seq") in rows:
                found[record["seq"]] = record
        return tuple(self._one(entry, found[seq]) for seq, entry in rows.items() if seq in found)

    def _one(self, entry: Entry, record: Mapping[str, Any]) -> Waiting:
        assert entry.stem is not None
        return Waiting(
            entry.input_id,
            entry.stem,
            entry.path,
            entry.label,
            entry.kind,
            entry.case,
            Status(entry.status),
            entry.reasons,
            _with_removed(boxes_from(record["regions"]), self.decisions.newest(entry.input_id, entry.stem)),
            self._leaks(entry),
            self.decisions.newest(entry.input_id, entry.stem),
        )

    def _leaks(self, entry: Entry) -> tuple[Finding, ...]:
        """Where the second look still saw something, from the side file of a held draft."""
        draft = draft_of(entry, entry.input_id)
        path = self._held / "previews" / f"{draft}.json"
        if entry.status != Status.HELD or not path.is_file():
            return ()
        return boxes_from(json.loads(path.read_bytes()))


def _with_removed(boxes: tuple[Finding, ...], decision: Decision | None) -> tuple[Finding, ...]:
    """The boxes of a file, with those that an earlier decision took away: the next decision may bring them back."""
    if decision is None:
        return boxes
    shown = boxes or (*decision.kept, *decision.added)
    present = {(box.region, box.category) for box in shown}
    taken = (removal.finding for removal in decision.removed)
    return (*shown, *(box for box in taken if (box.region, box.category) not in present))
