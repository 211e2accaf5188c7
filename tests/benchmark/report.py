"""Sums scores up: one row a system and suite, one row a category, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.benchmark.score import FileScore, LineScore
from tests.benchmark.truth import STAYS, Line

HEADINGS = (
    "system", "suite", "pictures", "released", "held", "failed", "lost",
    "identifying lines exposed", "of the legible", "any ink left", "pictures that leak", "legible technical lines damaged",
    "changed away from text", "largest change outside masks", "strings left", "CPU s a picture",
)  # fmt: skip
"""Lines are counted in released pictures only: withholding a picture hides nothing in the figures. A picture is held *with cause*
where the draft does expose a line."""


@dataclass(frozen=True)
class Scored:
    """The scores of one system; `cpu` is CPU seconds for the whole corpus."""

    system: str
    files: tuple[FileScore, ...]
    cpu: float


def table(scored: Sequence[Scored]) -> str:
    """The Markdown table of suites."""
    rows = [HEADINGS, ("---",) * len(HEADINGS)]
    for one in scored:
        for suite in [*dict.fromkeys(file.suite for file in one.files), "all"]:
            files = [file for file in one.files if suite in (file.suite, "all")]
            rows.append((one.system, suite, *_row(files), f"{one.cpu / len(one.files):.1f}" if suite == "all" else ""))
    return _markdown(rows)


def categories(scored: Sequence[Scored]) -> str:
    """The Markdown table of categories: identifying lines exposed in released pictures."""
    released = {one.system: _lines(file for file in one.files if file.released) for one in scored}
    names = sorted({line.line.category for lines in released.values() for line in lines if line.line.identifying})
    rows: list[tuple[str, ...]] = [("category", *(one.system for one in scored)), ("---",) * (len(scored) + 1)]
    for name in names:
        rows.append(
            (name, *(_share([line.exposed for line in lines if line.line.category == name]) for lines in released.values()))
        )
    return _markdown(rows)


def _row(files: Sequence[FileScore]) -> tuple[str, ...]:
    released = [file for file in files if file.released]
    lines = _lines(released)
    identifying = [line for line in lines if line.line.identifying]
    outside = [file.outside for file in released if file.outside is not None]
    return (
        str(len(files)),
        str(len(released)),
        _held(files),
        *(str(sum(file.status == status for file in files)) for status in ("failed", "lost")),
        _share([line.exposed for line in identifying]),
        _share([line.exposed for line in identifying if line.line.legible]),
        _share([line.touched for line in identifying]),
        f"{sum(file.leaks for file in released)} of {len(released)}",
        _share([line.damaged for line in lines if line.line.category == STAYS and line.line.legible]),
        f"{100 * sum(file.away for file in released) / len(released):.2f} %" if released else "-",
        f"{max(outside):.0f}" if outside else "-",
        str(sum(len(file.strings) for file in files)),
    )


def _held(files: Sequence[FileScore]) -> str:
    held = [file for file in files if file.status == "held"]
    return f"{len(held)} ({sum(file.cause for file in held)} with cause)" if held else "0"


def _lines(files: Iterable[FileScore]) -> list[LineScore]:
    return [line for file in files for line in file.lines]


def _share(hits: Sequence[bool]) -> str:
    return f"{sum(hits)} of {len(hits)} ({100 * sum(hits) / len(hits):.1f} %)" if hits else "-"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def worst(scored: Scored, count: int) -> str:
    """The identifying lines that show most, for a person to look at."""
    shown = sorted(
        ((line, file.file) for file in scored.files for line in file.lines if line.exposed), key=lambda pair: -pair[0].most
    )
    return "\n".join(_told(score.line, score.most, file) for score, file in shown[:count])


def _told(line: Line, share: float, file: str) -> str:
    first, past = line.frames
    looks = f"cap {line.cap_height:.0f} px  contrast {line.contrast:.0f}  frames {first}-{past}"
    return f"{file}  {line.category}  {share:.0%} visible  {looks}  {line.text!r}"
