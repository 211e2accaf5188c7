"""The lists of what is installed with us hold all of it, each with hashes."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = [extra for extra in PROJECT["optional-dependencies"] if extra != "test"]
WANTED = {
    "core": PROJECT["dependencies"],
    "extras": [*PROJECT["dependencies"], *(line for extra in EXTRAS for line in PROJECT["optional-dependencies"][extra])],
}


def locked(name):
    """Pairs of a requirement and the number of its hashes."""
    text = (ROOT / ".ci" / "lock" / f"{name}.txt").read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text):
        yield Requirement(entry.partition("\\")[0]), len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry))


def applying(name):
    """What the list pins for this interpreter and system, by name."""
    return {
        canonicalize_name(pin.name): pin.specifier
        for pin, _ in locked(name)
        if pin.marker is None or pin.marker.evaluate({**default_environment(), "extra": ""})
    }


@pytest.mark.parametrize("name", WANTED)
def test_every_line_is_an_exact_version_with_hashes(name):
    for pin, hashes in locked(name):
        assert [part.operator for part in pin.specifier] == ["=="], pin
        assert hashes, pin


@pytest.mark.parametrize("name", WANTED)
def test_all_that_the_project_asks_for_is_listed_in_a_version_that_it_allows(name):
    pins = applying(name)
    for wanted in map(Requirement, WANTED[name]):
        (version,) = (part.version for part in pins[canonicalize_name(wanted.name)])
        assert wanted.specifier.contains(version), f"{wanted}: run .ci/supply lock"


@pytest.mark.parametrize("name", WANTED)
def test_all_that_those_ask_for_is_listed_too(name):
    pins = applying(name)
    installed = {canonicalize_name(found.name): found for found in importlib.metadata.distributions()}
    for pin in pins.keys() & installed.keys():
        for wanted in map(Requirement, installed[pin].requires or ()):
            if wanted.marker is None or wanted.marker.evaluate({**default_environment(), "extra": ""}):
                assert canonicalize_name(wanted.name) in pins, f"{pin} needs {wanted}: run .ci/supply lock"


def test_the_list_with_the_extras_holds_the_list_without_them():
    assert applying("core").items() <= applying("extras").items()
