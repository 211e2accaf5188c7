"""Walk the inputs: every file in a fixed order, links never followed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deid.errors import UsageError


@dataclass(frozen=True, slots=True)
class Found:
    """One input: its path, and the folder or file that the user named and that it was found under."""

    path: Path
    root: Path

    @property
    def names(self) -> tuple[str, ...]:
        """Names from the user's folder down to the file: ("case", "series", "1.dcm")."""
        return self.path.relative_to(self._top.parent).parts

    @property
    def label(self) -> str:
        """The folder as output names know it: from the user's folder down, wherever that lies."""
        return "/".join(self.names[:-1])

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that the file lies in, innermost first, up to the one that the user named."""
        depth = len(self.names) - 1
        return tuple(self.path.parents[:depth])

    @property
    def _top(self) -> Path:
        return self.root.parent if self.root == self.path else self.root


def walk(inputs: Sequence[Path]) -> Iterator[Found]:
    """Yield everything that is not a folder, folder by folder, sorted by name; a folder that may not be read is yielded itself.

    Raises
    ------
    UsageError
        Where an input does not exist.
    """
    for given in inputs:
        if not os.path.lexists(given):
            raise UsageError("An input does not exist.", "Check the paths.")
        if given.is_dir():
            root = given.resolve()
            yield from _inside(root, root)
        else:
            root = given.parent.resolve() / given.name
            yield Found(root, root)


def _inside(folder: Path, root: Path) -> Iterator[Found]:
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError:
        yield Found(folder, root)
        return
    for name, is_folder in found:
        if is_folder:
            yield from _inside(folder / name, root)
        else:
            yield Found(folder / name, root)


def touched(path: Path) -> str:
    """What tells that a file was touched: size, times and inode; empty where there is none."""
    try:
        found = path.lstat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
