"""The line as it is, telling what it took: work for a worker that is measured."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from deid.batch.tasks import Task, redact, survey

_WORK = {"survey": survey, "redact": redact}


def done(item: tuple[str, Task], tools: Any) -> tuple[str, float, float]:
    """Do a task; tell what became of the file, the worker's peak so far in MB, and the CPU seconds that it took."""
    what, task = item
    begin = time.process_time()
    result = _WORK[what](task, tools)
    reasons = ", ".join(f"{reason.code} {reason.detail}".strip() for reason in result.reasons)
    status = getattr(result, "status", what)
    return f"{status}{f' ({reasons})' if reasons else ''}", peak_mb(), time.process_time() - begin


def peak_mb() -> float:
    """The largest resident set of this process so far, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6
