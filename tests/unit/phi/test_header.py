"""Free text of headers: descriptions stay, what identifies is cut."""

from __future__ import annotations

import pytest

from deid.phi import classify_header
from deid.policy import Policy
from deid.types import HeaderText, KnownValue, PhiText

DOE = (KnownValue("PatientName", PhiText("DOE^JANE")),)


def left_over(text, known=DOE, policy=None):
    chars = list(text)
    for cut in classify_header([HeaderText("StudyDescription", PhiText(text))], known, policy or Policy()):
        assert cut.path == "StudyDescription"
        chars[cut.start : cut.end] = " " * (cut.end - cut.start)
    return " ".join("".join(chars).split())


@pytest.mark.parametrize(
    "text",
    [
        "CT HEAD W/O CONTRAST",
        "Thorax nativ",
        "AX T2 FLAIR 3mm",
        "t1_mprage_sag_p2_iso",
        "DSA 4 F/s LICA",
        "Schädel CCT",
        "ep2d_diff_b1000_ADC",
        "Zerebrale Angiografie",
        "3D TOF multislab",
        "SpineLumbar 2.0 Br40 S3",
        "HCC_2phase",
        "Xper Neuro Cerebral 3fps",
        "ORIGINAL\\PRIMARY\\AXIAL",
    ],
)
def test_descriptions_stay(text):
    assert left_over(text) == text


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("CT HEAD for Mr Smith", "CT HEAD"),
        ("CT HEAD for Jane Doe", "CT HEAD"),
        ("Angio D0E 12.03.2024", "Angio"),
        ("CT HEAD 0761/270123", "CT HEAD"),
        ("MRN 471199 CT HEAD", "MRN CT HEAD"),
        ("ref by Dr. Cobra", "ref by"),
        ("CT for Kowalczyk Jarosław", "CT"),
        ("CT HEAD see www.hospital.org", "CT HEAD see"),
    ],
)
def test_what_identifies_is_cut(text, stays):
    assert left_over(text).removesuffix(" for").removesuffix(" by") == stays.removesuffix(" by")


def test_paranoid_cuts_whole_texts():
    assert left_over("CT HEAD", policy=Policy(mask_all_text=True)) == ""


def test_long_reports_are_cut_wherever_a_name_stands():
    for words in (90, 97, 103):
        report = "normal vessel " * words + "reported by Dr. Kowalczyk " + "no stenosis " * 100
        assert "Kowalczyk" not in left_over(report)
        assert left_over(report).count("stenosis") == 100


def test_a_text_without_any_white_space_takes_no_longer_than_others():
    assert left_over("a" * 20_000) is not None
