"""The bytes of a file: in memory or on the disk they say the same, and what is sought in them is found."""

from __future__ import annotations

import time

import pytest

from deid.contents import LARGE, OnDisk, as_file, contents_of, joined, made_of, parts_of
from deid.errors import FileRefused
from deid.phi import byte_forms
from deid.search import holds_any
from deid.types import KnownValue, PhiText

PATTERN = bytes(range(256)) * (3 * 2**12 + 1) + b"end"
FORMS = byte_forms([KnownValue("PatientName", PhiText("DOE^JANE")), KnownValue("PatientName", PhiText("Müller^Änne"))])


@pytest.fixture
def on_disk(tmp_path):
    (tmp_path / "file").write_bytes(PATTERN)
    with (tmp_path / "file").open("rb", buffering=0) as file:
        yield OnDisk(file)


def test_it_behaves_as_bytes_do(on_disk):
    assert len(on_disk) == len(PATTERN)
    for part in (
        slice(0, 10),
        slice(-5, None),
        slice(2**20 - 3, 2**20 + 3),
        slice(7, 3),
        slice(len(PATTERN) - 1, 2 * len(PATTERN)),
    ):
        assert on_disk[part] == PATTERN[part]
    for at in (0, 255, 2**20, len(PATTERN) - 1, -1):
        assert on_disk[at] == PATTERN[at]
    with pytest.raises(IndexError):
        on_disk[len(PATTERN)]
    assert on_disk.startswith((b"no", PATTERN[:7])) and not on_disk.startswith(b"no")
    for sought in (b"end", PATTERN[2**20 - 2 : 2**20 + 2], b"\xff\x00", b"absent"):
        assert on_disk.find(sought) == PATTERN.find(sought)
        assert on_disk.find(sought, 300) == PATTERN.find(sought, 300)
        assert (sought in on_disk) == (sought in PATTERN)


def test_parts_put_together_say_what_they_said_apart(on_disk):
    wanted = PATTERN[100:2000] + b"between" + PATTERN[50:60]
    for contents in (on_disk, PATTERN):
        other = made_of(contents, [(100, 2000), b"between", (50, 60)])
        assert other[:] == wanted
        assert joined([other, b"", made_of(contents, [(0, 3)])])[:] == wanted + PATTERN[:3]
        assert b"".join(parts_of(other, 7)) == wanted
        file = as_file(other)
        file.seek(1900)
        assert file.read(12) == wanted[1900:1912]


def test_a_file_that_became_shorter_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(PATTERN)
    with path.open("rb", buffering=0) as file:
        contents = OnDisk(file)
        path.write_bytes(PATTERN[:100])
        with pytest.raises(FileRefused):
            contents[50:200]


@pytest.mark.parametrize("wanted", [lambda contents: contents, lambda contents: contents.made_of([(40, 300)])])
def test_a_file_that_changed_since_it_was_opened_is_refused(tmp_path, wanted):
    path = tmp_path / "file"
    path.write_bytes(PATTERN)
    with path.open("rb", buffering=0) as file:
        contents = OnDisk(file)
        assert wanted(contents)[0:2]
        time.sleep(0.02)  # kernels keep the time of a change in steps of up to 10 ms
        with path.open("r+b") as other:
            other.write(PATTERN[1:200])
        with pytest.raises(FileRefused) as caught:
            wanted(contents)[50:60]
    assert caught.value.reason.code == "vanished"


def test_only_large_files_stay_on_the_disk(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"small")
    assert contents_of(path) == b"small"
    with path.open("r+b") as file:
        file.truncate(LARGE)
    assert isinstance(contents_of(path), OnDisk)


@pytest.mark.parametrize("at", [0, 1, 2**20 - 3, 2**20, 3 * 2**20 - 8])
def test_a_form_is_found_wherever_it_stands(at):
    forms = FORMS
    ground = bytes(range(256)) * (3 * 2**12)
    assert not holds_any(ground, forms)
    for form in forms[:: len(forms) // 9]:
        place = min(at, len(ground) - len(form))
        assert holds_any(ground[:place] + form + ground[place + len(form) :], forms)
        assert holds_any(form[:-1], forms) == any(other in form[:-1] for other in forms)


def test_nothing_is_found_in_nothing():
    assert not holds_any(b"", (b"doejane",))
    assert not holds_any(b"doejane", ())
    assert not holds_any(b"doe", (b"doejane",))
