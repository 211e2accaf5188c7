"""Every row of the tables does what it is there for."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path

import pytest

from deid.phi import classify_text, tables
from deid.phi.canon import plain
from deid.phi.patterns import technical_spans
from deid.policy import Policy

EXAMPLES = tomllib.loads(Path(__file__).with_name("examples.toml").read_text(encoding="utf-8"))
FOLDER = Path(tables.__file__).parent
EVERYTHING = Policy(redact_years=True, redact_sex=True)
VALUES = {"date": "12.03.1956", "time": "14:33", "age": "67", "sex": "F", "phone": "0761 270123", "email": "doe@klinik.de"}


def rows(kind):
    return [(rule, text) for rule, texts in EXAMPLES[kind].items() for text in texts]


def test_every_rule_has_an_example():
    assert {rule.id for rule in tables.grammar()} == set(EXAMPLES["grammar"])
    assert {rule.id for rule in tables.patterns()} == set(EXAMPLES["patterns"])


@pytest.mark.parametrize(("rule", "text"), rows("grammar"))
def test_a_technical_segment_stays(rule, text):
    (pattern,) = [row.pattern for row in tables.grammar() if row.id == rule]
    assert pattern.fullmatch(text)
    assert technical_spans(text)
    assert not classify_text(text, policy=EVERYTHING)


@pytest.mark.parametrize(("rule", "text"), rows("patterns"))
def test_a_shape_that_identifies_goes(rule, text):
    (pattern,) = [row.pattern for row in tables.patterns() if row.id == rule]
    assert pattern.search(text)
    covered = {at for span in classify_text(text, policy=EVERYTHING) for at in range(span.start, span.end)}
    wanted = {at for at, char in enumerate(text) if char.isdigit()} if "sex" in rule or rule == "age-word" else None
    assert (wanted or {at for at, char in enumerate(text) if char.isalnum()}) <= covered | labels_of(text)


def labels_of(text):
    """Labels stay readable."""
    return {
        at
        for match in re.finditer(
            r"Tel|Tech|read by|Report of the scan by|ext|seit|on|at|à|a las|um| h|Alter|aged|Bed|S/N|SN|5/N"
            r"|Groin|CTA|pt|TICI 2b|ACT 245|5000 U",
            text,
        )
        for at in range(*match.span())
    }


@pytest.mark.parametrize("label", tables.labels().values(), ids=lambda label: f"{label.language}-{label.text}")
def test_a_label_claims_its_value_and_stays(label):
    value = VALUES.get(label.category, "4711-223")
    value = "Rose Mark" if label.category in ("name", "institution", "location") else value
    text = f"{label.text}: {value}"
    gone = {at for span in classify_text(text, policy=EVERYTHING) for at in range(span.start, span.end)}
    if label.category != "none":
        assert set(range(len(label.text) + 2, len(text))) <= gone
    if label.text.isascii():
        assert not gone & set(range(len(label.text)))


@pytest.mark.parametrize("first", sorted(tables.phrases()))
def test_a_phrase_stays_whole(first):
    for parts in tables.phrases()[first]:
        assert not classify_text(" ".join(parts).title(), policy=Policy()), parts


def test_no_technical_word_stands_alone_that_is_a_weak_one_too():
    assert not tables.technical() & tables.weak()
    assert not tables.common() & tables.weak()


def test_tables_are_lower_case_without_accents_and_say_nothing_twice():
    for name in ("technical.txt", "weak.txt", "common.txt", "languages.txt"):
        words = [
            word for line in (FOLDER / name).read_text(encoding="utf-8").splitlines() if line[:1] != "#" for word in line.split()
        ]
        assert words == [plain(word) for word in words]
        assert len(words) == len(set(words)), name


REVIEWED = set(tomllib.loads(Path(__file__).with_name("reviewed.toml").read_text(encoding="utf-8"))["words"])


def test_no_common_surname_is_technical_without_its_phrase():
    surnames = set()
    for locale in ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "nl_NL", "pl_PL", "tr_TR", "sv_SE"):
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        surnames |= {plain(name) for name in provider.last_names if isinstance(name, str)}
    assert surnames & tables.technical() <= REVIEWED
    assert not surnames & set(tables._listed("languages.txt"))


def test_classifier_data_stays_small():
    model = Path(tables.__file__).parents[2] / "models" / "phi-1"
    size = sum(path.stat().st_size for path in (*FOLDER.glob("*.t*"), *FOLDER.glob("*.csv"), model / "weights.npy"))
    assert size < 3_000_000
