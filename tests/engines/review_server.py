"""Serves the review page with the engine that reads colours: ``python -m tests.engines.review_server DIR|- [minutes [share]]``."""

from __future__ import annotations

import sys
from pathlib import Path

from deid.review.server import serve
from tests.engines.coloured import COLOURED


def tell(link: str) -> None:
    print(link, flush=True)


if __name__ == "__main__":
    folder = None if sys.argv[1] == "-" else Path(sys.argv[1])
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    share = float(sys.argv[3].rstrip("%")) / 100 if len(sys.argv) > 3 else 0.0
    serve(folder, None, tell, idle_minutes=minutes, sample=share, work=COLOURED)
