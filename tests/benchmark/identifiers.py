"""Makes up identifiers in many notations, a set of notations a part, so that what is measured was not tuned on."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
from faker import Faker

# A fifth of all name words, by their hash, is kept out of whatever is trained: the share of names that were never seen.
_BUCKETS = 5
_LOCALES = {
    "tune": ("en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "en_IN", "sv_SE"),
    "measure": (
        "en_GB",
        "de_AT",
        "fr_FR",
        "es_MX",
        "it_IT",
        "pt_BR",
        "nl_NL",
        "pl_PL",
        "tr_TR",
        "sv_SE",
        "fi_FI",
        "cs_CZ",
        "en_IN",
        "zh_CN",
        "ja_JP",
        "vi_VN",
        "id_ID",
        "yo_NG",
        "hu_HU",
    ),
}
_ROMANISED = ("zh_CN", "ja_JP")
_TRAPS = {
    "tune": ("Willis Davis", "COBRA ROSE", "Page Long", "Hunt Fisher", "SIMMONS JACK", "Mark Young", "Drew Bentson"),
    "measure": (
        "Simmons Willis",
        "ROSE MARK",
        "Long May",
        "Amplatz Judkins",
        "HEAD GRANT",
        "Fisher Frame",
        "Marsh Stern",
        "CORONEL LUNA",
    ),
}
_DATES = {
    "tune": ("%d.%m.%Y", "%Y-%m-%d", "%m/%d/%Y", "%d-%b-%Y", "%Y%m%d", "%d.%m.%y", "%d %B %Y"),
    "measure": (
        "%d/%m/%Y",
        "%d.%m.%Y",
        "%d %b %Y",
        "%Y.%m.%d",
        "%b %d, %Y",
        "%d-%m-%y",
        "%Y-%m-%d",
        "%B %Y",
        "%Y%m%d",
        "%d%b%Y",
        "%m-%d-%Y",
    ),
}
_RELATIVE = {
    "tune": ("yesterday", "vor 3 Tagen", "hier", "ayer", "last night", "3 days ago"),
    "measure": (
        "two weeks ago",
        "gestern",
        "il y a 2 jours",
        "hace 4 días",
        "ieri",
        "ontem",
        "gisteren",
        "wczoraj",
        "dün",
        "i går",
        "last Tuesday",
        "this morning",
    ),
}
_INSTITUTIONS = {
    "tune": ("{} General Hospital", "Klinikum {}", "CHU de {}", "Hospital {}", "University Hospital {}", "St. {} Medical Center"),
    "measure": (
        "{} Memorial Hospital",
        "Universitätsklinikum {}",
        "Hôpital {}",
        "Hospital Universitario {}",
        "Ospedale {}",
        "{} Infirmary",
        "{} Heart Institute",
        "Szpital {}",
        "{} Sjukhus",
        "{} Medical Centre",
        "Clinica {}",
        "{} NHS Trust",
    ),
}


def seen(word: str) -> bool:
    """Tell whether a name word may be trained on."""
    return zlib.crc32(word.casefold().encode()) % _BUCKETS != 0


def ascii_only(text: str) -> str:
    """Strip accents, and what is no Latin letter at all."""
    swapped = text.translate({0x142: "l", 0x131: "i", 0xF8: "o", 0xDF: "ss", 0x111: "d", 0x110: "D", 0x141: "L", 0xD8: "O"})
    return "".join(char for char in unicodedata.normalize("NFKD", swapped) if char.isascii())


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)


def foreign_names(locale: str, seed: int, count: int) -> list[str]:
    """Full names of a locale, in its own script."""
    fake = Faker(locale)
    fake.seed_instance(seed)
    return [fake.name() for _ in range(count)]


class Maker:
    """Makes identifiers of one part from one generator; `person` stays until `next` is called."""

    def __init__(self, part: str, rng: np.random.Generator) -> None:
        self.part = part
        self._rng = rng
        self.next()

    def next(self) -> None:
        """Invent the next person; consoles show romanised names, with their accents in half of the cases."""
        self.locale = str(self._rng.choice(_LOCALES[self.part]))
        self._fake = _faker(self.locale)
        self._fake.seed_instance(int(self._rng.integers(2**31)))
        if self.locale in _ROMANISED:
            self.first, self.last = self._fake.romanized_name().split(" ", 1)
        else:
            self.first, self.last = self._fake.first_name(), self._fake.last_name()
        if self._rng.random() < 0.5:
            self.first, self.last = ascii_only(self.first), ascii_only(self.last)

    @property
    def all_seen(self) -> bool:
        """Whether every word of the person's name may have been trained on."""
        return all(map(seen, (self.first + " " + self.last).replace("-", " ").split()))

    def value(self, field: str) -> tuple[str, str]:
        """A value for a field of a template, and its category."""
        category, make = _FIELDS[field]
        return make(self), category

    def pick(self, table: dict[str, tuple[str, ...]]) -> str:
        return str(self._rng.choice(table[self.part]))

    def digits(self, low: int, high: int) -> str:
        count = int(self._rng.integers(low, high + 1))
        return "".join(map(str, self._rng.integers(0, 10, count)))

    def choose(self, *options: str) -> str:
        return str(self._rng.choice(options))

    def date(self, low: int, high: int) -> str:
        fake = _faker("en_US")
        fake.seed_instance(int(self._rng.integers(2**31)))
        when = fake.date_between_dates(*(fake.date_object().replace(year=year, day=1) for year in (low, high)))
        return when.strftime(self.pick(_DATES))

    def age(self) -> str:
        years = int(self._rng.integers(18, 99))
        return self.choose(f"{years:03d}Y", f"{years}Y", f"{years} y", f"{years}yo", f"{years} yrs", f"{years} years")

    def agesex(self) -> str:
        years = int(self._rng.integers(30, 99))
        return self.choose(f"M/{years}", f"{years}/F", f"F {years}Y", f"{years} M", f"F{years}", f"Male {years}y", f"{years}yF")

    def serial(self) -> str:
        return self.choose("A", "XA-", "", "SN") + self.digits(5, 7)

    def address(self) -> str:
        return (
            self._fake.street_address().replace("\n", ", ")
            if self.locale[:2] in ("en", "de", "fr", "it", "es", "nl")
            else f"{self.digits(1, 3)} {_faker('en_US').street_name()}"
        )

    def network(self) -> str:
        return self.choose(
            f"192.168.{self.digits(1, 2)}.{self.digits(1, 2)}",
            f"pacs{self.digits(1, 2)}.{self.last_ascii()}.local",
            f"www.{self.last_ascii()}.org",
            f"\\\\SRV{self.digits(2, 2)}\\dicom",
        )

    def last_ascii(self) -> str:
        return "".join(filter(str.isalpha, ascii_only(self.last).lower())) or "host"

    def city(self) -> str:
        return ascii_only(self._fake.city()) if self.locale not in _ROMANISED else "Springfield"


_FIELDS: dict[str, tuple[str, Callable[[Maker], str]]] = {
    "caret": ("name", lambda m: f"{m.last}^{m.first}".upper()),
    "comma": (
        "name",
        lambda m: m.choose(f"{m.last}, {m.first}", f"{m.last.upper()}, {m.first.upper()}", f"{m.last.upper()}, {m.first}"),
    ),
    "natural": ("name", lambda m: f"{m.first} {m.last}"),
    "upper": ("name", lambda m: f"{m.last} {m.first}".upper()),
    "initial": ("name", lambda m: f"{m.first[0]}. {m.last}"),
    "last": ("name", lambda m: m.choose(m.last, m.last.upper())),
    "first": ("name", lambda m: m.first),
    "trap": ("name", lambda m: m.pick(_TRAPS)),
    "dr": ("physician", lambda m: m.choose(f"Dr. {m.last}", f"Dr {m.first[0]}. {m.last}", f"Prof. {m.last}", f"{m.last} MD")),
    "date": ("date", lambda m: m.date(2015, 2026)),
    "dob": ("date", lambda m: m.date(1925, 2010)),
    "time": (
        "time",
        lambda m: (
            f"{int(m.digits(4, 4)) % 24:02d}:{int(m.digits(3, 3)) % 60:02d}" + m.choose("", f":{int(m.digits(3, 3)) % 60:02d}")
        ),
    ),
    "relative": ("date", lambda m: m.pick(_RELATIVE)),
    "age": ("age", Maker.age),
    "agesex": ("age", Maker.agesex),
    "mrn": ("mrn", lambda m: m.choose("", "MR", "00", "H", "P-") + m.digits(6, 9)),
    "acc": ("accession", lambda m: m.choose("", "A", "ACC", "RAD-") + m.digits(6, 10)),
    "oid": ("other_id", lambda m: m.choose("V", "", "E-") + m.digits(6, 9)),
    "nid": (
        "national_id",
        lambda m: m.choose(
            f"{m.digits(3, 3)}-{m.digits(2, 2)}-{m.digits(4, 4)}", m.digits(11, 11), f"{m.digits(6, 6)}-{m.digits(4, 4)}"
        ),
    ),
    "uid": ("other_id", lambda m: f"1.2.840.{m.digits(6, 6)}.2.{m.digits(3, 3)}.{m.digits(5, 9)}"),
    "phone": (
        "phone",
        lambda m: m.choose(
            f"({m.digits(3, 3)}) 555-{m.digits(4, 4)}",
            f"+49 30 {m.digits(7, 7)}",
            f"0{m.digits(3, 3)}/{m.digits(6, 6)}",
            f"555-{m.digits(3, 3)}-{m.digits(4, 4)}",
            f"+33 1 {m.digits(2, 2)} {m.digits(2, 2)} {m.digits(2, 2)} {m.digits(2, 2)}",
        ),
    ),
    "email": ("email", lambda m: f"{m.last_ascii()}@{m.choose('hospital.org', 'klinik.de', 'nhs.uk')}"),
    "inst": ("institution", lambda m: m.pick(_INSTITUTIONS).format(m.city())),
    "city": ("location", lambda m: m.city()),
    "addr": ("location", Maker.address),
    "net": ("network", Maker.network),
    "serial": ("device_id", Maker.serial),
}
