"""The chain: every record holds the hash of the one before; the state folder remembers the newest, and one in a thousand."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deid.audit.record import canonical
from deid.errors import AuditBroken
from deid.keys import Key, private_folder

FIRST_PREV: Final = "0" * 64
# Records between two checkpoints: a log that somebody with the key wrote anew is found out to within so many.
CHECKPOINT: Final = 1000

# In a canonical line a quote inside a string is escaped, so this can only be the key of an object.
_MAC: Final = re.compile(rb'"mac":"([0-9a-f]{64})",')


@dataclass(frozen=True, slots=True)
class Head:
    """The newest record of a log: its running number and the SHA-256 of its line."""

    seq: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first record that breaks the chain: its running number (as it should be) and what is wrong with it."""

    seq: int
    text: str


class ChainWalk:
    """A walk along the records of a log that checks each against the one before.

    Parameters
    ----------
    key : Key, optional
        Checks the MACs too.
    state : Path, optional
        The state folder: what it keeps of this log must be in it, so that a tail that was cut off shows.
    """

    def __init__(self, key: Key | None = None, state: Path | None = None) -> None:
        self._key = key
        self._key_id = key.key_id if key else ""
        self._state = state
        # One byte a record, 1 while it is current: memory stays small for millions of records.
        self._current = bytearray(1)
        self._kept: Head | None = None
        self._checkpoints: dict[int, str] = {}
        self._checked = 0
        self.head: Head | None = None
        self.log_id = ""
        self.size = 0
        self.unfinished = False
        self.fault: ChainFault | None = None

    @property
    def tail_checked(self) -> bool:
        """True where the state folder knew the log's head."""
        return self._kept is not None

    def records(self, path: Path) -> Iterator[dict[str, Any]]:
        """Yield every record; `fault`, `head`, `size` (bytes of whole lines) and `unfinished` are set as it goes."""
        with path.open("rb") as file:
            for raw in file:
                if not raw.endswith(b"\n"):
                    self.unfinished = True
                    break
                record = self._step(raw[:-1])
                self.size += len(raw)
                if record is not None:
                    yield record
        if self._kept is not None and (self.head is None or self.head.seq < self._kept.seq):
            self._blame(self.head.seq + 1 if self.head else 1, "and what followed it were cut off")

    def _step(self, line: bytes) -> dict[str, Any] | None:
        prev = self.head.sha256 if self.head else FIRST_PREV
        head = Head(self.head.seq + 1 if self.head else 1, hashlib.sha256(line).hexdigest())
        if not self.log_id:
            self.log_id = head.sha256
            self._kept = read_head(self._state, self.log_id) if self._state else None
            self._checkpoints = read_checkpoints(self._state, self.log_id) if self._state else {}
        record = _parsed(line)
        self._current.append(1)
        if self.fault is None:
            self._blame(head.seq, self._wrong(head.seq, prev, line, record))
        self._compare(head)
        self.head = head
        return record

    def _compare(self, head: Head) -> None:
        """Hold a record against what the state folder remembers: whoever has the key can write a log anew, but not that."""
        remembered = self._checkpoints.get(head.seq)
        if remembered == head.sha256:
            self._checked = head.seq
        elif remembered is not None:
            self._blame(self._checked + 1, f"or one of those up to {head.seq} was written anew")
        if self._kept is not None and head.seq == self._kept.seq and head != self._kept:
            self._blame(self._checked + 1, f"or one of those up to {head.seq} was written anew")

    def _blame(self, seq: int, text: str) -> None:
        """Keep the first fault."""
        if text and self.fault is None:
            self.fault = ChainFault(seq, f"record {seq} {text}.")

    def _wrong(self, seq: int, prev: str, line: bytes, record: dict[str, Any] | None) -> str:
        if record is None:
            return "is not a record"
        if record.get("seq") != seq:
            return "is missing"
        if record.get("prev") != prev:
            return "follows a record that was changed or removed"
        if not self._supersedes_well(seq, record.get("supersedes")):
            return "takes the place of a record that is not current"
        return self._wrong_mac(line, record) if self._key else ""

    def _supersedes_well(self, seq: int, old: object) -> bool:
        if old is None:
            return True
        if not isinstance(old, int) or not 0 < old < seq or not self._current[old]:
            return False
        self._current[old] = 0
        return True

    def _wrong_mac(self, line: bytes, record: dict[str, Any]) -> str:
        assert self._key is not None
        if record.get("key_id") != self._key_id:
            return "was made with another key"
        macs = _MAC.findall(line)
        if len(macs) != 1 or self._key.mac("audit", _MAC.sub(b"", line)).hex() != macs[0].decode():
            return "was changed"
        return ""


def signed(record: Mapping[str, Any], key: Key) -> bytes:
    """The line of a record: canonical, with the MAC of the line without it."""
    line = canonical({**record, "mac": FIRST_PREV})
    mac = key.mac("audit", _MAC.sub(b"", line)).hex()
    return _MAC.sub(b'"mac":"' + mac.encode() + b'",', line)


def read_head(state: Path, log_id: str) -> Head | None:
    """Read the head that the state folder keeps for a log; None where it keeps none."""
    if not log_id:
        return None
    try:
        seq, sha256 = (state / "heads" / log_id).read_text(encoding="ascii").split()
        return Head(int(seq), sha256)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise AuditBroken("The head of the audit log in the state folder cannot be read.", "Check the state folder.") from error


def write_head(state: Path, log_id: str, head: Head) -> None:
    """Keep the head of a log in the state folder, whole or not at all."""
    folder = state / "heads"
    private_folder(folder)
    draft = folder / f"{log_id}.new"
    handle = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{head.seq} {head.sha256}\n")
    draft.replace(folder / log_id)


def read_checkpoints(state: Path, log_id: str) -> dict[int, str]:
    """Read the checkpoints that the state folder keeps of a log: running numbers and hashes."""
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for line in _checkpoints(state, log_id).read_text(encoding="ascii", errors="replace").splitlines():
            with contextlib.suppress(ValueError):  # a line that a power cut left unfinished
                seq, sha256 = line.split()
                found[int(seq)] = sha256
    return {seq: sha256 for seq, sha256 in found.items() if len(sha256) == len(FIRST_PREV)}


def add_checkpoints(state: Path, log_id: str, heads: Sequence[Head]) -> None:
    """Keep checkpoints of a log whose records up to there are on the disk."""
    private_folder(state / "heads")
    handle = os.open(_checkpoints(state, log_id), os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.writelines(f"\n{head.seq} {head.sha256}" for head in heads)


def _checkpoints(state: Path, log_id: str) -> Path:
    return state / "heads" / f"{log_id}.checkpoints"


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
