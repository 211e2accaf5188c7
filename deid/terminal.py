"""What a person sees while it runs and when it is done: progress, findings by category, what is held and what to do about it."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from deid.errors import REASONS, WARNINGS, sentence
from deid.types import Finding, Outcome, Plan, Status

# Seconds between two lines of progress where there is no terminal to draw a bar on.
_LINE_EVERY: Final = 10.0
# A long list of held files belongs into the ledger, not on a screen.
_MOST_LISTED: Final = 25
_Found: TypeAlias = tuple[Status, tuple[tuple[str, int], ...], tuple[str, ...]]
_PHASES: Final = {"survey": "reading headers", "redact": "de-identifying"}


class Report:
    """Follows a run on stderr; results for programs go to stdout. Names of sources appear on a terminal only.

    A later outcome of an input takes the place of the earlier one, as in the audit log.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False, verb: str = "covered") -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._json = as_json
        self._quiet = quiet
        self._verb = verb
        # Of every input its status, findings and warnings, shared between inputs that are alike: a run may have 100,000.
        self._current: dict[int, _Found] = {}
        self._shared: dict[_Found, _Found] = {}
        self._listed: dict[int, Outcome] = {}
        self.found = False
        self._began = self._last_line = time.monotonic()
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Report:
        if self._console.is_terminal and not self._quiet:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()
        if self._current and not self._quiet:
            self._summarise(time.monotonic() - self._began)

    @property
    def statuses(self) -> frozenset[Status]:
        """Every status that the current outcome of an input has."""
        return frozenset(status for status, _, _ in self._current.values())

    def progress(self, phase: str, done: int, total: int) -> None:
        """Show how far the run is."""
        if self._bar:
            if phase not in self._tasks:
                self._tasks[phase] = self._bar.add_task(_PHASES.get(phase, phase), total=total)
            self._bar.update(self._tasks[phase], completed=done, total=total)
        elif not self._quiet and time.monotonic() - self._last_line >= _LINE_EVERY:
            self._last_line = time.monotonic()
            self._console.print(f"{_PHASES.get(phase, phase)}: {done} of {total}; {self._tally()}")

    def take(self, outcome: Outcome) -> None:
        """Take an outcome in; with --json print it."""
        number, plan = outcome.source.number, outcome.plan
        found = outcome.status, tuple(count_findings(plan.findings).items()), outcome.warnings
        self._current[number] = self._shared.setdefault(found, found)
        self.found |= bool(plan.findings or plan.header or outcome.changes)
        self._listed.pop(number, None)
        if outcome.status in (Status.HELD, Status.FAILED) and len(self._listed) < _MOST_LISTED:
            self._listed[number] = replace(outcome, plan=Plan(), changes=(), verification=None, found=())
        if self._json:
            print(json.dumps(as_object(outcome), ensure_ascii=False), flush=True)

    def tell(self, outcome: Outcome) -> None:
        """Say a line about one outcome, where outcomes are rare and long awaited."""
        if not self._quiet:
            reasons = " ".join(sentence(reason) for reason in outcome.reasons)
            self._console.print(f"{outcome.status.value}: {self._name(outcome)} {reasons}".rstrip(), markup=False)

    def _tally(self) -> str:
        counts = Counter(status for status, _, _ in self._current.values())
        return " · ".join(f"{counts[status]} {status.value}" for status in Status if counts[status]) or "starting"

    def _summarise(self, seconds: float) -> None:
        self._categories()
        for warning, count in Counter(code for _, _, codes in self._current.values() for code in codes).items():
            self._console.print(f"warning ({count} input{'s' if count != 1 else ''}): {WARNINGS[warning]}", style="yellow")
        for _, outcome in sorted(self._listed.items()):
            self._console.print(f"{outcome.status.value}: {self._name(outcome)}", style="yellow", markup=False)
            for reason in outcome.reasons:
                self._console.print(f"    {sentence(reason)} {REASONS[reason.code].next_step}", markup=False)
        waiting = sum(status in (Status.HELD, Status.FAILED) for status, _, _ in self._current.values())
        if waiting > len(self._listed):
            self._console.print(f"… and {waiting - len(self._listed)} more; ledger.jsonl in the held folder lists them all.")
        total = len(self._current)
        self._console.print(f"{total} input{'s' if total != 1 else ''} in {seconds:.1f} s: {self._tally()}.", markup=False)

    def _categories(self) -> None:
        counts: Counter[str] = Counter()
        for _, categories, _ in self._current.values():
            counts.update(dict(categories))
        if not counts:
            return
        table = Table(title=f"What was found and {self._verb}", title_justify="left", box=None, pad_edge=False)
        table.add_column("category")
        table.add_column("places", justify="right")
        for category, count in counts.most_common():
            table.add_row(category, str(count))
        self._console.print(table)

    def _name(self, outcome: Outcome) -> str:
        number = f"input {outcome.source.number}"
        return f"{outcome.source.path.reveal()} ({number})" if self._console.is_terminal else number


def as_object(outcome: Outcome) -> dict[str, Any]:
    """An outcome as programs get it: nothing of the source but its number and keyed id; the name only where a person looks."""
    named = {"input": outcome.source.path.reveal()} if sys.stdout.isatty() else {}
    return {
        "number": outcome.source.number,
        **named,
        "input_id": outcome.input_id or None,
        "kind": outcome.kind,
        "status": outcome.status.value,
        "reasons": [{"code": reason.code, "sentence": sentence(reason)} for reason in outcome.reasons],
        "output": outcome.output,
        "findings": count_findings(outcome.plan.findings),
        "warnings": list(outcome.warnings),
        "seconds": round(outcome.seconds, 3),
    }


def count_findings(findings: Iterable[Finding]) -> dict[str, int]:
    """Number of findings by category."""
    return dict(sorted(Counter(finding.category.value for finding in findings).items()))


def say(text: str) -> None:
    """Print a line for a person, to stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)
