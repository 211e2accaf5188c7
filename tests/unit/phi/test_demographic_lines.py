"""The line that names a patient, beside medicine: what of it goes, and what of the medicine stays."""

from __future__ import annotations

import pytest

from deid.phi import load_classifier
from deid.policy import Policy
from deid.types import KnownValue, PhiText, TextLine
from tests.unit.phi import test_classify_text


def left_over(text, **context):
    return test_classify_text.left_over(text, **context).strip(" ,^")


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("DOE, JANE F 67Y", "F"),
        ("DOE, JANE M 067Y LAO 30", "M LAO 30"),
        ("Doe Jane, w, 12.03.1951", "w"),
        ("Patient: Kim, Werner M 91Y", "Patient: M"),
        ("12.03.1951 F", "F"),
        ("Doe, Jane Mary F 06/07/95", "F"),
    ],
)
def test_the_sex_beside_an_age_or_a_date_stays(text, stays):
    assert left_over(text) == stays


@pytest.mark.parametrize(
    "text", ["DOE, JANE F", "LARSEN F 06/07/95", "DOE^JANE^F 67Y", "12.03.1951 F. Larsen", "12.03.1951 M Larsen", "Mr Doe F 67Y"]
)
def test_an_initial_goes(text):
    assert not set(left_over(text)) & set("FM")


def test_a_known_letter_goes_though_an_age_stands_beside_it():
    assert left_over("DOE, JANE F 67Y", known=("JANE F",)) == ""


@pytest.mark.parametrize("age", ["16Y", "26Y", "36Y", "46Y", "56Y", "66Y", "76Y", "86Y", "96Y"])
@pytest.mark.parametrize("sex", ["M", "F"])
def test_an_age_that_ends_in_six_is_no_dose(age, sex):
    assert left_over(f"{age} {sex}") == sex


@pytest.mark.parametrize("dose", ["56.2 6ycm2", "8 u6ym2", "45.2 Gycm2", "12.1 cGy cm²"])
def test_a_dose_stays_as_engines_read_it(dose):
    assert left_over(dose) == dose


@pytest.mark.parametrize("text", ["12-Aug-51", "Aug 12", "2 Aug", "1951 Aug 12", "F 62", "Age: 62", "03/12/51", "62Y"])
@pytest.mark.parametrize("behind", ["LAO 30", "80 kV 312 mA"])
def test_a_measurement_behind_it_frees_no_date_and_no_age(text, behind):
    left = left_over(f"{text} {behind}")
    assert left.endswith(behind)
    assert not any(map(str.isdigit, left.removesuffix(behind)))


@pytest.mark.parametrize("date", ["12 Aug 1951", "2. 8. 1921", "12 Aug"])
def test_a_vessel_before_it_frees_no_date(date):
    assert left_over(f"L ICA {date}") == "L ICA"


def test_a_record_number_before_a_measurement_goes_whole():
    assert left_over("196776-2967 80 kV 312 mA") == "80 kV 312 mA"


def test_a_day_goes_that_looks_like_a_decimal_or_a_count():
    assert "08" not in left_over("Run 5  12.08.  12/34")
    assert left_over("since 5/11") == "since"


@pytest.mark.parametrize(
    "text",
    [
        "MR HEAD",
        "MR BRAIN W/WO",
        "MR Schädel",
        "MR without contrast",
        "DR CHEST PA",
        "MS 71 Cu 0.3",
        "Pan Zoom",
        "PCW 14/16/12",
        "AO 124/68 (92)",
        "XR Chest",
        "2 Helical S12.250-I380.250 14.32 612.40 Body 32",
        "Head 2 120 312/380 42.10 812.4 1.0 0.6",
        "INR 1.1 aPTT 28 s",
        "Hb 12.4 g/dl",
        "CO 4.8 l/min CI 2.4",
        "DS 68 % AS 89.7 %",
        "BPD 5.42 cm GA 22w3d",
        "Fl. time 00:12:34",
        "CTAHead/Neck",
    ],
)
def test_medicine_stays(text):
    assert left_over(text) == text


@pytest.mark.parametrize("name", ["MR PAGE", "DR LONG", "Mr Head", "Dr. Head", "DR. COBRA"])
def test_a_name_behind_a_title_that_is_a_modality_goes(name):
    assert left_over(name) == ""


@pytest.mark.parametrize("value", ["PD", "LL", "MS", "PA", "KM"])
@pytest.mark.parametrize("label", ["Tech:", "Operator:", "Op:", "Tech ID:"])
def test_initials_behind_a_label_of_staff_go_though_they_are_medicine(label, value):
    assert left_over(f"{label} {value}") == label


def test_medicine_behind_a_label_whose_value_is_covered_stays():
    assert left_over("Tech: CT HEAD") == "Tech: CT HEAD"


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("Station: ANGIO-2B", "Station:"),
        ("Station NEURO-A2", "Station"),
        ("Ward: Vascular", "Ward:"),
        ("Room: Angio 1 LAO 30 CRAN 10", "Room: LAO 30 CRAN 10"),
        ("Acc: CT-2024-118", "Acc:"),
        ("Electronically signed by Rose Kim, MD", "Electronically signed by"),
    ],
)
def test_a_value_goes_whole_and_its_label_stays(text, stays):
    assert left_over(text).strip(", ") == stays


def test_what_stands_beside_the_label_of_a_room_goes():
    assert left_over("B4", left="Room:") == ""
    assert left_over("B4", left="Kernel:") == "B4"


@pytest.mark.parametrize("text", ["患者ID: 8223512", "姓名: 李娜", "ФИО: Иванов Иван", "検査日: 2024年3月3日"])
def test_a_label_of_another_script_stays(text):
    assert left_over(text) == text.partition(" ")[0]


@pytest.mark.parametrize("text", ["T.ε0.4", "J∂2]-03-J4", "Y ∂", "∀cc S03∂JI84"])
def test_what_a_reader_makes_of_mirrored_text_goes_whole(text):
    assert left_over(text) == ""


@pytest.mark.parametrize("text", ["ε = 0.4", "Δ 3.2 mm"])
def test_a_greek_letter_by_itself_is_a_sign(text):
    assert left_over(text) == text


def test_a_sentence_about_a_hospital_keeps_its_beginning():
    assert left_over("The patient was transferred from Ashford Community Hospital.") == "The patient was transferred from ."


@pytest.mark.parametrize("text", ["Ashford Heart Center", "Ashford Radiology", "Regional Spine Clinic, Angio Suite 2"])
def test_a_practice_goes_whole(text):
    assert not any(map(str.isalpha, left_over(text)))


@pytest.mark.parametrize("text", ["Interventional Radiology", "Department", "Cardiac imaging"])
def test_a_field_of_medicine_stays(text):
    assert left_over(text) == text


@pytest.mark.parametrize("word", ["Zimmer", "Sala", "Son", "Reader", "Work"])
def test_a_label_that_is_a_name_protects_nobody(word):
    assert left_over(word) == ""


def _lines(texts):
    return [
        TextLine(
            PhiText(text),
            ((10, 24 * y), (10 + 9 * len(text), 24 * y), (10 + 9 * len(text), 24 * y + 16), (10, 24 * y + 16)),
            (),
            0.97,
            (0, 1),
            "x",
        )
        for y, text in enumerate(texts)
    ]


def _gone(texts, known=()):
    return {finding.text.reveal() for finding in load_classifier(Policy()).classify(_lines(texts), known, Policy()) if finding.text}


def test_the_sex_in_a_column_of_ages_numbers_no_room():
    assert "38 F" not in _gone(["38 F", "41 M", "56 F", "30 M"])


def test_a_known_name_does_not_hide_that_its_line_was_judged():
    known = (KnownValue("PatientName", PhiText("Harrington^Eleanor")),)
    gone = _gone(["10.03.1951", "HARRINGTON^ELEANOR F", "12.03.1951", "12.04.1951"], known)
    assert not any(text.endswith(" F") for text in gone)


@pytest.mark.parametrize("text", ["FMar 18, 1989", "MSEP 04, 1995", "FMay 4 1951", "MMAR 18, 51"])
def test_a_date_goes_whole_behind_a_sex_that_the_engine_joined_to_it(text):
    assert not any(map(str.isdigit, left_over(f"{text} LAO 30").removesuffix("LAO 30")))
