"""Tests of what a pattern matched that a pattern cannot say: that a month exists, that a name is no technical word."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Final

from rapidfuzz.distance import Levenshtein

from deid.phi import tables
from deid.phi.canon import folded, plain
from deid.phi.computers import is_computer
from deid.phi.tokens import DAMAGED, HARMLESS, STRONG, UNKNOWN, WEAK, strength

AS_DIGITS: Final = str.maketrans("OoQIl|", "000111")


def _numbers(match: re.Match[str]) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", match.group().translate(AS_DIGITS))]


def _is_ymd(match: re.Match[str]) -> bool:
    year, month, day = _numbers(match)[:3]
    return 1 <= month <= 31 and 1 <= day <= 31 and min(month, day) <= 12 and year < 2200


def _is_dmy(match: re.Match[str]) -> bool:
    if sum(map(str.isdigit, match.group())) * 2 < len(re.findall(r"[^\W_]|\|", match.group())):
        return False
    numbers = [int(number.replace(" ", "")) for number in re.findall(r"\b(?:19|20) \d{2}$|\d+", match.group().translate(AS_DIGITS))]
    if len(numbers) != 3:
        return False
    small = sorted(numbers)[:2] if numbers[0] < 100 else numbers[1:]
    first, second = (numbers[0], numbers[1]) if numbers[0] < 100 else (small[0], small[1])
    return 1 <= first <= 31 and 1 <= second <= 31 and min(first, second) <= 12


def _is_ip(match: re.Match[str]) -> bool:
    return all(number < 256 for number in _numbers(match)[:4])


def _is_month(match: re.Match[str]) -> bool:
    around = match.group().replace(match["month"], "", 1)
    return any(map(str.isdigit, around)) and is_month(match["month"])


@lru_cache(maxsize=4096)
def is_month(word: str) -> bool:
    """Tell a month's name in any of the languages, read correctly or nearly so."""
    canonical = folded(word)
    if canonical in _months():
        return True
    if len(canonical) < 5 or strength(word) in HARMLESS:
        return False
    return any(
        abs(len(month) - len(canonical)) <= 1 and Levenshtein.distance(month, canonical, score_cutoff=1) <= 1
        for month in _months()
        if len(month) >= 5
    )


@cache
def _months() -> frozenset[str]:
    return frozenset(folded(month) for month in tables.words()["months"])


def _is_day_month(match: re.Match[str]) -> bool:
    return not re.search(
        r"(?:im|img|image|frame|fr|se|series|run|of|slice)\s?[:#]?\s?$", match.string[: match.start()], re.IGNORECASE
    )


def _is_age(match: re.Match[str]) -> bool:
    digits = re.match(r"\D*?([0-9OoQIl|]{1,3})\s*[^\W\d_]*", match.group())
    if not any(map(str.isdigit, match.group())):
        return False
    numbers = _numbers(match)
    return bool(digits) and bool(numbers) and numbers[0] <= 130 and not _is_distance(match)


def _is_distance(match: re.Match[str]) -> bool:
    """Tell the months until a control from the months of an infant: surveillance à 6 mois, Kontrolle nach 3 Monate."""
    before = match.string[: match.start()]
    return _MONTHS.search(match.group()) is not None and _UNTIL.search(before) is not None


_MONTHS: Final = re.compile(r"\d\s?(?:monate|mois|meses|mesi)$", re.IGNORECASE)
_UNTIL: Final = re.compile(
    r"(?:surveillance|suivi|contr[oô]le|irm|revoir|control|revisi[oó]n|seguimiento|controllo|rivalutazione|follow[- ]?up)"
    r"\s(?:(?:à|a|en|em|in)\s(?:los\s)?)?$|(?<![^\W_])(?:nach|dans|après|dopo|tra|fra|dentro de)\s$",
    re.IGNORECASE,
)


def _is_caret(match: re.Match[str]) -> bool:
    """A star joins technical words as well (T2*); a caret never does."""
    words = re.findall(r"[^\W\d_]+", match.group())
    if _DOSE_AREA.fullmatch(match.group()):
        return False
    return "^" in match.group() or not all(strength(word) in HARMLESS for word in words)


_DOSE_AREA: Final = re.compile(r"[cdmµu]?gy\s?\W\s?c?m[²2]?", re.IGNORECASE)
_NUMBERED_WORD: Final = re.compile(r"([^\W\d_]+)\W*\d{1,5}\s?[a-z]?", re.IGNORECASE)


def _is_street(match: re.Match[str]) -> bool:
    """Tell the number of a house from a measurement: Via Roma 12, not AV Vmax 1.6 m/s, nor Monitoring 3."""
    if not re.search(r"\d\s?[a-z]?$", match.group(), re.IGNORECASE):
        return True
    if match.group().startswith("via ") and match.start() > 0:
        # Solitaire 6x24 via Rebar 27: a sentence rather than a street of Italy, which begins its line or has its capital.
        return False
    measured = re.match(r"[.,]\d", match.string[match.end() :]) or _UNIT.match(match.string, match.end())
    alone = _NUMBERED_WORD.fullmatch(match.group())
    return not measured and (alone is None or strength(alone[1]) != STRONG)


def _is_hospital(match: re.Match[str]) -> bool:
    """Tell the name of a hospital from the word in a sentence: transfer from outside hospital, no thrombolysis."""
    if _COURSE.match(match.string, match.end()) or _STAY.match(match.group()):
        return False
    if plain(match.group()) in _ADJECTIVES:
        return _NAMED.match(match.string, match.end()) is not None
    if not match.group().islower():
        return True
    before = re.findall(r"[^\W_]+", match.string[: match.start()])[-2:]
    after = re.findall(r"[^\W_]+", match.string[match.end() :])[:1]
    return not before or not all(word.islower() and strength(word) in HARMLESS for word in [*before, *after])


# Hospitalisation; and what is the adjective of a sentence or a heading unless a name follows.
_STAY: Final = re.compile(r"h[o0]spitali[sz]", re.IGNORECASE)
_ADJECTIVES: Final = ("clinica", "clinique")
_NAMED: Final = re.compile(r"\s(?:d[eiu][ls]?\s|la\s|los\s|las\s)*[A-ZÀ-Þ]")
# Words behind "Hospital" that make it a head of a letter.
_COURSE: Final = re.compile(r"\s(?:course|day|stay|problems?)(?![^\W_])", re.IGNORECASE)


def _is_suite(match: re.Match[str]) -> bool:
    """Tell Angio Suite 2 and IR North from a sentence: prep the angio suite."""
    before = re.search(r"(?<![^\W_])(?:the|an?|to|our|in|from|la|le|der|die|das|im)\s$", match.string[: match.start()])
    return before is None or not match.group().islower() or any(map(str.isdigit, match.group()))


def _is_title(match: re.Match[str]) -> bool:
    """Tell Dr. Willis and MR PAGE from MR HEAD, DR CHEST and Pan Zoom: titles that are medicine too claim no technical word."""
    first, *rest = re.findall(r"[^\W\d_]+", match.group())
    after = next((word for word in rest if plain(word) not in tables.words()["titles"]), "")
    if plain(after) in tables.words()["colleagues"]:
        return False
    # The Rankin scale is no Mrs, and "med" is "with" in the north.
    if first == "mRS" or (first == "med" and match.group()[3:4] != "."):
        return False
    modality = first in ("MR", "DR") and match.group()[len(first) : len(first) + 1] != "."
    doubtful = modality or plain(first) in tables.words()["doubtful_titles"]
    return not doubtful or strength(after) in (UNKNOWN, WEAK)


# A surname of so many letters may be an abbreviation; the letters that tell sides and orientations.
_SHORT_SURNAME: Final = 3
_SIDES: Final = "LRAPHFSI"


def _is_initial(match: re.Match[str]) -> bool:
    """Tell a surname and its initial from a vessel and its side: Li, N and Hitchcock, O, not ICA, L nor Cartoid, L."""
    kind, sided = strength(match["name"]), match["initial"] in _SIDES
    if len(match["name"]) <= _SHORT_SURNAME:
        return not sided or kind != STRONG
    return kind != STRONG and (match.group().endswith(".") or not (sided and kind == DAMAGED))


def _is_department(match: re.Match[str]) -> bool:
    """Tell a department by name or number from any department of a kind: Department of Radiology."""
    of_a_kind = re.search(r"\s(?:of|for|de|di|da|för|voor)\s([^\W\d_]+)$", match.group(), re.IGNORECASE)
    return of_a_kind is None or strength(of_a_kind[1]) not in HARMLESS


def _is_practice(match: re.Match[str]) -> bool:
    """Tell Ashford Radiology, the name of a practice, from Interventional Radiology and from Cook Medical, a maker."""
    words = tuple(re.findall(r"[^\W_]+", plain(match.group())))
    if words in tables.phrases().get(words[0], ()):
        return False
    named = re.findall(r"[^\W\d_]{3,}", match["name"])
    exam = plain(match["name"].split()[0]) in tables.words()["modalities"]
    return not exam and any(strength(word) in (UNKNOWN, WEAK) for word in named)


def _is_initials(match: re.Match[str]) -> bool:
    """Tell "read by MI" from "confirmed by CT"."""
    return plain(match["value"]) not in tables.words()["modalities"]


def _is_city(match: re.Match[str]) -> bool:
    word = re.search(r"[^\W\d_]+$", match.group())
    label = match.string[match.end() :].lstrip().startswith(":")
    return word is not None and strength(word.group()) in (UNKNOWN, WEAK) and not label


def _is_count(match: re.Match[str]) -> bool:
    """Frame 12 of 64; not 03/12, which is a day, nor 11/1956, nor 2019/4471, which is the number of a year."""
    first, second = (part.strip() for part in match.group().split("/"))
    if first.startswith("0") or second.startswith("0") or (len(second) == 4 and 1900 <= int(second) < 2100):
        return False
    dated = 1950 <= int(first) < 2050 and len(second) >= 3
    return int(first) <= int(second) and not dated


def _is_path(match: re.Match[str]) -> bool:
    """Tell a path of a computer from values that DICOM separates by backslashes: ORIGINAL, PRIMARY, AXIAL."""
    drive = match.group()[1:2] == ":"
    return drive or not all(strength(word) in HARMLESS for word in re.findall(r"[^\W_]+", match.group()))


def _is_damaged(match: re.Match[str]) -> bool:
    """Tell a damaged date from measurements that lost their spaces: 88.2cm/5."""
    return re.search(r"\d(?:[cm]m|kv|[mcuµ]?gy|ml|thk|sp)(?![a-z])", match.group(), re.IGNORECASE) is None


def _is_pressure(match: re.Match[str]) -> bool:
    """Systole, diastole and mean; not the day, month and year that may stand behind PA or LA as well."""
    numbers = re.findall(r"\d+", match.group())
    first, second = int(numbers[0]), int(numbers[1])
    dated = (
        numbers[0][0] == "0" or numbers[1][0] == "0" or (len(numbers) > 2 and min(first, second) <= 12 and max(first, second) <= 31)
    )
    return not dated


def _is_range(match: re.Match[str]) -> bool:
    """From less to more, with as many decimals: 3.5-5.1 and 150-400; not 13.12-15.12, which are days."""
    first, second = (part.strip().replace(",", ".") for part in re.split(r"[-–]", match.group()))
    days = all(re.fullmatch(r"(?:[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])", part) for part in (first, second))
    return float(first) < float(second) and len(first.partition(".")[2]) == len(second.partition(".")[2]) and not days


_UNIT: Final = re.compile(r"\s?(?:[mcµu]?gy|mmhg|[cmkµu]?[ms](?![^\W_])|kv|ma|hu|ml|hz|%|°)", re.IGNORECASE)
_REST_OF_DAY: Final = re.compile(r"\.|\s(?:19|20)?\d{2}(?!\d|[.,]\d|\s?[^\W\d])")


def _is_decimal(match: re.Match[str]) -> bool:
    """6.2; not 11.1956, which is a month, nor 24.12., which is a day, nor 1930.40, which is a time."""
    text, rest = match.group().strip(), (match.string, match.end())
    if re.fullmatch(r"(?:0?[1-9]|1[0-2])\.(?:19|20)\d{2}", text):
        return False
    if re.fullmatch(r"(?:[01]\d|2[0-3])[0-5]\d\.[0-5]\d", text):
        return _UNIT.match(*rest) is not None
    return not (re.fullmatch(r"(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])", text) and _REST_OF_DAY.match(*rest))


CHECKS: Final[dict[str, Callable[[re.Match[str]], bool]]] = {
    "ymd": _is_ymd,
    "dmy": _is_dmy,
    "initial": _is_initial,
    "initials": _is_initials,
    "ip": _is_ip,
    "month": _is_month,
    "day-month": _is_day_month,
    "age": _is_age,
    "caret": _is_caret,
    "city": _is_city,
    "range": _is_range,
    "suite": _is_suite,
    "computer": is_computer,
    "count": _is_count,
    "damaged": _is_damaged,
    "department": _is_department,
    "decimal": _is_decimal,
    "path": _is_path,
    "pressure": _is_pressure,
    "practice": _is_practice,
    "street": _is_street,
    "hospital": _is_hospital,
    "title": _is_title,
}
