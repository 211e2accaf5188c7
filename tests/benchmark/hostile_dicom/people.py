"""Invented patients whose names, ids and places occur in no dictionary."""

from __future__ import annotations

import random
from dataclasses import dataclass

_HEADS = ("Vor", "Tel", "Bren", "Zan", "Quim", "Lar", "Dos", "Mel", "Krav", "Fen", "Osk", "Pru", "Hal", "Wex", "Tam", "Gil")
_TAILS = [
    "kalden",
    "mirova",
    "quist",
    "haveli",
    "torsen",
    "bergu",
    "dantez",
    "rovick",
    "luminz",
    "yarrow",
    "settez",
    "wickham",
    "dolfin",
]
_GIVEN = ["Telmira", "Osvandro", "Leonidra", "Bruvald", "Yasmerin", "Kalvino", "Fredegun", "Zdenkara", "Ilvario", "Perpetuo"]


@dataclass(frozen=True)
class Person:
    """All that identifies one patient; every string is unlikely to occur anywhere by chance."""

    family: str
    given: str
    mrn: str
    accession: str
    birth: str
    study_date: str
    phone: str
    street: str
    physician: str
    hospital: str
    station: str
    serial: str
    uid_root: str

    @property
    def name(self):
        """Family^Given."""
        return f"{self.family}^{self.given}"

    def secrets(self):
        """The strings that may be nowhere in the output."""
        return (
            self.family, self.given, self.mrn, self.mrn.replace("-", ""), self.accession, self.birth, self.phone, self.street,
            self.physician, self.hospital, self.station, self.serial,
        )  # fmt: skip


def people(seed, count=4):
    """Make patients; the last two are homonyms with different ids."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        family, given = rng.choice(_HEADS) + rng.choice(_TAILS), rng.choice(_GIVEN)
        digits = f"{rng.randrange(10**7, 10**8)}"
        birth = f"{rng.randrange(1931, 1999)}{rng.randrange(1, 13):02d}{rng.randrange(1, 28):02d}"
        made.append(
            Person(
                family,
                given,
                f"{rng.choice('KQXZ')}{rng.choice('JVWX')}-{digits}",
                f"AQ{rng.randrange(10**8, 10**9)}",
                birth,
                f"20{rng.randrange(11, 25)}{rng.randrange(1, 13):02d}{rng.randrange(1, 28):02d}",
                f"+49 89 {rng.randrange(10**6, 10**7)}",
                f"{rng.choice(_HEADS)}{rng.choice(_TAILS)} Lane {rng.randrange(100, 999)}",
                f"{rng.choice(_HEADS)}{rng.choice(_TAILS)[::-1]}",
                f"{rng.choice(_HEADS)}{rng.choice(_HEADS).lower()}{rng.choice(_TAILS)} Infirmary",
                f"ANGIO{rng.randrange(10**4, 10**5)}",
                f"SN{rng.randrange(10**6, 10**7)}",
                f"1.2.826.0.1.3680043.9.{rng.randrange(1000, 9999)}",
            )
        )
    twin = made[-2]
    made[-1] = Person(**{**made[-1].__dict__, "family": twin.family, "given": twin.given})
    return made
