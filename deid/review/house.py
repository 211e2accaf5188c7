"""Everything that one server looks after: the desk of a folder, the room for dropped files, and who reviews."""

from __future__ import annotations

from typing import Any

from deid.review import decisions
from deid.review.decisions import Malformed, Signature
from deid.review.desk import Desk, Item
from deid.review.drop import DropRoom


class House:
    """A desk for the folder that was named, if one was, and one for what is dropped.

    Parameters
    ----------
    desk
        The desk of the folder; None where files are only dropped.
    drop
        The room for dropped files.
    """

    def __init__(self, desk: Desk | None, drop: DropRoom) -> None:
        self._desk = desk
        self.drop = drop
        self.signature: Signature | None = None

    @property
    def desks(self) -> tuple[Desk, ...]:
        """All desks that are open."""
        return tuple(desk for desk in (self._desk, self.drop.desk) if desk is not None)

    @property
    def busy(self) -> bool:
        """True while something is being worked on."""
        return self.drop.running or any(desk.busy for desk in self.desks)

    def state(self) -> dict[str, Any]:
        """The queue of all desks, and how far the dropped files are."""
        states = [desk.state() for desk in self.desks]
        return {
            "items": [item for state in states for item in state["items"]],
            "broken": next((state["broken"] for state in states if state["broken"]), ""),
            "sample": self._desk.sampled() if self._desk else None,
            "drop": self.drop.state(),
        }

    def facts(self) -> dict[str, Any]:
        """What does not change while the page is open."""
        signature = self.signature
        return {
            **decisions.facts(self.drop.policy),
            "folder": self._desk is not None,
            "signature": None if signature is None else signature.reviewer,
            "most_bytes": self.drop.policy.max_file_mb * 1_000_000,
        }

    def sign(self, sent: Any) -> None:
        """Take who reviews, with whose consent and for where.

        Raises
        ------
        Malformed
            Where it cannot be taken.
        """
        signature = decisions.signature(sent, self.drop.policy)
        for desk in self.desks:
            desk.check(signature)
        self.signature = signature

    def sample(self, share: float) -> int:
        """Put a share of the folder's released files on its desk; return how many."""
        if self._desk is None:
            raise Malformed("There is no folder to sample from.")
        return self._desk.sample(share)

    def item(self, name: str) -> tuple[Desk, Item] | None:
        """A file and its desk, by the file's name; None where there is none."""
        for desk in self.desks:
            item = desk.item(name)
            if item is not None:
                return desk, item
        return None

    def close(self) -> None:
        """Finish what is in hand, and remove what was dropped."""
        self.drop.close()
        if self._desk is not None:
            self._desk.close()
