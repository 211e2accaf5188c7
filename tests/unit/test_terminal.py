"""What a person sees at the end of a run."""

import json

from deid.terminal import Report
from deid.types import Outcome, PhiText, Source, Status


def _outcomes(*warnings):
    return [Outcome(Source(number, PhiText("a")), Status.CLEAN, warnings=codes) for number, codes in enumerate(warnings)]


def test_a_run_with_head_volumes_ends_with_one_warning_and_their_number(capsys):
    with Report() as report:
        for outcome in _outcomes(("face-in-volume",), ("face-in-volume",), ()):
            report.take(outcome)
    said = capsys.readouterr().err
    assert said.count("warning (2 inputs): A face can be rendered") == 1


def test_a_run_without_them_does_not_warn_and_programs_get_the_codes(capsys):
    with Report(as_json=True) as report:
        for outcome in _outcomes((), ()):
            report.take(outcome)
    said = capsys.readouterr()
    assert "warning" not in said.err
    assert [json.loads(line)["warnings"] for line in said.out.splitlines()] == [[], []]
