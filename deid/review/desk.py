"""The desk: the queue as the page sees it, and one clerk who carries out what was decided while the person goes on."""

from __future__ import annotations

import queue
import secrets
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from deid.batch.reviewed import Reviewed, Waiting
from deid.errors import DeidError
from deid.phi import find_known
from deid.policy import Policy
from deid.redaction import may_be_removed
from deid.review import decisions
from deid.review.decisions import Malformed, Signature
from deid.review.pictures import Layout, Pictures
from deid.review.queue import drawn, estimate, in_order, told
from deid.types import Finding, Status

# What a file on the desk is: waiting for a person, confirmed, being carried out, or done with.
_WAITING: Final = "waiting"
_QUEUED: Final = "queued"
_WORKING: Final = "working"
_RELEASED: Final = "released"
_REJECTED: Final = "rejected"
_BACK: Final = "back"
_FAILED: Final = "failed"


@dataclass(eq=False, slots=True)
class Item:
    """A file on the desk, under a name that nobody can guess."""

    one: Waiting
    state: str = _WAITING
    sample: bool = False
    proposed: tuple[Finding, ...] = ()
    layout: Layout | None = None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))


class Desk:
    """The queue of one clean folder.

    Parameters
    ----------
    reviewed
        The folder; the desk closes it.
    """

    def __init__(self, reviewed: Reviewed) -> None:
        self._reviewed = reviewed
        self._pictures = Pictures(reviewed.policy)
        self._known = reviewed.known()
        self._turn = threading.Lock()
        self._items: dict[str, Item] = {}
        self._todo: queue.Queue[Item | None] = queue.Queue()
        self._broken = ""
        self._checked: Signature | None = None
        self._put(in_order(reviewed.waiting()), sample=False)
        self._resume()
        self._clerk = threading.Thread(target=self._carry_out, name="clerk", daemon=True)
        self._clerk.start()

    @property
    def policy(self) -> Policy:
        """The policy of the folder."""
        return self._reviewed.policy

    def close(self) -> None:
        """Finish what is in hand; what is confirmed and not carried out stays on the disk for the next time."""
        self._todo.queue.clear()
        self._todo.put(None)
        self._clerk.join()
        self._reviewed.__exit__(None, None, None)

    # -- what the page asks

    def state(self) -> dict[str, Any]:
        """The queue."""
        with self._turn:
            items = [_row(item) for item in self._items.values()]
        return {"items": items, "broken": self._broken}

    def sampled(self) -> dict[str, Any]:
        """What the sample of released files tells so far."""
        looked_at, missed = self._reviewed.decisions.samples
        found = estimate(looked_at, missed)
        return {"looked_at": looked_at, "missed": missed, "low": found.low, "high": found.high}

    def detail(self, item: Item) -> dict[str, Any]:
        """One file: its frames, its boxes, what still shows, and what was decided.

        Raises
        ------
        FileRefused
            Where the source cannot be read any more.
        """
        layout = self._layout(item)
        one = item.one
        return {
            **_row(item),
            "frames": len(layout.shapes),
            "shapes": _runs(layout.shapes),
            "looks": layout.looks,
            "windowed": layout.windowed,
            "cine": layout.cine,
            "boxes": [self._box(found) for found in one.boxes],
            "leaks": [self._box(found) for found in one.leaks],
            "proposed": [self._box(found) for found in item.proposed],
            "decision": _decided(one),
        }

    @property
    def busy(self) -> bool:
        """True while a decision waits to be carried out."""
        return not self._broken and any(item.state in (_QUEUED, _WORKING) for item in list(self._items.values()))

    @property
    def released(self) -> int:
        """How many held files were released here."""
        return sum(item.state == _RELEASED and not item.sample for item in list(self._items.values()))

    def outputs(self) -> tuple[tuple[str, Path], ...]:
        """Names and places of the clean files."""
        with self._turn:
            return tuple(self._reviewed.outputs())

    def frames(self, item: Item) -> int:
        """Number of frames of a file."""
        return len(self._layout(item).shapes)

    def item(self, name: str) -> Item | None:
        """The file under a name; None where there is none."""
        return self._items.get(name)

    @property
    def pictures(self) -> Pictures:
        """Renders the sources."""
        return self._pictures

    # -- what a person decides

    def check(self, signature: Signature) -> None:
        """See that nothing of a patient of this folder is in what goes to the audit log.

        Raises
        ------
        Malformed
            Where something is.
        """
        if signature != self._checked and find_known(f"{signature.reviewer} {signature.consent}", self._known):
            raise Malformed("Your name or the consent reference holds an identifier of a patient; the audit log must not.")
        self._checked = signature

    def decide(self, item: Item, sent: Any, signature: Signature | None) -> None:
        """Confirm a decision: it is on the disk when this returns, and carried out soon after.

        Raises
        ------
        Malformed
            Where it cannot be taken.
        """
        if signature is None:
            raise Malformed("Say who you are first.")
        self.check(signature)
        decision = decisions.decision(sent, item.one, self._layout(item), signature, self.policy)
        with self._turn:
            if item.state == _WORKING:
                raise Malformed("This file is being written; decide again in a moment.")
            self._reviewed.confirm(item.one, decision, sample=item.sample)
            if item.state != _QUEUED:
                item.state = _QUEUED
                self._todo.put(item)

    def spread(self, item: Item, sent: Any) -> int:
        """Propose a box for every waiting file of the same layout (kind and size of all frames); return for how many."""
        mine = self._layout(item)
        box = decisions.box(sent, mine)
        count = 0
        for other in list(self._items.values()):
            if other is item or other.state not in (_WAITING, _BACK) or other.one.kind != item.one.kind:
                continue
            try:
                same = self._layout(other).shapes == mine.shapes
            except (DeidError, OSError):
                continue
            if same and box not in other.proposed:
                other.proposed = (*other.proposed, box)
                count += 1
        return count

    def sample(self, share: float) -> int:
        """Put a random share of the released files on the desk; return how many."""
        here = {(item.one.input_id, item.one.stem) for item in self._items.values()}
        released = [one for one in self._reviewed.released() if (one.input_id, one.stem) not in here]
        chosen = drawn(released, share)
        self._put(in_order(chosen), sample=True)
        return len(chosen)

    # -- within

    def _put(self, waiting: Iterable[Waiting], *, sample: bool) -> None:
        with self._turn:
            for one in waiting:
                item = Item(one, sample=sample)
                if one.decision is not None and one.decision.rejected:
                    item.state = _REJECTED
                self._items[item.id] = item

    def _resume(self) -> None:
        """Carry out what was confirmed before the last review ended."""
        by_subject = {(item.one.input_id, item.one.stem): item for item in self._items.values()}
        pending = self._reviewed.pending()
        if any(subject not in by_subject for subject in pending):
            for one in self._reviewed.released():
                by_subject.setdefault((one.input_id, one.stem), Item(one, sample=True))
        for subject in pending:
            if subject in by_subject:
                item = by_subject[subject]
                item.state = _QUEUED
                self._items[item.id] = item
                self._todo.put(item)

    def _layout(self, item: Item) -> Layout:
        if item.layout is None:
            item.layout = self._pictures.layout(item.one.path)
        return item.layout

    def _box(self, found: Finding) -> dict[str, Any]:
        return {
            "polygon": found.region.polygon,
            "frames": found.region.frames,
            "category": found.category.value,
            "score": round(found.score, 3),
            "evidence": found.evidence,
            "locked": not may_be_removed(found, self.policy),
        }

    def _carry_out(self) -> None:
        while (item := self._todo.get()) is not None:
            with self._turn:
                item.state = _WORKING
            try:
                one = self._reviewed.carry_out(item.one)
            except Exception as error:
                # Whatever stops the clerk stops every release; the page says so, and the decisions stay on the disk.
                self._broken = str(error) if isinstance(error, DeidError) else f"Unexpected {type(error).__name__}."
                item.state = _QUEUED
                return
            with self._turn:
                item.one = one
                item.state = _after(one)


def _after(one: Waiting) -> str:
    if one.status is Status.CLEAN:
        return _RELEASED
    if one.status is Status.HELD:
        return _REJECTED if one.decision is not None and one.decision.rejected else _BACK
    return _FAILED


def _row(item: Item) -> dict[str, Any]:
    one = item.one
    return {
        "id": item.id,
        "name": one.path.name,
        "folder": one.label,
        "group": one.case,
        "kind": one.kind,
        "state": item.state,
        "sample": item.sample,
        "reasons": [told(reason) for reason in one.reasons],
    }


def _decided(one: Waiting) -> dict[str, Any] | None:
    if one.decision is None:
        return None
    taken = {(removal.finding.region, removal.finding.category): removal.reason for removal in one.decision.removed}
    gone = {index: taken[key] for index, box in enumerate(one.boxes) if (key := (box.region, box.category)) in taken}
    action = "reject" if one.decision.rejected else "approve"
    return {"action": action, "reviewer": one.decision.reviewer, "time": one.decision.time, "removed": gone}


def _runs(shapes: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Sizes as (rows, columns, number of frames) of each run of equal ones."""
    runs: list[list[int]] = []
    for rows, columns in shapes:
        if runs and runs[-1][:2] == [rows, columns]:
            runs[-1][2] += 1
        else:
            runs.append([rows, columns, 1])
    return runs
