"""Ledgers are mapped to files, and the table counts what was released only."""

from __future__ import annotations

import json

import numpy as np

from tests.benchmark import report, systems
from tests.benchmark.score import FileScore, LineScore, Result
from tests.benchmark.truth import Line


def _line(category: str, legible: bool = True) -> Line:
    cap = 12.0 if legible else 5.0
    return Line("x", category, (0, 1), ((0, 0), (4, 0), (4, 4), (0, 4)), (0, 0, 4, 4), np.ones((4, 4), bool), cap, 90.0)


def _rows(text: str) -> list[dict[str, str]]:
    heads, _, *rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines()]
    return [dict(zip(heads, row, strict=True)) for row in rows]


def test_lines_of_withheld_pictures_are_not_in_the_denominator():
    shown = FileScore("a", "s", "clean", (LineScore(_line("name"), 0.5, 0.5), LineScore(_line("mrn"), 0.0, 0.0)))
    damaged = FileScore("b", "s", "clean", (LineScore(_line("none"), 0.2, 0.2), LineScore(_line("none"), 1.0, 1.0)))
    held = FileScore("c", "s", "held", (LineScore(_line("name"), 0.0, 1.0),), cause=True)
    row = _rows(report.table([report.Scored("x", (shown, damaged, held), 9.0)]))[-1]
    assert row["identifying lines exposed"] == "1 of 2 (50.0 %)"
    assert row["legible technical lines damaged"] == "1 of 2 (50.0 %)"
    assert (row["released"], row["held"], row["pictures that leak"]) == ("2", "1 (1 with cause)", "1 of 2")
    assert row["CPU s a picture"] == "3.0"


def test_a_category_is_counted_over_all_suites():
    files = tuple(FileScore(n, n, "clean", (LineScore(_line("mrn"), share, share),)) for n, share in (("a", 0.0), ("b", 1.0)))
    assert _rows(report.categories([report.Scored("x", files, 1.0)])) == [{"category": "mrn", "x": "1 of 2 (50.0 %)"}]


def test_the_private_ledger_and_the_audit_log_map_inputs_to_outputs_and_masks(tmp_path):
    out, held = tmp_path / "out", tmp_path / "out-held"
    out.mkdir()
    held.mkdir()
    (held / "drafts").mkdir()
    (held / "drafts" / f"{'b' * 16}-2.png").touch()
    region = {"frames": [0, 2], "polygon": [[0, 0], [4, 0], [4, 4]]}
    (out / "audit.jsonl").write_text(json.dumps({"output": "g/abc.png", "regions": [region]}) + "\n")
    rows = [
        {"input": str(tmp_path / "in/screens/00/a.png"), "input_id": "a" * 64, "output": "g/abc.png", "status": "clean"},
        {"input": str(tmp_path / "in/screens/01/b.png"), "input_id": "b" * 64, "output": None, "status": "held"},
    ]
    (held / "ledger.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert systems.SYSTEMS["deid"][1](tmp_path / "in", out) == {
        "screens/00/a.png": Result("clean", out / "g/abc.png", (((0, 2), ((0, 0), (4, 0), (4, 4))),)),
        "screens/01/b.png": Result("held", draft=held / "drafts" / f"{'b' * 16}-2.png"),
    }
