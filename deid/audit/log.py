"""The log of one clean folder, open for appending."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from deid.audit.chain import CHECKPOINT, FIRST_PREV, ChainWalk, Head, add_checkpoints, signed, write_head
from deid.audit.record import SCHEMA, RunFacts
from deid.errors import AuditBroken
from deid.keys import Key, state_folder

LOG_NAME: Final = "audit.jsonl"


class AuditLog:
    """The log of one clean folder, open for appending; there is one writer at a time.

    Opening checks the whole chain. Records are in the file when `append` returns, and safe from a power cut after `sync`, which
    also puts the head into the state folder: a tail that is cut off later shows. `reader` is given the records that are there.

    Raises
    ------
    AuditBroken
        Where the log on disk does not hold together, or cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        key: Key,
        facts: RunFacts,
        state: Path | None = None,
        reader: Callable[[Iterator[dict[str, Any]]], object] | None = None,
    ) -> None:
        self._path = folder / LOG_NAME
        self._key = key
        self._facts = facts.fields()
        self._state = state or state_folder()
        self._handle = _open_for_append(self._path)
        try:
            self._log_id, self._head = self._resume(reader or _exhaust)
        except BaseException:
            os.close(self._handle)
            raise
        self._synced = self._head
        self._passed: list[Head] = []

    @property
    def head(self) -> Head | None:
        """The newest record, None where the log is empty."""
        return self._head

    @property
    def run(self) -> str:
        """Id of this run."""
        return str(self._facts["run"])

    def append(self, body: Mapping[str, Any], supersedes: int | None = None) -> int:
        """Append a record and return its running number.

        Parameters
        ----------
        body : mapping
            What `record_from` returns.
        supersedes : int, optional
            Running number of the record that this one takes the place of.
        """
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        replaced = {} if supersedes is None else {"supersedes": supersedes}
        return self.append_as_it_is({"time": time, **self._facts, **body, **replaced})

    def append_as_it_is(self, record: Mapping[str, Any]) -> int:
        """Append a record of another log, which knows its run and its time; return its running number here."""
        seq = self._head.seq + 1 if self._head else 1
        prev = self._head.sha256 if self._head else FIRST_PREV
        line = signed({**record, "schema": SCHEMA, "seq": seq, "key_id": self._key.key_id, "prev": prev}, self._key)
        self._write(line + b"\n")
        self._head = Head(seq, hashlib.sha256(line).hexdigest())
        self._log_id = self._log_id or self._head.sha256
        if seq % CHECKPOINT == 0:
            self._passed.append(self._head)
        return seq

    def sync(self) -> None:
        """Put all records on the disk, then the head and the checkpoints into the state folder."""
        if self._head is None or self._head == self._synced:
            return
        try:
            os.fsync(self._handle)
            write_head(self._state, self._log_id, self._head)
            if self._passed:
                add_checkpoints(self._state, self._log_id, self._passed)
                self._passed.clear()
        except OSError as error:
            raise AuditBroken("The audit log cannot be written.", "Make room on the disk and run again.") from error
        self._synced = self._head

    def close(self) -> None:
        """Sync and close."""
        try:
            self.sync()
        finally:
            os.close(self._handle)

    def _resume(self, reader: Callable[[Iterator[dict[str, Any]]], object]) -> tuple[str, Head | None]:
        """Check the chain that is there, cut away a line that a power cut left unfinished, and return the log's id and head."""
        walk = ChainWalk(self._key, self._state)
        reader(walk.records(self._path))
        if walk.fault is not None:
            raise AuditBroken(f"The audit log is broken: {walk.fault.text}", "`deid verify` says more; keep the folder as it is.")
        if walk.unfinished:
            os.ftruncate(self._handle, walk.size)
        return walk.log_id, walk.head

    def _write(self, line: bytes) -> None:
        """Append a line whole or not at all."""
        before = os.fstat(self._handle).st_size
        try:
            if os.write(self._handle, line) == len(line):
                return
        except OSError as error:
            os.ftruncate(self._handle, before)
            raise AuditBroken("The audit log cannot be written.", "Make room on the disk and run again.") from error
        os.ftruncate(self._handle, before)
        raise AuditBroken("The disk is full; the audit log cannot be written.", "Make room on the disk and run again.")


def _open_for_append(path: Path) -> int:
    try:
        return os.open(path, os.O_CREAT | os.O_APPEND | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise AuditBroken("The audit log cannot be opened.", "Check the output folder.") from error


def _exhaust(records: Iterator[dict[str, Any]]) -> None:
    for _ in records:
        pass
