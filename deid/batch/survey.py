"""The first pass: what the headers and names of all files tell, before the pixels of any are read."""

from __future__ import annotations

import os
from collections.abc import Iterator

from deid.batch import naming
from deid.batch.books import Books
from deid.batch.ledger import Entry, Ledger
from deid.batch.tasks import Surveyed, Task, ended
from deid.batch.walk import touched
from deid.batch.workers import Lost
from deid.keys import Key
from deid.policy import Policy
from deid.types import Outcome, PhiText, Reason, Status


class Survey:
    """Reads what is new, notes in the ledger what it tells, and marks what is left to do."""

    def __init__(self, books: Books, ledger: Ledger, policy: Policy, key: Key) -> None:
        self._books = books
        self._ledger = ledger
        self._policy = policy
        self._key = key

    def tasks(self, *, fresh: bool) -> Iterator[Task]:
        """Inputs that are new or changed since they were surveyed; all of them where `fresh`."""
        for entry in self._ledger.met():
            same = entry.stat == touched(entry.path) and entry.survey_with == self._books.made_with
            if fresh or not same or entry.may_pass:
                names = (*entry.label.split("/"), entry.path.name)
                yield Task(entry.source, tuple(PhiText(name) for name in names))

    def take(self, entry: Entry, result: Surveyed | Lost) -> Iterator[Outcome]:
        """Note what a survey told; a file that cannot even be surveyed ends here."""
        if isinstance(result, Lost):
            self._ledger.set(entry.id, stat=touched(entry.path), survey_with=self._books.made_with)
            yield self._books.record(entry, ended(entry.source, None, entry.case, (Reason(result.code, result.detail),)), 0)
            return
        with self._ledger.together():
            if entry.input_id != result.input_id:
                entry = self._other_content(entry)
            if entry.seq is None and self._ledger.take_over(entry.id, result.input_id):
                entry = self._ledger.entry(entry.id)
            case = self._case(entry, result)
            seq = entry.seq or self._ledger.unclaimed_record(result.input_id)
            self._ledger.set(
                entry.id,
                stat=touched(entry.path),
                survey_with=self._books.made_with,
                input_id=result.input_id,
                input_sha256=result.sha256,
                kind=result.kind,
                case_code=case,
                may_keep=result.may_keep,
                seq=seq,
            )
            self._ledger.set_patient(entry.id, case if result.case.reveal() else "")
            self._ledger.learn(entry.id, (*result.known, *result.named))
        if result.reasons:
            entry = self._ledger.entry(entry.id)
            yield self._books.record(entry, ended(entry.source, result, case, result.reasons), 0)

    def choose(self) -> None:
        """Mark what is left to do, and give it its output's name; what could not be surveyed has been recorded in this round."""
        for entry in self._ledger.met():
            if self._books.is_done(entry) or self._books.is_of_this_round(entry):
                continue
            with self._ledger.together():
                stem = naming.name(entry, self._ledger, self._policy, self._key)
                entry = self._ledger.entry(entry.id)
                self._ledger.set(entry.id, stem=stem, todo=int(not self._books.is_done(entry)))

    def _other_content(self, entry: Entry) -> Entry:
        """Part with what was made of a path that holds another file now: what was released stays, what was not is superseded."""
        if entry.status == Status.CLEAN:
            return self._ledger.entry(self._ledger.leave_behind(entry))
        self._ledger.forget_result(entry.id)
        return self._ledger.entry(entry.id)

    def _case(self, entry: Entry, result: Surveyed) -> str:
        patient = result.case.reveal()
        if patient:
            return patient_code(self._key, patient)
        return self._key.code("case", b"folder", os.fsencode(entry.path.parent))


def patient_code(key: Key, patient: str) -> str:
    """The pseudonym of a patient in the audit log."""
    return key.code("case", b"patient", patient.encode("utf-8", "replace"))
