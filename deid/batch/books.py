"""The books of a run: what is clean is released, then stands in the audit log, then in the ledger; always in this order."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from typing import Final

from deid.audit import AuditLog, RunFacts, record_from
from deid.batch.clean_folder import CleanFolder
from deid.batch.decisions import Decisions, for_audit
from deid.batch.ledger import Entry, Ledger
from deid.batch.walk import touched
from deid.keys import Key
from deid.types import Decision, Outcome, Reason, Status

# A power cut may cost the records of this many seconds; their files are done again.
_SYNC_SECONDS: Final = 1.0


class Books:
    """What one run has made of its inputs, and what earlier runs made that still holds.

    Opening them takes over what the audit log holds, and clears away what a killed run left.

    Parameters
    ----------
    place
        The clean folder; None where nothing is written, in a dry run.
    ledger, decisions, key
        The private memory of the folder, what people decided about its files, and the user's key.
    facts
        What every record of this run says alike.
    fresh
        What earlier runs made is done again.

    Raises
    ------
    AuditBroken
        Where the audit log does not hold together or cannot be written.
    """

    def __init__(
        self, place: CleanFolder | None, ledger: Ledger, decisions: Decisions | None, key: Key, facts: RunFacts, *, fresh: bool
    ) -> None:
        self._place = place
        self._ledger = ledger
        self._decisions = decisions
        self._fresh = fresh
        self._synced = time.monotonic()
        self._round = ""
        self.counts = dict.fromkeys(Status, 0)
        parts = (
            facts.policy.sha256,
            facts.tool_version,
            key.key_id,
            *sorted(f"{name}={facts.models[name]}" for name in facts.models),
        )
        self.made_with = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        self._log: AuditLog | None = None
        if place is not None:
            place.keep_policy(facts.policy)
            self._log = AuditLog(place.out, key, facts, reader=ledger.take_records)
            place.sweep(ledger.explains, ledger.expects, ledger.drafts())

    def begin(self, name: str) -> None:
        """Begin a round: what is recorded from now on was done in it."""
        self._round = name

    def sync(self) -> None:
        """Make what is written so far safe from a power cut."""
        if self._log is not None and self._place is not None:
            self._place.sync()
            self._log.sync()
        self._synced = time.monotonic()

    def close(self) -> None:
        """Sync, close the log, and write the owner's list."""
        if self._log is not None:
            self.sync()
            self._log.close()
            self._ledger.write_list()

    # -- what holds

    def is_done(self, entry: Entry) -> bool:
        """Tell whether the current record of an input still holds: same content, policy and models, and its output is there."""
        if not entry.status or entry.done_with != self.made_with or entry.may_pass:
            return False
        if entry.status == Status.CLEAN and self._place is not None:
            assert entry.output is not None
            if entry.output_stat != touched(self._place.out / entry.output):
                return False
        return self.is_of_this_round(entry) or not self._fresh

    def is_of_this_round(self, entry: Entry) -> bool:
        """Tell whether an input was done in this round."""
        return entry.done_in == self._round

    def decision(self, entry: Entry) -> Decision | None:
        """What a person decided about these bytes; later runs do as they said."""
        return self._decisions.newest(entry.input_id, entry.stem) if self._decisions else None

    # -- what is new

    def record(self, entry: Entry, outcome: Outcome, known_upto: int) -> Outcome:
        """Release what is clean, write the audit record, then the ledger; then take away what this takes the place of."""
        if self._place is not None and outcome.output:
            self._place.release(outcome.output)
        with self._ledger.together():
            seq = entry.seq if self._is_no_news(entry, outcome) else self._append(entry, outcome)
            self._ledger.set(
                entry.id,
                todo=0,
                status=outcome.status.value,
                reasons=json.dumps([(reason.code, reason.detail) for reason in outcome.reasons]),
                kind=outcome.kind,
                output=outcome.output,
                output_sha256=outcome.output_sha256,
                output_stat=touched(self._place.out / outcome.output) if self._place and outcome.output else "",
                draft=draft_of(entry, outcome.input_id) if outcome.status is Status.HELD else "",
                seq=seq,
                done_with=self.made_with,
                done_in=self._round,
                known_upto=known_upto,
            )
            self._ledger.learn(entry.id, outcome.found)
            self._ledger.keep_text(entry.id, outcome.kept)
        if self._place is not None and entry.output and entry.output != outcome.output:
            self._place.withdraw(entry.output)
        if self._place is not None and outcome.output:
            self._place.restored(outcome.output)
        self.counts[outcome.status] += 1
        # What was read is in the private ledger now; nobody else needs it, and a long run must not keep it.
        return replace(outcome, found=(), kept=None)

    def withdraw(self, entry: Entry) -> Outcome:
        """Take back a released file, for it may show a value that was learnt later."""
        if self._place is not None and entry.output:
            self._place.withdraw(entry.output)
        if entry.run != self._round:
            self._ledger.join_run(entry.id)
            entry = self._ledger.entry(entry.id)
        held = replace(entry.outcome(), status=Status.HELD, reasons=(Reason("withdrawn"),), output=None, output_sha256=None)
        return self.record(entry, held, 0)

    def _is_no_news(self, entry: Entry, outcome: Outcome) -> bool:
        """Tell whether the current record says already that an input failed in just this way."""
        same = (entry.status, entry.reasons, entry.done_with) == (outcome.status, outcome.reasons, self.made_with)
        failed = outcome.status in (Status.FAILED, Status.SKIPPED)
        return same and failed and entry.seq is not None and not self._fresh and self.decision(entry) is None

    def _append(self, entry: Entry, outcome: Outcome) -> int | None:
        if self._log is None:
            return None
        body = record_from(outcome, for_audit(self.decision(entry)))
        seq = self._log.append(body, entry.seq)
        self._ledger.take_record({**body, "seq": seq, "supersedes": entry.seq})
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            self.sync()
        return seq


def draft_of(entry: Entry, input_id: str) -> str:
    """Name, without extension, of the draft that an input is written to."""
    return f"{input_id[:16]}-{entry.number}"
