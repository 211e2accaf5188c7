"""The server's life: it stops when nobody uses it, and says what it cannot do."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from deid.cli import app
from deid.errors import UsageError
from tests.unit.review.folder import Server, go, put


def test_it_stops_when_nobody_uses_it(tmp_path, monkeypatch):
    monkeypatch.setenv("DEID_STATE", str(tmp_path))
    with Server(minutes=0.02) as server:
        assert server.process.wait(timeout=30) == 0


def test_it_ends_well_when_it_is_asked_to(tmp_path):
    go(put(tmp_path / "case", 1), tmp_path / "clean")
    server = Server(tmp_path / "clean")
    assert server.stop() == ""
    assert server.process.returncode == 0
    with Server(tmp_path / "clean") as again:
        again.log_in()
        assert [item["state"] for item in again.items()] == ["waiting"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_it_ends_well_when_it_is_asked_to_before_it_listens(name):
    program = "import signal; from deid.review.server import serve; "
    program += f"serve(None, None, lambda link: signal.raise_signal(signal.{name}), idle_minutes=1.0)"
    ended = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("share", ["5 percent", "200%", "-1"])
def test_a_sample_that_is_no_share_is_refused(tmp_path, share):
    result = CliRunner().invoke(app, ["review", str(tmp_path), f"--sample={share}"])
    assert isinstance(result.exception, UsageError)


def test_a_folder_of_no_run_is_refused(tmp_path):
    assert isinstance(CliRunner().invoke(app, ["review", str(tmp_path)]).exception, UsageError)
