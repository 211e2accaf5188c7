"""README's commands and code are run as they stand."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_ci_calls_the_test_command_of_the_readme():
    command = next(block for block in _blocks("sh") if "pytest" in block)
    install, _, run = command.strip().partition(" && ")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert run in ci and install in ci


def test_readme_names_every_package_that_ci_installs():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    listed = re.search(r"packages=\((.*?)\)\n", ci.replace("(python -m tests.benchmark fonts)", ""), re.DOTALL).group(1)
    wanted = {word for line in listed.splitlines() if not line.strip().startswith("#") for word in line.split()}
    (command,) = (block for block in _blocks("sh") if "apt install" in block)
    assert wanted == set(command.replace("\\", "").split()) - {"sudo", "apt", "install"}


@pytest.fixture
def case(tmp_path):
    """A folder like the clone, with the two smallest sample pictures and commands where README looks for them."""
    (tmp_path / "sample_images").mkdir()
    for name in ("teaching-clean.png", "DOE_JANE_XA_0001.dcm"):
        shutil.copy(ROOT / "sample_images" / name, tmp_path / "sample_images")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    return tmp_path


@pytest.mark.slow
def test_the_first_command_cleans_the_sample_case(case):
    command = _blocks("sh")[0].strip().split(" && ")[-1]
    done = subprocess.run(
        command, shell=True, cwd=case, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert "2 clean" in done.stderr and "DOE" not in done.stdout + done.stderr
    assert len([path for path in (case / "clean").rglob("*") if path.suffix in (".png", ".dcm")]) == 2
    verified = subprocess.run([case / ".venv/bin/deid", "verify", "clean"], cwd=case, capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stderr


@pytest.mark.slow
def test_the_python_of_the_readme_runs(case):
    code = _blocks("python")[0]
    done = subprocess.run([sys.executable, "-c", code], cwd=case, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert sorted(line.split()[0] for line in lines[:-1]) == ["clean", "clean"]
    assert "name" in lines[-1] and "age" in lines[-1]
