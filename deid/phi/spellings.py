"""Every spelling of a known value that a written file must not hold, as bytes."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Final

from deid.phi.known import date_forms
from deid.phi.tokens import HARMLESS, strength
from deid.types import KnownValue

# A chance hit of six letters in 100 MB of compressed pixels: one in three million. Six digits are not enough: new UIDs are
# 39 random digits, and one in a thousand files would hold a given number of six digits by chance.
_LETTERS, _DIGITS = 6, 8
_ENCODINGS: Final = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
_OTHER_SCRIPTS: Final = (
    "iso8859-2",
    "iso8859-5",
    "iso8859-7",
    "iso8859-9",
    "cp1251",
    "shift_jis",
    "iso2022_jp",
    "euc_kr",
    "gb18030",
)
# Names have two to five parts; more would be a sentence.
_MOST_PARTS = 3


def byte_forms(known: Sequence[KnownValue]) -> tuple[bytes, ...]:
    """Return every spelling of the known values to seek in the raw bytes of a written file.

    Only values so long that a chance hit is negligible: six letters, or eight digits. Names come with their parts in any
    order, with DICOM's carets, in capitals and not; dates in the usual notations; each in the encodings that files use.

    Parameters
    ----------
    known
        What identifies.
    """
    forms: dict[bytes, None] = {}
    for value in known:
        for text in _spellings(value.value.reveal().strip(" \0")):
            if _specific(text):
                forms.update(dict.fromkeys(_encoded(text)))
    return tuple(forms)


def _specific(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    digits = sum(map(str.isdigit, text))
    wide = sum(not char.isascii() and char.isalpha() and ord(char) > 0x2E80 for char in text)
    return letters + 2 * wide >= _LETTERS or digits >= _DIGITS or (letters > 0 and letters + digits >= _DIGITS - 1)


def _encoded(text: str) -> Iterator[bytes]:
    for encoding in _ENCODINGS if text.isascii() else (*_ENCODINGS, *_OTHER_SCRIPTS):
        try:
            yield text.encode(encoding)
        except UnicodeEncodeError:
            continue


def _spellings(text: str) -> Iterator[str]:
    digits = "".join(filter(str.isdigit, text))
    orders = date_forms(digits) if len(digits) == 8 and not any(map(str.isalpha, text)) else ()
    yield from _dates(orders[0]) if orders else _names(text)


def _dates(day: str) -> Iterator[str]:
    year, month, date = day[:4], day[4:6], day[6:]
    yield from (year + month + date, date + month + year, month + date + year)
    for joint in "-./":
        yield from (joint.join(parts) for parts in ((year, month, date), (date, month, year), (month, date, year)))
    for name in (calendar.month_abbr[int(month)], calendar.month_name[int(month)]):
        for spelled in (name, name.upper()):
            yield from (
                f"{date}-{spelled}-{year}",
                f"{date} {spelled} {year}",
                f"{spelled} {date}, {year}",
                f"{date}{spelled}{year}",
            )


def _names(text: str) -> Iterator[str]:
    parts = re.findall(r"[^\W_]+", text)
    yield from _cased(text)
    if not 1 < len(parts) <= _MOST_PARTS or any(map(str.isdigit, text)):
        return
    for order in permutations(parts):
        for joint in ("^", " ", "_", ", ", "-", "."):
            yield from _cased(joint.join(order))
    for part in parts:
        if strength(part) not in HARMLESS:
            yield from _cased(part)


def _cased(text: str) -> tuple[str, ...]:
    return text, text.upper(), text.lower(), text.title()
