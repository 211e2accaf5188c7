"""What the profile says about an attribute: Table E.1-1 of PS3.15, the options of the policy, and a rule by kind for the rest."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from pydicom.datadict import dictionary_VR
from pydicom.tag import BaseTag

from deid.formats.dicom import overlays
from deid.formats.dicom.overlays import is_overlay
from deid.policy import Policy

PROFILE: Final = Path(__file__).with_name("ps3_15_table_e1_1_2026c.tsv")
OPTIONS: Final = (
    "retain_safe_private",
    "retain_uids",
    "retain_device",
    "retain_institution",
    "retain_patient_characteristics",
    "retain_modified_dates",
    "retain_full_dates",
    "clean_descriptors",
    "clean_structured_content",
    "clean_graphics",
)
DATES: Final = frozenset({"DA", "DT", "TM"})
TEXTS: Final = frozenset({"LO", "SH", "ST", "LT", "UT", "UC", "CS"})
NUMBERS: Final = frozenset({"US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "IS", "DS", "AT"})
BINARIES: Final = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN"})
_DESCRIBING: Final = frozenset({"retain_patient_characteristics", "retain_full_dates"})
# Texts of these kinds are neither judged nor cut like others: they stand for nothing else.
_OWN_RULES: Final = frozenset({"PN", "AE", "UR", "AS"})
_GRAPHICS: Final = 0x00700001
_OBSERVERS: Final = 0x0040A073
_CREATION: Final = frozenset({0x00700082, 0x00700083})
# Binary attributes that an image needs: pixels, palettes, lookup tables, samples of waveforms and spectra.
KEPT_BINARIES: Final = frozenset(
    {0x7FE00010, 0x7FE00008, 0x7FE00009, 0x00283006, 0x54001010, 0x56000020, 0x00281408}
    | {0x00281200 + part for part in (1, 2, 3, 4)}
    | {0x00281220 + part for part in (1, 2, 3, 4)}
)


class Row(NamedTuple):
    """A row of the profile: the basic action and, by name of the option, what each option makes of it."""

    keyword: str
    vr: str
    basic: str
    options: dict[str, str]


@lru_cache(maxsize=1)
def profile() -> dict[int, Row]:
    """Read the table; the patterns for curves, overlays and private attributes are rules of their own and left out."""
    table: dict[int, Row] = {}
    with PROFILE.open(encoding="utf-8", newline="") as file:
        for cells in csv.DictReader(file, delimiter="\t"):
            tag = cells["tag"].replace(",", "")
            if "X" not in tag:
                options = {name: cells[name] for name in OPTIONS if cells[name]}
                table[int(tag, 16)] = Row(cells["keyword"], cells["vr"], cells["basic"], options)
    return table


@lru_cache(maxsize=8)
def rules(policy: Policy, strict: bool) -> Rules:
    """Return the rules of a policy; `strict` where the object's kind demands values for most of its attributes."""
    return Rules(policy, strict)


class Rules:
    """Decides on one attribute: X remove, Z empty, D dummy, U replace the UID, C clean, K keep (PS3.15 E.3)."""

    def __init__(self, policy: Policy, strict: bool) -> None:
        self.policy = policy
        self.strict = strict
        self._decided: dict[tuple[int, str], str] = {}

    def action(self, tag: BaseTag, vr: str) -> str:
        """Return the action for an attribute that the file calls `vr`."""
        found = self._decided.get((int(tag), vr))
        if found is None:
            found = self._decided[(int(tag), vr)] = self._decide(tag, vr)
        return found

    def keeps(self, tag: int) -> bool:
        """Tell whether an option of the policy keeps this attribute as it is."""
        row = profile().get(tag)
        return row is not None and self._chosen(row, row.vr) == "K"

    def _decide(self, tag: BaseTag, vr: str) -> str:
        if tag.is_private or tag.element == 0 or tag.group < 0x0008 or tag.group >> 8 == 0x50:
            return "X"
        if is_overlay(tag):
            return self._overlay(tag, vr)
        try:
            wanted = dictionary_VR(tag)
        except KeyError:
            return "X"
        if tag == _GRAPHICS and not self.policy.clean_graphics:
            # The module of graphic annotations is optional as a whole: no dummy is needed (PS3.3 C.10.5).
            return "X"
        if tag in _CREATION and self.strict:
            # Of type 1 in every presentation state (PS3.3 C.11.10), though the table says X.
            return "C" if self.policy.retain_modified_dates else "K" if self.policy.retain_full_dates else "D"
        if tag == _OBSERVERS:
            # Its items make the dummy: each of their attributes has a row of its own.
            return "C"
        row = profile().get(tag)
        if row is not None:
            chosen = self._chosen(row, wanted)
            return chosen if chosen in "XZDU" or _fits(vr, wanted) else "X"
        return self._by_kind(tag, wanted) if _fits(vr, wanted) else "X"

    def _overlay(self, tag: BaseTag, vr: str) -> str:
        """Overlays go, or stay as planes and judged texts where the policy cleans graphics."""
        if not self.policy.clean_graphics:
            return "X"
        if tag.element in overlays.NUMBERS:
            return "K" if _kind(vr) == "number" or vr == "CS" else "X"
        if tag.element == 0x3000:
            return "K" if _kind(vr) == "binary" else "X"
        return "C" if tag.element in overlays.TEXTS and vr in TEXTS else "X"

    def _chosen(self, row: Row, vr: str) -> str:
        """Let the options speak first; the more protective of two (clean before keep) wins."""
        said = {name: code for name, code in row.options.items() if getattr(self.policy, name)}
        if vr in DATES:
            # An option for devices keeps no date of its own accord.
            said = {name: code for name, code in said.items() if name.endswith("dates")}
            if "retain_modified_dates" in said:
                return "C"
        if "C" in said.values() or (said and vr in TEXTS and set(said) <= _DESCRIBING):
            # What describes a patient or a time is kept as far as it is no name: a text is judged.
            return "C"
        return "K" if said else self._one(row.basic, vr)

    def _one(self, basic: str, vr: str) -> str:
        """Choose one letter of a combined code, so that attributes of type 2 stay empty and those of type 1 filled."""
        letters = basic.replace("*", "").split("/")
        if len(letters) == 1:
            return basic
        if "U" in letters:
            # Items of references stay, with their UIDs replaced and everything else in them cleaned.
            return "C"
        if vr == "SQ":
            return next(letter for letter in "ZXD" if letter in letters)
        return next(letter for letter in ("DZX" if self.strict else "ZXD") if letter in letters)

    def _by_kind(self, tag: BaseTag, vr: str) -> str:
        """Decide on an attribute that the table does not name."""
        if vr in DATES:
            if self.policy.retain_modified_dates or self.policy.retain_full_dates:
                return "C" if self.policy.retain_modified_dates else "K"
            return "D" if self.strict else "Z"
        if vr == "UI":
            return "K" if self.policy.retain_uids else "U"
        if vr in ("PN", "AS"):
            return "Z"
        if vr in ("AE", "UR"):
            return "X"
        if _kind(vr) == "binary":
            return "K" if int(tag) in KEPT_BINARIES else "X"
        return "C" if vr in TEXTS else "K"


def _fits(vr: str, wanted: str) -> bool:
    """Tell whether the file's value representation can stand for the dictionary's; nothing but a text stands for a text."""
    return vr in wanted.split(" or ") or (_kind(vr) == _kind(wanted) and vr not in _OWN_RULES and wanted not in _OWN_RULES)


def _kind(vr: str) -> str:
    """Group value representations that may stand for each other in real files."""
    first = vr.split(" ")[0]
    if first in TEXTS or first in ("PN", "AE", "UR", "AS"):
        return "text"
    if vr in ("US or OW", "US or SS or OW"):
        return "binary"
    return "number" if first in NUMBERS else "binary" if first in BINARIES else first
