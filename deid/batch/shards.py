"""Shards: a part of the inputs for each of many jobs that know nothing of each other, and one audit log of them all afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deid import __version__
from deid.audit import LOG_NAME, AuditLog, ChainWalk, RunFacts, check
from deid.batch.clean_folder import CleanFolder
from deid.batch.walk import Found
from deid.errors import AuditBroken, UsageError
from deid.keys import Key, load_key, private_folder
from deid.policy import Policy

# What belongs to the log that a record stands in, and not to what it says.
_OF_THE_LOG: Final = ("schema", "seq", "prev", "mac", "key_id", "supersedes")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `of` parts, `number` from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``3/64``.

        Raises
        ------
        UsageError
            Where it is not of that form.
        """
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError("A shard is written as 3/64: the third of 64.", "Count from 1.")
        return cls(int(found[1]), int(found[2]))

    def holds(self, found: Found) -> bool:
        """Tell whether an input is of this part; the folders directly in INPUT are never split, so that a case stays together."""
        place = "/".join(found.names[:-1][:2]).encode("utf-8", "surrogateescape")
        return int.from_bytes(hashlib.sha256(place).digest()[:8], "big") % self.of == self.number - 1


def merge(shards: Sequence[Path], out: Path) -> int:
    """Gather the clean folders of shards into one, with one audit log; return the number of records that were added.

    The folders of the shards stay as they are. May be repeated after an interruption, or for shards that finish later.

    Raises
    ------
    AuditBroken
        Where a shard is not as its audit log says.
    FolderRefused
        Where a folder is in use, or holds something else.
    """
    key = load_key()
    added = 0
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(CleanFolder(out, ()))
        sources = [stack.enter_context(CleanFolder(shard, ())).out for shard in shards]
        present: set[tuple[str, int]] = set()
        log = AuditLog(place.out, key, RunFacts(Policy(), __version__), reader=lambda records: present.update(_origins(records)))
        stack.callback(log.close)
        for source in sources:
            for origin, record in _current(source, key):
                if origin not in present:
                    log.append_as_it_is({**record, "merged": {"run": origin[0], "seq": origin[1]}})
                    added += 1
                if record["output"]:
                    _bring(source / record["output"], place, record["output"])
        place.sync()
    return added


def _current(folder: Path, key: Key) -> Iterator[tuple[tuple[str, int], dict[str, Any]]]:
    """Yield where a current record comes from, and what it says."""
    if not check(folder, key).sound:
        raise AuditBroken("The folder of a shard is not as its audit log says.", "`deid verify` on each shard says which.")
    superseded = {record.get("supersedes") for record in ChainWalk().records(folder / LOG_NAME)}
    for record in ChainWalk().records(folder / LOG_NAME):
        if record["seq"] not in superseded:
            body = {name: value for name, value in record.items() if name not in _OF_THE_LOG}
            yield (record["run"], record["seq"]), body


def _origins(records: Iterator[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    for record in records:
        if "merged" in record:
            yield record["merged"]["run"], record["merged"]["seq"]


def _bring(source: Path, place: CleanFolder, output: str) -> None:
    """Put a clean file of a shard into the gathered folder, whole or not at all."""
    if (place.out / output).exists():
        return
    draft = place.proven / output
    private_folder(draft.parent)
    draft.unlink(missing_ok=True)
    try:
        os.link(source, draft)
    except OSError:  # another disk
        shutil.copy2(source, draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
    place.release(output)
