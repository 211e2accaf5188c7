"""The clean folder and the private one beside it: who may write there, and that nothing unexplained stays."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Final

from deid.audit import LOG_NAME, strangers
from deid.errors import FolderRefused
from deid.policy import Policy

POLICY_NAME: Final = "policy.toml"
# Workers of a run that was killed hold its lock until the kernel has ended them; a busy disk makes that seconds.
_LOCK_PATIENCE: Final = 6.0


class CleanFolder:
    """DIR and DIR-held, locked for one run.

    Parameters
    ----------
    out
        The clean folder; made where it does not exist.
    inputs
        The sources, and other folders that may not overlap it.

    Raises
    ------
    FolderRefused
        Where another run has it, where it overlaps an input, where it holds files of something else, or where a rename from
        DIR-held into it cannot be atomic.
    """

    def __init__(self, out: Path, inputs: Sequence[Path]) -> None:
        self.out = Path(os.path.realpath(out))
        self.held = self.out.with_name(f"{self.out.name}-held")
        if not self.out.name:
            raise FolderRefused("The output folder cannot be the root of a disk.", "Name a new folder.")
        for source in inputs:
            _refuse_overlap(Path(os.path.realpath(source)), self.out, self.held)
        _refuse_foreign(self.out)
        self._moved_into: set[Path] = set()
        self.lock = self._prepare()

    def __enter__(self) -> CleanFolder:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.lock)

    @property
    def proven(self) -> Path:
        """Where workers put what they have proven clean: beside DIR, into which only the run itself moves files."""
        return self.held / "proven"

    def release(self, output: str) -> None:
        """Move a proven file into DIR, whole or not at all; `sync` makes it safe from a power cut."""
        final = self.out / output
        final.parent.mkdir(parents=True, exist_ok=True)
        (self.proven / output).rename(final)
        self._moved_into.add(final.parent)

    def sync(self) -> None:
        """Put the moves on the disk; the records that tell of them are written after that."""
        for folder in (*self._moved_into, self.out):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        self._moved_into.clear()

    def sweep(self, explained: Callable[[str], bool], is_ours: Callable[[str], bool], drafts: Container[str]) -> int:
        """Take out of DIR what no record explains, and out of DIR-held the drafts that nobody waits for.

        A run that was killed between a rename and its record leaves such a file; its source will be done again.

        Parameters
        ----------
        explained
            Tells of a path in DIR whether a current record names it.
        is_ours
            Tells of a path in DIR whether it is an output of an input that is not recorded yet: it goes. Anything else was put
            there by somebody, and is moved to DIR-held.
        drafts
            Names, without extension, of drafts that belong to held files.

        Returns
        -------
        Number of files that were moved to DIR-held.
        """
        moved = 0
        for name in list(strangers(self.out, explained)):
            if is_ours(name):
                (self.out / name).unlink()
            else:
                self._set_aside(name)
                moved += 1
        _remove_empty(self.out)
        shutil.rmtree(self.proven, ignore_errors=True)
        self.proven.mkdir(mode=0o700, exist_ok=True)
        for folder in ("drafts", "previews"):
            place = self.held / folder
            for path in sorted(place.iterdir()) if place.is_dir() else ():
                if path.name.partition(".")[0] not in drafts:
                    path.unlink()
        return moved

    def keep_policy(self, policy: Policy) -> None:
        """Note in DIR-held what the files were made by, so that a review goes by the same."""
        draft = self.held / "policy.toml.new"
        handle = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(policy.toml())
        draft.replace(self.held / POLICY_NAME)

    def withdraw(self, output: str) -> None:
        """Move a released file out of DIR into DIR-held."""
        path = self.out / output
        if os.path.lexists(path):
            place = self.held / "withdrawn"
            place.mkdir(mode=0o700, exist_ok=True)
            path.chmod(0o600)
            path.rename(place / output.replace("/", "-"))

    def restored(self, output: str) -> None:
        """Drop what was withdrawn under this name: it is released anew."""
        (self.held / "withdrawn" / output.replace("/", "-")).unlink(missing_ok=True)

    def discard_proven(self, output: str) -> None:
        """Remove a proven file that is not to be released after all."""
        (self.proven / output).unlink(missing_ok=True)

    def discard_draft(self, name: str) -> None:
        """Remove the draft that a worker that died may have left."""
        for folder in ("drafts", "previews"):
            for path in (self.held / folder).glob(f"{name}.*"):
                path.unlink()

    def _set_aside(self, name: str) -> None:
        place = self.held / "unexplained"
        place.mkdir(mode=0o700, exist_ok=True)
        target = place / name.replace("/", "_")
        if os.path.lexists(target):
            target = place / f"{time.time_ns()}-{target.name}"
        shutil.move(self.out / name, target)
        if not target.is_symlink():
            target.chmod(0o600)

    def _prepare(self) -> int:
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            self.held.mkdir(mode=0o700, exist_ok=True)
            self._refuse_open_held()
            handle = os.open(self.held / "lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise FolderRefused("The output folder cannot be made or written to.", "Check its path and rights.") from error
        if not _locked(handle):
            os.close(handle)
            raise FolderRefused("Another run or review is using this output folder.", "Wait for it, or name another folder.")
        return handle

    def _refuse_open_held(self) -> None:
        if self.held.is_symlink() or not self.held.is_dir():
            raise FolderRefused("DIR-held beside the output folder is not a folder.", "Move it away.")
        self.held.chmod(0o700)
        if self.held.stat().st_dev != self.out.stat().st_dev:
            raise FolderRefused(
                "The output folder is a disk of its own, so that files cannot be moved into it whole.",
                "Name a folder inside that disk.",
            )


def _locked(handle: int) -> bool:
    deadline = time.monotonic() + _LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _refuse_overlap(source: Path, out: Path, held: Path) -> None:
    for place in (out, held):
        if place == source or source in place.parents or place in source.parents:
            raise FolderRefused("The output folder and an input lie inside each other.", "Name a folder beside the input.")


def _refuse_foreign(out: Path) -> None:
    """Refuse a folder that is not empty and has no audit log: it belongs to something else."""
    if out.exists() and not out.is_dir():
        raise FolderRefused("The output folder is a file.", "Name a new folder.")
    if out.is_dir() and not (out / LOG_NAME).is_file() and any(out.iterdir()):
        raise FolderRefused("The output folder holds files of something else.", "Name a new or an empty folder.")


def _remove_empty(folder: Path) -> None:
    for root, _, _ in os.walk(folder, topdown=False):
        path = Path(root)
        if path != folder and not any(path.iterdir()):
            path.rmdir()
