"""Trains phi-1, the judge of single words, from synthetic words alone; the same seed gives the same weights.

Run from the repository: ``PYTHONPATH=. python models/phi-1/train.py`` (about a minute on one core). Writes weights.npy and SHA256
beside itself and prints the figures of MODEL_CARD.md.
"""

from __future__ import annotations

import csv
import hashlib
import importlib
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pydicom.sr._concepts_dict as concepts
from faker import Faker

from deid.phi import tables
from deid.phi.canon import plain
from deid.phi.model import BUCKETS, CLASSES, features

SEED, EPOCHS, BATCH, RATE, SHRINK = 11, 12, 1024, 0.25, 2e-6
HERE = Path(__file__).parent
LOCALES = (
    "en_US en_GB en_IN de_DE de_AT fr_FR es_ES es_MX it_IT pt_BR pt_PT nl_NL pl_PL tr_TR sv_SE da_DK "
    "fi_FI no_NO cs_CZ sk_SK hu_HU ro_RO hr_HR sl_SI lt_LT lv_LV et_EE vi_VN id_ID yo_NG zu_ZA az_AZ"
)
ROMANISED = ("zh_CN", "ja_JP")


def held_out(word: str) -> bool:
    """A fifth of all words, names and technical, is never trained on."""
    return zlib.crc32(word.casefold().encode()) % 5 == 0


def names() -> set[str]:
    """Words of person names: every list of faker's Latin locales, and romanised Chinese and Japanese."""
    found: set[str] = set()
    for locale in LOCALES.split():
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for attribute in dir(provider):
            if re.search(r"(first|last)_names", attribute):
                found |= set(_words(getattr(provider, attribute)))
    for locale in ROMANISED:
        fake = Faker(locale)
        fake.seed_instance(SEED)
        found |= {word for _ in range(3000) for word in fake.romanized_name().split()}
    return {word for word in found if _latin(word)}


def places() -> set[str]:
    """Words of cities and streets."""
    found: set[str] = set()
    for locale in LOCALES.split():
        fake = Faker(locale)
        fake.seed_instance(SEED)
        for _ in range(250):
            found |= set(_words([fake.city(), fake.street_name()]))
    return {word for word in found if _latin(word)}


def technical() -> set[str]:
    """The vocabulary, and the words of the code tables of the DICOM standard."""
    return set(tables.technical()) | set(_words(_strings(concepts.concepts)))


def _strings(table: object) -> Iterator[str]:
    if isinstance(table, str):
        yield table
    elif isinstance(table, dict):
        for value in table.values():
            yield from _strings(value)
    elif isinstance(table, (tuple, list)):
        for value in table:
            yield from _strings(value)


def _words(texts: Iterable[object]) -> Iterator[str]:
    for text in texts:
        if isinstance(text, str):
            yield from re.findall(r"[^\W\d_]{3,}", text)


def _latin(word: str) -> bool:
    return all("LATIN" in unicodedata.name(char, "") for char in word)


class Noise:
    """Misreadings as engines make them, drawn from confusions.csv."""

    def __init__(self, rng: np.random.Generator) -> None:
        with (HERE / "confusions.csv").open(encoding="utf-8") as file:
            rows = [(row["wrote"], row["read"], int(row["count"])) for row in csv.DictReader(file)]
        self._rng = rng
        self._table: dict[str, list[tuple[str, int]]] = {}
        for wrote, read, count in rows:
            if wrote and wrote.isalpha() and " " not in read:
                self._table.setdefault(wrote, []).append((read, count))

    def __call__(self, word: str) -> str:
        """Misread one place of a word."""
        places = [(at, size) for size in (1, 2) for at in range(len(word) - size + 1) if word[at : at + size] in self._table]
        if not places:
            return word
        at, size = places[int(self._rng.integers(len(places)))]
        options = self._table[word[at : at + size]]
        counts = np.array([count for _, count in options], float)
        return word[:at] + options[int(self._rng.choice(len(options), p=counts / counts.sum()))][0] + word[at + size :]


def examples(words: dict[str, list[str]], rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """Words in the cases that screens show, a part of them misread."""
    noise = Noise(rng)
    texts, classes = [], []
    for number, kind in enumerate(CLASSES):
        copies = {"none": 8, "name": 2, "place": 2}[kind]
        for word in words[kind]:
            for _ in range(copies):
                text = (word.upper(), word.title(), word.lower())[
                    int(rng.choice(3, p=(0.45, 0.45, 0.1) if kind != "none" else (0.4, 0.35, 0.25)))
                ]
                while rng.random() < 0.45:
                    text = noise(text)
                if len(text) > 1 and not any(map(str.isdigit, text)):
                    texts.append(text)
                    classes.append(number)
    return texts, np.array(classes)


def fit(texts: list[str], classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Softmax regression with Adagrad, averaged over the last half of the epochs."""
    columns = [np.array([*features(text), BUCKETS]) for text in texts]
    share = np.bincount(classes) / len(classes)
    weights = np.zeros((BUCKETS + 1, len(CLASSES)))
    squares = np.full_like(weights, 1e-2)
    mean = np.zeros_like(weights)
    wanted = np.eye(len(CLASSES))[classes]
    for epoch in range(EPOCHS):
        order = rng.permutation(len(texts))
        for first in range(0, len(order), BATCH):
            chosen = order[first : first + BATCH]
            counts = np.array([len(columns[index]) for index in chosen])
            places = np.concatenate([columns[index] for index in chosen])
            owner = np.repeat(np.arange(len(chosen)), counts)
            scores = np.zeros((len(chosen), len(CLASSES)))
            np.add.at(scores, owner, weights[places])
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            error = scores / scores.sum(axis=1, keepdims=True) - wanted[chosen]
            error /= (share[classes[chosen]] * len(CLASSES))[:, None] * len(chosen)
            gradient = weights * SHRINK
            np.add.at(gradient, places, error[owner])
            squares += gradient**2
            weights -= RATE * gradient / np.sqrt(squares)
        if epoch >= EPOCHS // 2:
            mean += weights / (EPOCHS - EPOCHS // 2)
    return mean.astype(np.float16)


def report(weights: np.ndarray, words: dict[str, list[str]], rng: np.random.Generator) -> None:
    """Print how held-out words are judged, as written and misread."""
    table, noise = weights.astype(np.float32), Noise(rng)
    print("| held-out words | count | P(none) > 0.9 | P(none) > 0.5 |\n|---|---|---|---|")
    for kind, listed in words.items():
        for how, texts in (("as written", listed), ("misread once", [noise(word) for word in listed])):
            beliefs = []
            for text in texts:
                scores = table[[*features(text.upper()), BUCKETS]].sum(axis=0)
                shares = np.exp(scores - scores.max())
                beliefs.append(shares[0] / shares.sum())
            sure = np.array(beliefs)
            print(f"| {kind}, {how} | {len(texts)} | {np.mean(sure > 0.9):.2%} | {np.mean(sure > 0.5):.2%} |")


def main() -> None:
    rng = np.random.default_rng(SEED)
    people, towns = names(), places()
    known = {plain(word) for word in people}
    medical = {word for word in technical() if len(word) >= 3 and plain(word) not in known and plain(word) not in tables.weak()}
    every = {"none": sorted(medical), "name": sorted(people), "place": sorted(towns - people - medical)}
    vocabulary = tables.technical()
    trained = {kind: [word for word in listed if not held_out(word)] for kind, listed in every.items()}
    texts, classes = examples(trained, rng)
    print({kind: len(listed) for kind, listed in trained.items()}, len(texts), "examples")
    weights = fit(texts, classes, rng)
    np.save(HERE / "weights.npy", weights)
    digest = hashlib.sha256((HERE / "weights.npy").read_bytes()).hexdigest()
    (HERE / "SHA256").write_text(f"{digest}  weights.npy\n", encoding="ascii")
    held = {kind: [word for word in listed if held_out(word)] for kind, listed in every.items()}
    report(weights, held | {"none": [word for word in held["none"] if word not in vocabulary]}, rng)


if __name__ == "__main__":
    main()
