"""Every test has a state folder of its own; none may reach the user's."""

import pytest
from hypothesis import settings

# The same examples in every run: a change is judged by what it did, not by luck.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("DEID_STATE", str(tmp_path_factory.mktemp("state")))
