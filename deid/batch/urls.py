"""Folders behind a URL: which paths are URLs, what they mean, and where this machine keeps what belongs to them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from deid.errors import EnvironmentBroken, UsageError
from deid.keys import load_key, state_folder

# A path has lost one of the two slashes by the time it comes here. Letters of a drive are no scheme.
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/{1,2}(.+)", re.DOTALL)


def url_of(path: Path) -> str:
    """The URL that a path was written as; empty where it is a path."""
    found = _URL.fullmatch(str(path))
    return f"{found[1].lower()}://{found[2].rstrip('/')}" if found and not os.path.lexists(path) else ""


def local(path: Path) -> Path:
    """Where a clean folder behind a URL is kept on this machine, with its DIR-held; any other path as it is."""
    url = url_of(path)
    if is_here(url):
        return Path("/" + url.partition("://")[2])
    return place_of(url) / "clean" if url else path


def place_of(folder: str) -> Path:
    """The private place on this machine for a clean folder."""
    return state_folder() / "remote" / load_key().code("remote", folder.encode("utf-8", "surrogateescape"))


def system_of(url: str) -> tuple[Any, str]:
    """The file system of a URL and the path in it."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise EnvironmentBroken("Folders behind a URL need fsspec.", "pip install 'deid-toolkit[remote]'") from None
    scheme = url.partition(":")[0]
    try:
        system, root = url_to_fs(url)
    except ImportError:
        raise EnvironmentBroken(f"fsspec's package for {scheme}:// is not installed.", _remedy(scheme)) from None
    except ValueError:
        raise UsageError(f"{scheme}:// is not a kind of URL that fsspec knows.", "Check the URL.") from None
    system.invalidate_cache()
    return system, str(root).rstrip("/")


def told(path: Path, origins: Mapping[Path, str]) -> str:
    """A source as its owner knows it: its path, or a URL where it is, or lies in, a copy of what is behind one."""
    for copy, url in origins.items():
        if path == copy or copy in path.parents:
            return "/".join((url, *path.relative_to(copy).parts))
    return str(path)


def is_here(url: str) -> bool:
    """Tell whether a URL is but another way to write a path of this machine."""
    return url.startswith(("file://", "local://"))


def _remedy(scheme: str) -> str:
    from fsspec.registry import known_implementations

    return str(known_implementations.get(scheme, {}).get("err", "fsspec's documentation names it")).rstrip(".") + "."
