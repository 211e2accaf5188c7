"""What a person sees while it runs and when it is done: progress, findings by category, what is held and what to do about it."""

from __future__ import annotations

import json
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from deid.errors import REASONS, WARNINGS, sentence
from deid.types import Finding, Outcome, Status

# Seconds between two lines of progress where there is no terminal to draw a bar on.
_LINE_EVERY: Final = 10.0
# A long list of held files belongs into the ledger, not on a screen: so many are named for each reason.
_MOST_NAMED: Final = 5
_PHASES: Final = {"fetch": "copying in", "survey": "reading headers", "redact": "de-identifying", "publish": "publishing"}


class _Kind(NamedTuple):
    """What inputs have in common: status, codes of reasons, findings by category, warnings."""

    status: Status
    codes: tuple[str, ...]
    findings: tuple[tuple[str, int], ...]
    warnings: tuple[str, ...]


class Report:
    """Follows a run on stderr; results for programs go to stdout. Names of sources appear on a terminal only.

    A later outcome of an input takes the place of the earlier one, as in the audit log.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False, verb: str = "covered") -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._json = as_json
        self._quiet = quiet
        self._verb = verb
        # Of every input its kind, shared between inputs that are alike: a run may have 100,000.
        self._current: dict[int, _Kind] = {}
        self._shared: dict[_Kind, _Kind] = {}
        self._named: dict[tuple[str, ...], dict[int, str]] = {}
        self.found = False
        self._total = 0
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
            self._summarise()

    @property
    def statuses(self) -> frozenset[Status]:
        """Every status that the current outcome of an input has."""
        return frozenset(kind.status for kind in self._current.values())

    def progress(self, phase: str, done: int, total: int) -> None:
        """Show how far the run is."""
        if phase == "stopping":
            if not self._quiet:
                self._console.print("Finishing what is in hand. Ctrl-C again stops at once.", markup=False)
            return
        self._total = max(self._total, total)
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
        codes = tuple(reason.code for reason in outcome.reasons)
        kind = _Kind(outcome.status, codes, tuple(count_findings(plan.findings).items()), outcome.warnings)
        if number in self._current:
            self._named.get(self._current[number].codes, {}).pop(number, None)
        self._current[number] = self._shared.setdefault(kind, kind)
        self.found |= bool(plan.findings or plan.header or outcome.changes)
        named = self._named.setdefault(codes, {})
        if outcome.status in (Status.HELD, Status.FAILED) and len(named) < _MOST_NAMED:
            details = ", ".join(reason.detail for reason in outcome.reasons if reason.detail)
            named[number] = self._name(outcome) + (f": {details}" if details else "")
        if self._json:
            print(json.dumps(as_object(outcome), ensure_ascii=False), flush=True)

    def tell(self, outcome: Outcome) -> None:
        """Say a line about one outcome, where outcomes are rare and long awaited."""
        if not self._quiet:
            reasons = " ".join(sentence(reason) for reason in outcome.reasons)
            self._console.print(f"{outcome.status.value}: {self._name(outcome)} {reasons}".rstrip(), markup=False)

    def _tally(self) -> str:
        counts = Counter(kind.status for kind in self._current.values())
        return " · ".join(f"{counts[status]} {status.value}" for status in Status if counts[status]) or "starting"

    def _summarise(self) -> None:
        self._categories()
        for warning, count in Counter(code for kind in self._current.values() for code in kind.warnings).items():
            self._console.print(f"warning ({count} input{'s' if count != 1 else ''}): {WARNINGS[warning]}", style="yellow")
        waiting = Counter((kind.status, kind.codes) for kind in self._current.values())
        for status in (Status.HELD, Status.FAILED):
            for (_, codes), count in [item for item in waiting.most_common() if item[0][0] is status]:
                self._reason(status, codes, count)
        done, seconds = len(self._current), time.monotonic() - self._began
        total = max(done, self._total)
        of = f" of {total:,}" if total > done else ""
        took = f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
        self._console.print(f"{done:,}{of} input{'s' if total != 1 else ''} in {took}: {self._tally()}.", markup=False)

    def _reason(self, status: Status, codes: tuple[str, ...], count: int) -> None:
        """Say why so many inputs are held or failed, what to do about it, and which they are."""
        self._console.print(f"{status.value}: {count:,} input{'s' if count != 1 else ''}", style="yellow", markup=False)
        for code in codes:
            self._wrapped(f"{REASONS[code].sentence} {REASONS[code].next_step}")
        named = [name for _, name in sorted(self._named.get(codes, {}).items())]
        if count > len(named):
            named.append(f"… and {count - len(named):,} more; ledger.jsonl in the held folder lists them all")
        for line in named if self._console.is_terminal else [", ".join(named)]:
            self._console.print(f"      {line}", markup=False)

    def _wrapped(self, text: str) -> None:
        """Print a sentence within the width of a terminal; into a pipe it stays on one line."""
        width = max(self._console.width, 40) if self._console.is_terminal else len(text) + 4
        self._console.print(textwrap.fill(text, width, initial_indent="    ", subsequent_indent="    "), markup=False)

    def _categories(self) -> None:
        counts: Counter[str] = Counter()
        for kind in self._current.values():
            counts.update(dict(kind.findings))
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
