"""Invented patients, staff and hospitals: every value that a picture may show, with its category."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
import unicodedata
from functools import cache, partial
from pathlib import Path

import numpy as np
from faker import Faker

from tests.benchmark.canvas import Part
from tests.benchmark.truth import FREE, STAYS

_FIELDS_OF = {
    "name": "last first name staff nurse", "mrn": "mrn", "accession": "accession", "other_id": "visit", "national_id": "ssn",
    "device_id": "serial station", "date": "dob date", "time": "time", "age": "age agey", "institution": "hospital room",
    "location": "city street", "phone": "phone", "email": "email", "network": "ip host", "other": "uid",
}  # fmt: skip
CATEGORIES = {name: category for category, names in _FIELDS_OF.items() for name in names.split()} | {"vendor": FREE}
"""Category of each identifying field; an invented product is nobody's loss; every other field is technical and stays."""

_FIELD = re.compile(r"\{(\w+)\}|\[([^\]]*)\]")
Fields = dict[str, str]


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)


@cache
def words() -> dict[str, dict[str, list[str]]]:
    """Locales, hospital words, vendors and technical words of each part (people.toml)."""
    return tomllib.loads(Path(__file__).with_name("people.toml").read_text(encoding="utf-8"))


def pick(rng: np.random.Generator, choices: list[str] | tuple[str, ...]) -> str:
    """One of the choices."""
    return choices[int(rng.integers(len(choices)))]


def invent(rng: np.random.Generator, part: str) -> Fields:
    """Invent one patient with an exam: field name to text."""
    table = words()[part]
    male = bool(rng.integers(2))
    first, last = _name(rng, table, male)
    staff, nurse = (_name(rng, table, bool(rng.integers(2))) for _ in range(2))
    exam = dt.date(2017, 1, 1) + dt.timedelta(days=int(rng.integers(3200)))
    born = exam - dt.timedelta(days=int(rng.integers(19 * 365, 94 * 365)))
    notation = pick(rng, table["dates"])
    digits = partial(_digits, rng)
    age = (exam - born).days // 365
    values = {
        "first": first, "last": last, "sex": "M" if male else "F", "age": str(age), "agey": f"{age}Y",
        "mrn": pick(rng, table["mrn"]).format(digits(8)), "accession": pick(rng, table["accession"]).format(digits(7)),
        "visit": "V" + digits(9), "ssn": f"{digits(3)}-{digits(2)}-{digits(4)}",
        "serial": digits(6), "station": pick(rng, table["stations"]) + digits(2),
        "dob": born.strftime(notation), "date": exam.strftime(notation),
        "dob_iso": born.strftime("%Y%m%d"), "date_iso": exam.strftime("%Y%m%d"),
        "time": f"{rng.integers(7, 21):02d}:{rng.integers(60):02d}:{rng.integers(60):02d}",
        "staff": staff[1], "staff_first": staff[0], "nurse": f"{nurse[0]} {nurse[1]}",
        "hospital": pick(rng, table["hospitals"]), "room": pick(rng, table["rooms"]),
        "city": pick(rng, table["cities"]), "street": f"{rng.integers(2, 240)} {pick(rng, table['streets'])}",
        "phone": pick(rng, table["phones"]).format(digits(3), digits(4)),
        "ip": f"10.{rng.integers(2, 250)}.{rng.integers(2, 250)}.{rng.integers(2, 250)}",
        "uid": f"1.2.826.0.1.3680043.8.{digits(4)}.{digits(10)}",
    }  # fmt: skip
    values["host"] = f"{values['station'].lower()}.{_slug(values['hospital'])[:12]}.example"
    values["email"] = f"{_slug(staff[0])[:1]}.{_slug(staff[1])}@{_slug(values['hospital'])[:14]}.example"
    return values | _technical(rng, table)


def abroad(rng: np.random.Generator, locale: str) -> Fields:
    """Names in a locale's own script; Hebrew in the order in which it is drawn."""
    faker = _faker(locale)
    faker.seed_instance(int(rng.integers(2**31)))
    names = (f"{faker.first_name()} {faker.last_name()}" for _ in range(2))
    return {key: name[::-1] if locale == "he_IL" else name for key, name in zip(("name", "staff"), names, strict=True)}


def parts(template: str, fields: Fields) -> list[Part]:
    """Fill a template: ``{field}`` takes the field's category, ``[text]`` is a label, any other text is technical."""
    found: list[Part] = []
    place = 0
    for match in _FIELD.finditer(template):
        found.append((template[place : match.start()], STAYS))
        name, label = match.groups()
        found.append(
            (fields[name.lower()].upper() if name.isupper() else fields[name], CATEGORIES.get(name.lower(), STAYS))
            if name
            else (label, FREE)
        )
        place = match.end()
    found.append((template[place:], STAYS))
    return _joined([part for part in found if part[0]])


def _joined(found: list[Part]) -> list[Part]:
    """Join what a person would mask in one stroke: neighbours of one category and the punctuation between them."""
    joined: list[Part] = []
    for text, category in found:
        if category == STAYS and not any(map(str.isalnum, text)):
            category = FREE
        if len(joined) > 1 and joined[-2][1] == category and not any(map(str.isalnum, joined[-1][0])):
            joined[-2:] = [(joined[-2][0] + joined[-1][0] + text, category)]
        elif joined and joined[-1][1] == category:
            joined[-1] = (joined[-1][0] + text, category)
        else:
            joined.append((text, category))
    return joined


def _name(rng: np.random.Generator, table: dict[str, list[str]], male: bool) -> tuple[str, str]:
    if table["locales"]:
        faker = _faker(pick(rng, table["locales"]))
        faker.seed_instance(int(rng.integers(2**31)))
        first, last = faker.first_name_male() if male else faker.first_name_female(), faker.last_name()
    else:
        first, last = pick(rng, table["men"] if male else table["women"]), pick(rng, table["surnames"])
    return _ascii(first), _ascii(last)


def _ascii(text: str) -> str:
    text = text.translate(str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ı": "i", "æ": "ae", "đ": "d"}))
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", _ascii(text).lower())


def _digits(rng: np.random.Generator, count: int) -> str:
    return "".join(str(rng.integers(10)) for _ in range(count))


def _number(rng: np.random.Generator, low: float, high: float, digits: int = 0) -> str:
    return f"{rng.uniform(low, high):.{digits}f}"


def _technical(rng: np.random.Generator, table: dict[str, list[str]]) -> Fields:
    number = partial(_number, rng)
    return {
        "lao": number(1, 60), "cran": number(1, 40), "side": pick(rng, ["LAO", "RAO"]), "tilt": pick(rng, ["CRAN", "CAUD"]),
        "kv": number(60, 120), "ma": number(200, 800), "ms": number(3, 12, 1), "fps": pick(rng, ["2", "3", "4", "7.5", "15", "30"]),
        "fov": pick(rng, ["16", "20", "22", "27", "32", "42", "48"]), "sid": number(95, 120),
        "run": number(1, 24), "frames": number(12, 60), "dap": number(10, 900, 1), "kerma": number(40, 900),
        "minutes": number(2, 40, 1), "zoom": number(80, 200), "window": number(300, 4000), "level": number(-50, 1500),
        "procedure": pick(rng, table["procedures"]), "protocol": pick(rng, table["protocols"]),
        "vessel": pick(rng, table["vessels"]), "vendor": pick(rng, table["vendors"]),
        "status": pick(rng, ["Completed", "In progress", "Scheduled", "Verified"]),
        "modality": pick(rng, ["XA", "XA", "CT", "MR", "US"]),
    }  # fmt: skip
