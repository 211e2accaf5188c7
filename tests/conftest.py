"""Every test has a state folder of its own; none may reach the user's."""

import pytest


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("DEID_STATE", str(tmp_path_factory.mktemp("state")))
