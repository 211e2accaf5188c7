"""The free text of a header that stays after the profile: handed over for judgement, and cut where the plan says so."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from deid.formats.dicom.paths import item_path, keyword, value_path
from deid.formats.dicom.rules import TEXTS, Rules
from deid.formats.dicom.statement import METHOD
from deid.formats.dicom.values import listed, texts
from deid.formats.dicom.walk import elements, text_of
from deid.types import HeaderText, PhiText

_MAKER_TERMS = Path(__file__).with_name("maker_terms.tsv")
_TERMS = Path(__file__).with_name("code_strings.txt")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+/{}%\[\]\"'*^_-]{0,15}")
# Coding schemes of the public; a code of another scheme may be anything.
_SCHEMES = frozenset(
    [
        "DCM",
        "SCT",
        "SRT",
        "SNM3",
        "99SDM",
        "UCUM",
        "LN",
        "MDC",
        "FMA",
        "RADLEX",
        "UMLS",
        "NCIt",
        "NCIT",
        "I9C",
        "I10",
        "I10P",
        "MSH",
        "RXNORM",
        "C4",
        "BI",
        "NEU",
        "IBSI",
    ]
)
_METHOD = 0x00120063
_SOFTWARE = 0x00181020
# Numbers of a version: two to six, none of them a year, and not the shape of a network address or of a day.
_VERSION = re.compile(
    r"(?!\d{1,2}\.\d{1,2}\.\d{2}$)(?!([1-9]?\d|1\d\d|2[0-5]\d)(\.([1-9]?\d|1\d\d|2[0-5]\d)){3}$)\d{1,3}(\.(?!(19|20)\d\d)\d{1,4}){1,5}"
)
_CODE_VALUE, _CODE_SCHEME, _CODE_VERSION, _CODE_MEANING = 0x00080100, 0x00080102, 0x00080103, 0x00080104


def header_texts(dataset: Dataset, rules: Rules, path: str = "") -> Iterator[HeaderText]:
    """Yield every text that stays, and that no vocabulary of the standard explains."""

    def stays(tag: BaseTag, vr: str) -> bool:
        action = rules.action(tag, vr)
        return action in "CK" if vr == "SQ" else action == "C" and vr in TEXTS

    for tag, element in elements(dataset, stays):
        if element is None or not stays(tag, element.VR):
            continue
        if element.VR == "SQ":
            for index, item in enumerate(element.value or ()):
                yield from header_texts(item, rules, item_path(path, tag, index))
        else:
            values = texts(element)
            for index, text in enumerate(values):
                if text and not technical(element, text, dataset):
                    yield HeaderText(value_path(path, tag, index, len(values)), PhiText(text))


def technical(element: DataElement, text: str, dataset: Dataset) -> bool:
    """Tell whether a text is a term or a code of the standard and needs no judgement."""
    if element.VR == "CS":
        return text in code_strings()
    if (keyword(element.tag), text.upper()) in _maker_terms():
        return True
    if element.tag == _SOFTWARE:
        return _VERSION.fullmatch(text) is not None
    if element.tag in (_CODE_SCHEME, _CODE_VERSION):
        return text in _SCHEMES or re.fullmatch(r"[\d.]{1,10}", text) is not None
    if element.tag == _CODE_VALUE:
        return text_of(dataset, "CodingSchemeDesignator") in _SCHEMES and _CODE.fullmatch(text) is not None
    if element.tag == _CODE_MEANING:
        return (text_of(dataset, "CodingSchemeDesignator"), text_of(dataset, "CodeValue"), text) in _concepts()
    return element.tag == _METHOD and text == METHOD


def vouched(element: DataElement, text: str, dataset: Dataset) -> bool:
    """Tell whether the standard itself holds a text: not only its shape, which an id or a day may have as well."""
    if element.tag == _CODE_VALUE:
        return (text_of(dataset, "CodingSchemeDesignator"), text) in _codes()
    return element.tag not in (_CODE_VERSION, _SOFTWARE) and technical(element, text, dataset)


@lru_cache(maxsize=1)
def code_strings() -> frozenset[str]:
    """Return the terms of the standard for attributes of VR CS."""
    return frozenset(listed(_TERMS))


@lru_cache(maxsize=1)
def _maker_terms() -> frozenset[tuple[str, str]]:
    """Return what makers write into their files by themselves: (keyword, value in capitals)."""
    with _MAKER_TERMS.open(encoding="utf-8", newline="") as file:
        return frozenset((row["keyword"], row["value"]) for row in csv.DictReader(file, delimiter="\t"))


@lru_cache(maxsize=1)
def _codes() -> frozenset[tuple[str, str]]:
    return frozenset((scheme, value) for scheme, value, _ in _concepts())


@lru_cache(maxsize=1)
def _concepts() -> frozenset[tuple[str, str, str]]:
    from pydicom.sr._concepts_dict import concepts

    return frozenset(
        (scheme, value, meaning)
        for scheme, words in concepts.items()
        for codes in words.values()
        for value, (meaning, _) in codes.items()
    )
