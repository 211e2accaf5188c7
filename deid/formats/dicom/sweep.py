"""Cut every known value out of a text wherever it recurs: parts of names, ids with other separators, days in other notations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from deid.types import KnownValue

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
# A shorter part of a name ("Li") or id ("12") stands for too much else to be cut inside another text.
_SHORTEST_PART = 3
_SHORTEST_CJK = 2
_LONG_DIGITS = 6
# Values of these attributes are whole phrases; only the values of persons are cut word by word.
_WHOLE = ("Institution", "Issuer", "Clinical", "Address", "Location", "Department", "Station", "Service", "Folder", "File", "Case")


class Form(NamedTuple):
    """One way in which a known value is written: a pattern, and letters that stand in every text that it matches."""

    hint: str
    pattern: str


class Sweep:
    """The known values of a case as one search; made once an instance."""

    def __init__(self, known: Sequence[KnownValue]) -> None:
        self._forms = tuple(dict.fromkeys(form for value in known for form in _forms(value.keyword, value.value.reveal())))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the half-open spans of `text` that repeat a known value, in order; they may overlap."""
        folded, places = _folded(text)
        found = {
            (places[match.start()], places[match.end() - 1] + 1)
            for form in self._forms
            if form.hint in folded
            for match in _compiled(form.pattern).finditer(folded)
        }
        return sorted(found)

    def finds(self, text: str) -> bool:
        """Tell whether `text` repeats a known value."""
        return bool(self.spans(text))

    def finds_in_bytes(self, data: bytes) -> bool:
        """Tell whether bytes spell a known value, letter by letter."""
        if len(data) < _SHORTEST_PART:
            return False
        folded = data.lower()
        hinted = any(form.hint.isascii() and form.hint.encode() in folded for form in self._forms)
        return hinted and self.finds(data.decode("latin-1"))


def without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Cut spans out of a text; where nothing but punctuation is left, nothing is left."""
    kept = list(text)
    for start, end in spans:
        kept[start:end] = [""] * (end - start)
        if 0 <= start < len(kept):
            kept[start] = "\0"
    rest = re.sub(r"[ \t]*\0[ \t\0]*", " ", "".join(kept))
    rest = re.sub(r"\s*[(\[]\s*[)\]]", "", rest).strip(" \t,;:/|^=_-\0")
    return rest if any(letter.isalnum() for letter in rest) else ""


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@lru_cache(maxsize=4096)
def _forms(name: str, value: str) -> tuple[Form, ...]:
    """Return the forms in which a value is sought; remembered, because the files of a case share their values."""
    value = _folded(value)[0]
    if "Date" in name and re.fullmatch(r"\d{8}", value):
        return _days(value)
    words = re.findall(r"\w+", value)
    if not words:
        return ()
    forms = [_phrase(words)] if _tells("".join(words)) else []
    if "Name" in name and not any(part in name for part in _WHOLE):
        forms += [_phrase([word]) for word in words if _tells(word) and not word.isdecimal()]
    # An id is written without its letters as well.
    forms += [Form(digits, rf"(?<!\d){digits}(?!\d)") for digits in re.findall(r"\d+", value) if len(digits) >= _LONG_DIGITS]
    return tuple(forms)


def _tells(word: str) -> bool:
    return len(word) >= (_SHORTEST_PART if word.isascii() else _SHORTEST_CJK)


def _phrase(words: Sequence[str]) -> Form:
    """Match words in their order, whatever stands between them; digits and letters may be parted anew in ids."""
    pieces = [piece for word in words for piece in re.findall(r"\d+|\D+", word)]
    body, hint = r"[\W_]{0,3}".join(re.escape(piece) for piece in pieces), max(pieces, key=len)
    if not body.isascii() or any(ord(letter) > 0x2E80 for letter in "".join(words)):
        return Form(hint, body)
    before = r"(?<!\d)" if pieces[0].isdecimal() else r"(?<![^\W\d_])"
    after = r"(?!\d)" if pieces[-1].isdecimal() else r"(?![^\W\d_])"
    return Form(hint, before + body + after)


def _days(value: str) -> tuple[Form, ...]:
    """Match one day in the notations of consoles and letters."""
    year, month, day = value[:4], value[4:6], value[6:]
    if not "01" <= month <= "12":
        return ()
    m, d, y = f"0?{int(month)}", f"0?{int(day)}", f"(?:{year}|{year[2:]})"
    word, gap = rf"{_MONTHS[int(month) - 1]}[a-z]*\.?", r"[\s.,/_-]{1,2}"
    body = "|".join(
        (
            f"{year}[./_ -]?{month}[./_ -]?{day}",
            rf"{d}[./_-]{m}[./_-]{y}",
            rf"{m}[./_-]{d}[./_-]{y}",
            rf"{day}{month}{year}",
            rf"{month}{day}{year}",
            rf"{d}(?:st|nd|rd|th)?(?:{gap})?{word}(?:{gap})?{y}",
            rf"{word}{gap}{d}(?:st|nd|rd|th)?{gap}{y}",
        )
    )
    return (Form(year[2:], rf"(?<!\d)(?:{body})(?!\d)"),)


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """Fold case, width and accents; say for each folded character where it stood."""
    if text.isascii():
        return text.lower(), range(len(text))
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        for part in unicodedata.normalize("NFKD", letter).casefold():
            if not unicodedata.combining(part):
                letters.append(part)
                places.append(place)
    return "".join(letters), places
