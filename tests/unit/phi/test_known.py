"""Known values are found however an engine, a hand or a file name spelled them."""

from __future__ import annotations

import pytest

from deid.phi import byte_forms, find_known, known_from_list, known_from_name
from deid.types import KnownValue, PhiText

DOE = (KnownValue("PatientName", PhiText("DOE^JANE")), KnownValue("PatientID", PhiText("00123456")))


def found(text, known=DOE):
    return [text[span.start : span.end] for span in find_known(text, known)]


@pytest.mark.parametrize("text", ["Jane Doe", "DOE, JANE", "D0E JANE", "DOEJANE", "JANEDOE", "DOE*JANE", "doe jané", "D OE JANE"])
def test_a_name_in_any_spelling(text):
    assert found(text)


@pytest.mark.parametrize("text", ["00123456", "ID 123456", "12 34 56", "0012-3456", "l23456", "O0I23456"])
def test_a_number_in_any_spelling(text):
    assert found(text)


@pytest.mark.parametrize("text", ["CAROTID", "LAO 30 CRA 15", "12/64", "DOSE 3 mGy", "Janus"])
def test_what_only_looks_a_little_alike_is_left(text):
    assert not found(text)


def test_a_date_is_found_in_every_order():
    birth = (KnownValue("PatientBirthDate", PhiText("19560312")),)
    for text in ("12.03.1956", "1956-03-12", "03/12/56", "12031956", "12 03 1956"):
        assert found(text, birth), text


def test_technical_words_in_the_name_of_a_hospital_stay_technical():
    clinic = (KnownValue("InstitutionName", PhiText("Head Clinic Springfield")),)
    assert found("CT HEAD", clinic) == []
    assert found("Springfield CT", clinic) == ["Springfield"]


def test_a_technical_word_that_is_merely_like_a_name_stays():
    assert found("CATHETER 5F", (KnownValue("PatientName", PhiText("CARTER^ANN")),)) == []
    assert found("CARTTER 5F", (KnownValue("PatientName", PhiText("CARTER^ANN")),)) == ["CARTTER"]


def test_a_patient_with_a_technical_name_is_found():
    assert found("COBRA LAO 30", (KnownValue("PatientName", PhiText("COBRA^ROSE")),)) == ["COBRA"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("DOE_JANE_MRN123456_2024-03-01.png", {"DOE JANE", "123456", "2024-03-01"}),
        ("IMG_20341.jpg", set()),
        ("angio_left_ica.png", set()),
        ("SmithJohn-ct-head.dcm", {"Smith John"}),
        ("1.2.840.113619.2.55.3.604688.dcm", {"1.2.840.113619.2.55.3.604688"}),
        ("Müller.jpg", {"Müller"}),
        ("slide 12.png", set()),
    ],
)
def test_file_names(name, values):
    assert {value.value.reveal() for value in known_from_name(name)} == values


def test_folder_names_keep_their_keyword():
    assert [value.keyword for value in known_from_name("Doe Jane", "FolderName")] == ["FolderName"]


def test_the_users_list():
    values = known_from_list("\ufeff# ours\nDOE^JANE\n\n0123\nDOE^JANE\n")
    assert [value.value.reveal() for value in values] == ["DOE^JANE", "0123"]
    assert {value.keyword for value in values} == {"UserList"}


def test_byte_forms_hold_the_encodings_and_notations():
    forms = byte_forms((*DOE, KnownValue("PatientBirthDate", PhiText("19560312")), KnownValue("PatientName", PhiText("LI"))))
    for wanted in (b"DOE^JANE", b"Jane Doe", "DOE JANE".encode("utf-16-le"), b"00123456", b"1956-03-12", b"12.03.1956"):
        assert wanted in forms
    assert min(map(len, forms)) >= 6
    assert "Müller^Änne".encode("latin-1") in byte_forms((KnownValue("PatientName", PhiText("Müller^Änne")),))
