"""Finds the installed fonts of a part, and says in one sentence which packages are missing."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from PIL import ImageFont

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts", Path.home() / ".local/share/fonts")


class FontsMissing(Exception):
    """Fonts of the benchmark are not installed."""


@cache
def _installed() -> dict[str, Path]:
    return {path.name: path for folder in FOLDERS for suffix in ("ttf", "otf") for path in sorted(folder.rglob(f"*.{suffix}"))}


@cache
def _table() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(Path(__file__).with_name("fonts.toml").read_text(encoding="utf-8"))


def packages() -> tuple[str, ...]:
    """Debian packages that bring the fonts of all parts."""
    return tuple(sorted({package for part in _table().values() for fonts in part.values() for package in fonts.values()}))


def font_files(part: str, kind: str) -> tuple[Path, ...]:
    """Files of a part's fonts; `kind` is ``screen`` or ``hand``.

    Raises
    ------
    FontsMissing
        Where one is not installed.
    """
    wanted = _table()[part][kind]
    missing = sorted({package for name, package in wanted.items() if name not in _installed()})
    if missing:
        raise FontsMissing(f"Fonts are missing; as root: apt-get install {' '.join(missing)}")
    return tuple(_installed()[name] for name in wanted)


@cache
def face(file: Path, size: int) -> ImageFont.FreeTypeFont:
    """A font at a size in px; basic layout, so that the same font draws the same pixels everywhere."""
    return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)


def cap_height(file: Path, size: int) -> float:
    """Height of a capital H in px."""
    _, top, _, bottom = face(file, size).getbbox("H")
    return float(bottom - top)
