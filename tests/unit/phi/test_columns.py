import pytest

from deid.phi.columns import column_findings
from deid.types import Finding, PhiCategory, PhiText, Region, TextLine


def _line(text, x, y, width=100, height=16):
    return TextLine(PhiText(text), ((x, y), (x + width, y), (x + width, y + height), (x, y + height)), (), 0.9, (0, 1), "x")


def _found(line, category=PhiCategory.DATE):
    return Finding(category, Region(line.quad, line.frames), 0.9, "rule:date", line.text)


def _column(texts, missed, pitch=20):
    lines = [_line(text, 50, 100 + pitch * row) for row, text in enumerate(texts)]
    return lines, [_found(line) for line in lines if line.text.reveal() != missed]


@pytest.mark.parametrize("row", [0, 1, 3])
def test_a_row_that_was_misread_goes_with_its_column(row):
    texts = ["15-Dec-1953", "13-Jan-1962", "27-Oct-1973", "05-Nov-1929"]
    texts[row] = "29Ma|.1973"
    lines, findings = _column(texts, "29Ma|.1973")
    (more,) = column_findings(lines, findings)
    assert (more.region, more.category, more.evidence) == (Region(lines[row].quad, (0, 1)), PhiCategory.DATE, "closure:column")


@pytest.mark.parametrize("text", ["LAO 30", "F", "DSA"])
def test_what_is_plainly_technical_stays(text):
    lines, findings = _column(["15-Dec-1953", text, "27-Oct-1973"], text)
    assert column_findings(lines, findings) == ()


def test_a_line_beside_the_column_or_far_below_it_stays():
    lines, findings = _column(["15-Dec-1953", "13-Jan-1962"], None)
    assert column_findings([*lines, _line("Zwobb", 400, 120), _line("Zwobb", 50, 400)], findings) == ()


def test_a_line_with_a_finding_of_its_own_was_judged():
    lines, findings = _column(["15-Dec-1953", "MRN 123 x", "27-Oct-1973"], "MRN 123 x")
    part = Finding(PhiCategory.MRN, Region.from_box((90, 120, 150, 136), (0, 1)), 0.9, "label:mrn", PhiText("123"))
    assert column_findings(lines, [*findings, part]) == ()
