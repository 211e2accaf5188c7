import subprocess
import sys
from pathlib import Path

import deid
from deid import guard


def _run(where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.insert(0, {str(where)!r}); sys.argv[1:] = {list(arguments)!r}; import runpy; "
    code += f"runpy.run_path({str(Path(guard.__file__))!r}, run_name='__main__')"
    return subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, cwd=where, check=False)


def test_our_own_package_is_no_clash():
    assert guard.clash() is None


def test_a_foreign_package_of_the_name_is_refused_before_any_image_is_touched(tmp_path):
    (tmp_path / "deid").mkdir()
    (tmp_path / "deid" / "__init__.py").write_text("__version__ = '0.4.13'\n")
    done = _run(tmp_path, "redact", "x")
    assert done.returncode == 3
    assert "Another package" in done.stderr and "pip uninstall deid" in done.stderr


def test_our_package_with_a_foreign_init_is_refused(tmp_path):
    (tmp_path / "deid").mkdir()
    (tmp_path / "deid" / "guard.py").write_text("")
    (tmp_path / "deid" / "__init__.py").write_text("from .version import __version__\n")
    assert _run(tmp_path, "redact", "x").returncode == 3


def test_a_foreign_distribution_beside_ours_is_refused(tmp_path):
    (tmp_path / "deid-0.4.13.dist-info").mkdir()
    (tmp_path / "deid").symlink_to(Path(deid.__file__).parent)
    done = _run(tmp_path, "--version")
    assert done.returncode == 3 and "shares its folder" in done.stderr


def test_the_guard_stands_in_the_package_and_beside_it():
    link = Path(guard.__file__).with_name("toolkit_guard.py")
    if link.exists():  # the repository; an installed wheel has the copy at the top instead
        assert link.is_symlink() and link.resolve().name == "guard.py"
    else:
        import deid_toolkit_guard

        assert Path(deid_toolkit_guard.__file__).read_bytes() == Path(guard.__file__).read_bytes()
