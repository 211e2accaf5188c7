"""Folders behind a URL: sources are copied into a private place, worked on there, and what is proven clean is copied out.

Nobody but the run itself talks to the network: workers see the copies only, in the same sandbox as ever.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from deid.batch.publish import publish, refuse_foreign
from deid.batch.shards import Shard
from deid.batch.urls import is_here, local, place_of, system_of, told, url_of
from deid.batch.walk import Found
from deid.errors import EnvironmentBroken, FolderRefused, UsageError
from deid.keys import load_key, private_folder
from deid.types import Outcome, PhiText

# Most bytes of a name that every file system takes.
_LONGEST_NAME: Final = 200
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Copies:
    """What a run works on: local folders, and how their paths are told to the owner of the sources."""

    inputs: tuple[Path, ...]
    out: Path
    origins: Mapping[Path, str]

    def told(self, outcome: Outcome) -> Outcome:
        """An outcome that names its source as the owner knows it."""
        if not self.origins:
            return outcome
        name = told(Path(outcome.source.path.reveal()), self.origins)
        return replace(outcome, source=replace(outcome.source, path=PhiText(name)))


@contextlib.contextmanager
def copied(inputs: Sequence[Path], out: Path, shard: Shard | None, tell: Callable[[str, int, int], None]) -> Iterator[Copies]:
    """Copy in what lies behind URLs; copy out what was released, if all goes well. The copies of sources are removed at the end.

    Parameters
    ----------
    inputs, out
        Paths and URLs. Paths are used as they are, so that without any URL nothing is done here.
    shard
        Only these inputs are copied.
    tell
        Called with "fetch" or "publish", how many files are done, and how many there are.

    Raises
    ------
    UsageError
        Where a source cannot be listed or read.
    EnvironmentBroken
        Where fsspec, or its package for this kind of URL, is not installed.
    FolderRefused
        Where the folder to publish to is another run's, or holds something else.
    AuditBroken
        Where it cannot be written, or does not hold afterwards what was written.
    """
    sources = {path: url for path in inputs if (url := url_of(path)) and not is_here(url)}
    target = "" if is_here(url_of(out)) else url_of(out)
    if not sources and not target:
        yield Copies(tuple(local(path) for path in inputs), local(out), {})
        return
    _refuse_overlap(sources.values(), target)
    place = place_of(target or os.path.realpath(local(out)))
    with _taken(place):
        if target:
            refuse_foreign(target, local(out))
        try:
            origins = {place / "sources" / f"{number}" / _name(url): url for number, url in enumerate(sources.values(), start=1)}
            for copy, url in origins.items():
                fetch(url, copy, shard, tell)
            copies = dict(zip(sources, origins, strict=True))
            yield Copies(tuple(copies.get(path) or local(path) for path in inputs), local(out), origins)
        finally:
            shutil.rmtree(place / "sources", ignore_errors=True)
        if target:
            publish(local(out), target, place / "published.jsonl", tell)


def fetch(url: str, copy: Path, shard: Shard | None, tell: Callable[[str, int, int], None]) -> None:
    """Copy a file or a folder from behind a URL."""
    try:
        system, root = system_of(url)
        found = {name: details for name, details in system.find(root, detail=True).items() if details.get("type") != "directory"}
        single = set(found) == {root}
        names = {name: "" if single else name[len(root) :].lstrip("/") for name in found}
        targets = {name: copy.joinpath(*safe) for name, safe in safe_names(names).items()}
        wanted = [name for name in sorted(targets) if shard is None or shard.holds(Found(targets[name], copy))]
        for done, name in enumerate(wanted, start=1):
            private_folder(targets[name].parent)
            handle = os.open(targets[name], os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as there, system.open(name, "rb") as here:
                shutil.copyfileobj(here, there, _CHUNK)
            tell("fetch", done, len(wanted))
    except (UsageError, EnvironmentBroken):
        raise
    except Exception as error:  # each kind of URL has errors of its own, whose messages quote names
        message = f"A source behind a URL cannot be read ({type(error).__name__})."
        raise UsageError(message, "Check the URL, the rights and the network.") from None
    if not wanted and shard is None:
        raise UsageError("There is no file behind a URL of the input.", "Check the URL.")
    if not wanted:
        private_folder(copy)


def safe_names(names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return parts of a local path for each name, none of which leads out of the folder, is too long, or is a folder as well."""
    folders = {str(parent) for name in names.values() for parent in PurePosixPath(name).parents}
    safe, taken = {}, set[tuple[str, ...]]()
    for full, name in sorted(names.items()):
        parts = tuple(_safe(part) for part in name.split("/")) if name else ()
        if (name and name in folders) or parts in taken:
            parts = (*parts[:-1], _coded(name))
        safe[full] = parts
        taken.add(parts)
    return safe


def _safe(part: str) -> str:
    plain = part not in ("", ".", "..") and "\0" not in part and len(os.fsencode(part)) <= _LONGEST_NAME
    return part if plain else _coded(part)


def _coded(name: str) -> str:
    return load_key().code("remote-name", name.encode("utf-8", "surrogateescape")) + PurePosixPath(name).suffix[:8]


def _name(url: str) -> str:
    """The last part of a URL: the folder that the user named, as names of outputs know it."""
    return _safe(url.rpartition("/")[2])


@contextlib.contextmanager
def _taken(place: Path) -> Iterator[None]:
    """Hold a place for this run, and begin with none of its copies."""
    private_folder(place)
    handle = os.open(place / "lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderRefused("Another run is using this output folder.", "Wait for it, or name another folder.") from None
    else:
        shutil.rmtree(place / "sources", ignore_errors=True)
        yield
    finally:
        os.close(handle)


def _refuse_overlap(sources: Iterable[str], target: str) -> None:
    for source in sources:
        if target and (f"{source}/".startswith(f"{target}/") or f"{target}/".startswith(f"{source}/")):
            raise FolderRefused("The output folder and an input lie inside each other.", "Name a folder beside the input.")
