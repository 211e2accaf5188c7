"""What looks like a name, a street or a hospital and is medicine, and what looks like medicine and names somebody."""

from __future__ import annotations

import pytest

from tests.unit.phi.test_classify_text import left_over


@pytest.mark.parametrize(
    "text",
    [
        "mRS at 90 days: 1",
        "AV Vmax 1.6 m/s",
        "AV meanPG 5 mmHg",
        "PreMonitoring 3   120   20",
        "Transfer from outside hospital, no thrombolysis because of apixaban",
        "DFP 8450 cGy*cm²",
        "OAG 30 CRA 15",
        "5.0thk/1.5sp",
        "HF 68/min",
        "25 mm/s 10 mm/mV",
        "keine ST-Hebung",
        "sT2W_TSE_SAG",
        "Cognard IIb dural fistula",
        "Cognard Ilb dural fistula",
        "NIHSS 17 at onset, 4 at 24 h.",
        "Post",
        "ICA, L",
        "Born",
        "UFE",
        "Neuro biplane angiography",
        "WL 2091/1125",
        "Nascimento:",
        "Carotid2 SL10",
        "1430 ms",
        "TC craneal sin contraste",
        "Mezzo di contrasto non ionico",
        "Zugang: A. femoralis rechts, Schleuse 5 F",
        "Kontrastmittel: 120 ml Imeron 300",
        "Conclusion : surveillance à 6 mois.",
        "Verlaufskontrolle nach 3 Monaten",
        "Control a los 3 meses",
        "Location: MCA",
        "transferred to the angio suite",
        "Platelets 150-400",
        "INR 1.1 0.9-1.1",
        "ABP 124/71 (89)",
        "(0018,1110) DS [1180] # DistanceSourceToDetector",
        "OAI 30 CRA 15",
        "catheterization laboratory",
    ],
)
def test_medicine_stays(text):
    assert left_over(text) == " ".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "Mrs Jones",
        "MRS JONES",
        "Via Roma 12",
        "Av. Reforma 120",
        "Hauptstrasse 5a",
        "Loring 44",
        "Born, Max",
        "mercy hospital",
        "Clearwater Regional Laboratory",
        "Quest Laboratories",
        "13.12-15.12",
        "415-551",
        "Angio Suite 2",
        "Post, Emily",
        "POST EMILY",
        "Bed 7N-14B",
        "Cama 412-B",
        "MEIER*ANNA",
        "SILVA LIMA, PAULO",
        "Nascimento, Joana",
        "Nascimento",
        "NEURO68",
        "Neuro Bi-plane B",
        "Vascular biplane 2",
        "LI, N",
        "Long, R.",
        "7.43 am",
        "1922 hrs",
        "sixty-four-year-old",
        "6 wk old",
        "Mass General",
    ],
)
def test_names_and_places_go(text):
    assert not set(left_over(text)) & set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def test_a_state_stays_under_its_heading_only():
    assert left_over("Read", above="Status") == "Read"
    assert left_over("Read") == ""
    assert left_over("Young", above="Status") == ""


def test_the_sex_stays_behind_a_name_with_a_hyphen():
    assert left_over("Margarethe von Hohenfels-Lindqvist F 87 yrs") == "- F"
    assert left_over("Hohenfels-Lindqvist F 87 yrs") == "-"
