"""What every peer's program does: walk a folder, redact each file, tell in a ledger what became of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path


def redact_each(redact: Callable[[Path, Path], None]) -> None:
    """Call `redact` (source, target) for each file of argv[1]; targets keep their relative path under argv[2], as the tools do."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    with (target / "ledger.jsonl").open("w", encoding="utf-8") as ledger:
        for path in sorted(found for found in source.rglob("*") if found.is_file()):
            name = path.relative_to(source)
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            row = {"input": str(name), "output": str(name), "status": "clean"}
            try:
                redact(path, target / name)
            except Exception as error:  # whatever a tool raises is its answer to this file
                row |= {"output": None, "status": "failed", "reason": type(error).__name__}
            ledger.write(json.dumps(row) + "\n")


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM, by its content."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"
