"""What a person sees while it runs and when it is done: progress, findings by category, what is held and what to do about it."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from deid.errors import REASONS, sentence
from deid.types import Finding, Outcome, Status

# Seconds between two lines of progress where there is no terminal to draw a bar on.
_LINE_EVERY: Final = 10.0
# A long list of held files belongs into the ledger, not on a screen.
_MOST_LISTED: Final = 25


class Report:
    """Follows a run on stderr; results for programs go to stdout. Names of sources appear on a terminal only."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._json = as_json
        self._quiet = quiet
        self._counts: Counter[Status] = Counter()
        self._categories: Counter[str] = Counter()
        self._listed: list[Outcome] = []
        self._unlisted = 0

    def follow(self, outcomes: Iterable[Outcome], total: int) -> Iterator[Outcome]:
        """Pass outcomes through, drawing progress; the summary is printed at the end, also after an interruption."""
        begin = time.monotonic()
        try:
            drawn = self._with_bar if self._console.is_terminal and not self._quiet else self._with_lines
            for outcome in drawn(outcomes, total):
                self._take(outcome)
                yield outcome
        finally:
            self._summarise(time.monotonic() - begin)

    def _with_bar(self, outcomes: Iterable[Outcome], total: int) -> Iterator[Outcome]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as bar:
            task = bar.add_task("de-identifying", total=total)
            for outcome in outcomes:
                yield outcome
                bar.update(task, advance=1, description=self._tally())

    def _with_lines(self, outcomes: Iterable[Outcome], total: int) -> Iterator[Outcome]:
        last = time.monotonic()
        for done, outcome in enumerate(outcomes, 1):
            yield outcome
            if not self._quiet and time.monotonic() - last >= _LINE_EVERY:
                last = time.monotonic()
                self._console.print(f"{done} of {total}: {self._tally()}")

    def _take(self, outcome: Outcome) -> None:
        self._counts[outcome.status] += 1
        self._categories.update(finding.category.value for finding in outcome.plan.findings)
        if outcome.status in (Status.HELD, Status.FAILED):
            if len(self._listed) < _MOST_LISTED:
                self._listed.append(outcome)
            else:
                self._unlisted += 1
        if self._json:
            print(json.dumps(as_object(outcome), ensure_ascii=False), flush=True)

    def _tally(self) -> str:
        return " · ".join(f"{self._counts[status]} {status.value}" for status in Status if self._counts[status]) or "starting"

    def _summarise(self, seconds: float) -> None:
        if self._quiet:
            return
        if self._categories:
            table = Table(title="What was found and covered", title_justify="left", box=None, pad_edge=False)
            table.add_column("category")
            table.add_column("places", justify="right")
            for category, count in self._categories.most_common():
                table.add_row(category, str(count))
            self._console.print(table)
        for outcome in self._listed:
            self._console.print(f"{outcome.status.value}: {self._name(outcome)}", style="yellow", markup=False)
            for reason in outcome.reasons:
                self._console.print(f"    {sentence(reason)} {REASONS[reason.code].next_step}", markup=False)
        if self._unlisted:
            self._console.print(f"… and {self._unlisted} more; ledger.jsonl in the held folder lists them all.")
        total = sum(self._counts.values())
        self._console.print(f"{total} input{'s' if total != 1 else ''} in {seconds:.1f} s: {self._tally()}.", markup=False)

    def _name(self, outcome: Outcome) -> str:
        number = f"input {outcome.source.number}"
        return f"{outcome.source.path.reveal()} ({number})" if self._console.is_terminal else number


def as_object(outcome: Outcome) -> dict[str, Any]:
    """An outcome as programs get it: nothing of the source but its number and keyed id; the name only where a person looks."""
    found = {"input": outcome.source.path.reveal()} if sys.stdout.isatty() else {}
    return {
        "number": outcome.source.number,
        **found,
        "input_id": outcome.input_id or None,
        "kind": outcome.kind,
        "status": outcome.status.value,
        "reasons": [{"code": reason.code, "sentence": sentence(reason)} for reason in outcome.reasons],
        "output": outcome.output,
        "findings": count_findings(outcome.plan.findings),
        "seconds": round(outcome.seconds, 3),
    }


def count_findings(findings: Iterable[Finding]) -> dict[str, int]:
    """Number of findings by category."""
    return dict(sorted(Counter(finding.category.value for finding in findings).items()))


def say(text: str) -> None:
    """Print a line for a person, to stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


def shown(path: Path, number: int) -> str:
    """A source as the present stderr may show it: its path on a terminal, its number elsewhere."""
    return str(path) if sys.stderr.isatty() else f"input {number}"
