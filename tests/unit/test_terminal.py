"""What a person sees at the end of a run."""

import json

from deid.terminal import Report
from deid.types import Outcome, PhiText, Reason, Source, Status


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


def failed(number, *reasons, status=Status.FAILED):
    return Outcome(Source(number, PhiText(f"/case/DOE {number}.png")), status, reasons=tuple(Reason(*reason) for reason in reasons))


def said_of(capsys, *outcomes, total=0):
    with Report() as report:
        report.progress("redact", 0, total)
        for outcome in outcomes:
            report.take(outcome)
    return capsys.readouterr().err


def test_inputs_are_listed_by_reason_and_only_a_few_of_each_are_named(capsys):
    outcomes = [failed(number, ("empty",)) for number in range(1, 9)] + [failed(9, ("codec-missing", "1.2.3"))]
    said = said_of(capsys, *outcomes, failed(10, ("unread-text",), ("face",), status=Status.HELD))
    assert said.count("The file is empty.") == 1
    assert "failed: 8 inputs" in said and "input 4, input 5, … and 3 more" in said and "input 6" not in said
    assert "input 9: 1.2.3" in said
    assert said.index("held: 1 input\n") < said.index("failed:")
    assert "DOE" not in said


def test_a_later_outcome_of_an_input_counts(capsys):
    said = said_of(capsys, failed(1, ("permission",)), Outcome(Source(1, PhiText("a")), Status.CLEAN))
    assert "permission" not in said and "failed" not in said
    assert "1 input in" in said and "1 clean" in said


def test_a_run_that_was_cut_off_says_how_much_is_left(capsys):
    assert "1 of 2,000 inputs in" in said_of(capsys, failed(1, ("empty",)), total=2000)


def test_a_wish_to_stop_is_answered_at_once(capsys):
    with Report() as report:
        report.progress("stopping", 0, 0)
        assert "Ctrl-C again" in capsys.readouterr().err
    with Report(quiet=True) as report:
        report.progress("stopping", 0, 0)
    assert capsys.readouterr().err == ""
