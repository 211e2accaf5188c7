"""Folders with held pictures, made by a real run with the engine that reads colours."""

from __future__ import annotations

from deid.batch import Options, run_with
from deid.policy import Policy
from tests.engines.coloured import COLOURED, bars
from tests.pictures import png

WHO = {"reviewer": "R. Test", "consent": "C-77", "platform": "journal", "use": "education"}


def put(folder, count, texts=("DOE^JANE", "A4471902", "LAO 30")):
    """Write a case of small pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"screen-{number:03}.png").write_bytes(png(bars(texts, seed=number)))
    return folder


def go(case, out, policy=None, **options):
    """Run a case; every file waits for a person where the policy is left out."""
    policy = policy or Policy(review="all")
    return list(run_with([case], out, policy, Options(work=COLOURED, **{"jobs": 1, **options})))


def outputs(out):
    """The clean files, by name."""
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.png")}
