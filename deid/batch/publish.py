"""The way out to a folder behind a URL: what this machine's clean folder holds, read back after it was written, the log last."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from deid.audit import LOG_NAME, ChainWalk, file_sha256
from deid.batch.clean_folder import CleanFolder
from deid.batch.urls import system_of
from deid.errors import AuditBroken, DeidError, FolderRefused

_CHUNK: Final = 1 << 20


def refuse_foreign(url: str, clean: Path) -> None:
    """Refuse a folder behind a URL that is not this clean folder's.

    Raises
    ------
    FolderRefused
        Where it holds an audit log that ours does not continue, or a file that no record of ours names.
    """
    try:
        system, root = system_of(url)
        there = _listed(system, root)
        log = system.cat_file(f"{root}/{LOG_NAME}") if LOG_NAME in there else None
    except DeidError:
        raise
    except Exception as error:  # each kind of URL has errors of its own, whose messages quote names
        raise _unwritable(error) from None
    if log is not None and not _continues(clean / LOG_NAME, log):
        raise FolderRefused(
            "The output folder behind the URL was made by another run, or from another machine.",
            "Use the state folder (DEID_STATE) that it was made with, or name another folder.",
        )
    ours = _ever_released(clean / LOG_NAME)
    if not there.keys() <= ours | {LOG_NAME}:
        raise FolderRefused(
            "The output folder behind the URL holds files of something else.", "Move them away, or name a new or an empty folder."
        )


def publish(clean: Path, url: str, notes: Path, tell: Callable[[str, int, int], None]) -> None:
    """Bring the folder behind a URL to what a clean folder holds.

    Files that were withdrawn go first; then new ones come, each read back; the audit log is last. It may be repeated after an
    interruption: `notes` remembers what was read back.

    Raises
    ------
    FolderRefused
        Where another run has the clean folder, or the one behind the URL is not its own.
    AuditBroken
        Where something cannot be written, or is not there afterwards as it was written.
    """
    with CleanFolder(clean, ()):
        refuse_foreign(url, clean)
        wanted = {
            path.relative_to(clean).as_posix(): file_sha256(path)
            for path in sorted(clean.rglob("*"))
            if path.is_file() and path.name != LOG_NAME
        }
        try:
            system, root = system_of(url)
            there = _listed(system, root)
            for name in sorted(there.keys() - wanted.keys() - {LOG_NAME}):
                system.rm_file(f"{root}/{name}")
            proven = _proven(notes)
            new = [
                name
                for name, sha256 in wanted.items()
                if there.get(name) != (clean / name).stat().st_size or proven.get(name) != sha256
            ]
            for done, name in enumerate(new, start=1):
                _put(system, clean / name, f"{root}/{name}", wanted[name])
                _note(notes, name, wanted[name])
                tell("publish", done, len(new))
            log = clean / LOG_NAME
            _put(system, log, f"{root}/{LOG_NAME}", file_sha256(log))
        except DeidError:
            raise
        except Exception as error:
            raise _unwritable(error) from None


def _listed(system: Any, root: str) -> dict[str, int]:
    """Names and sizes of the files behind a URL."""
    try:
        found = system.find(root, detail=True)
    except FileNotFoundError:
        return {}
    return {name[len(root) :].lstrip("/"): details.get("size") or 0 for name, details in found.items()}


def _put(system: Any, path: Path, target: str, sha256: str) -> None:
    """Write a file whole or not at all, and read it back."""
    system.makedirs(target.rpartition("/")[0], exist_ok=True)
    with system.transaction, path.open("rb") as here, system.open(target, "wb") as there:
        shutil.copyfileobj(here, there, _CHUNK)
    digest = hashlib.sha256()
    with system.open(target, "rb") as back:
        while part := back.read(_CHUNK):
            digest.update(part)
    if digest.hexdigest() != sha256:
        raise AuditBroken("A file behind the URL is not what was written there.", "Check the storage, and run again.")


def _continues(log: Path, published: bytes) -> bool:
    """Tell whether our log begins with the published one."""
    try:
        with log.open("rb") as file:
            return file.read(len(published)) == published
    except FileNotFoundError:
        return not published


def _ever_released(log: Path) -> set[str]:
    """Names of all files that were ever released into a clean folder."""
    if not log.is_file():
        return set()
    return {record["output"] for record in ChainWalk().records(log) if record.get("output")}


def _proven(notes: Path) -> dict[str, str]:
    """SHA-256 of the files that were read back, by name."""
    if not notes.is_file():
        return {}
    found = {}
    for line in notes.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):  # a line that a power cut left unfinished: its file is written again
            name, sha256 = json.loads(line)
            found[name] = sha256
    return found


def _note(notes: Path, name: str, sha256: str) -> None:
    handle = os.open(notes, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps([name, sha256]) + "\n")


def _unwritable(error: Exception) -> AuditBroken:
    message = f"The output folder behind the URL cannot be read or written ({type(error).__name__})."
    return AuditBroken(message, "What was proven is kept on this machine; run again to publish it.")
