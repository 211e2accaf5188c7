"""The trained judge of words: the weights are the ones of its card, and what it says is the same every time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deid.errors import EnvironmentBroken
from deid.phi import model
from deid.phi.model import believe

FOLDER = Path(model.__file__).parents[2] / "models" / "phi-1"


def test_names_and_medicine_are_told_apart():
    assert min(believe(word).none for word in ("lymphoscintigraphy", "OSTEOPOROTIC", "neurectomy")) > 0.8
    assert max(believe(word).none for word in ("KOWALCZYK", "Okonkwo", "Fernandez", "Marlowe", "Lindqvist")) < 0.2


def test_beliefs_add_up():
    assert sum(believe("Kowalczyk")) == pytest.approx(1)


def test_an_altered_model_is_refused(tmp_path, monkeypatch):
    shutil.copytree(FOLDER, tmp_path / "phi-1")
    data = bytearray((FOLDER / "weights.npy").read_bytes())
    data[-1] ^= 1
    (tmp_path / "phi-1" / "weights.npy").write_bytes(data)
    monkeypatch.setattr(model, "_folder", lambda: tmp_path / "phi-1")
    with pytest.raises(EnvironmentBroken):
        model._weights.__wrapped__()


def test_a_missing_model_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(model, "_folder", lambda: tmp_path)
    with pytest.raises(EnvironmentBroken):
        model._weights.__wrapped__()


def test_the_version_names_the_weights():
    assert model.version() == "phi-1:" + (FOLDER / "SHA256").read_text(encoding="ascii")[:12]
