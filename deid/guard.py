"""Refuses to touch an image where another package has taken the name ``deid``.

Another project owns ``deid`` on the package index; installed beside this one, in either order, it overwrites files of
this package without a word from pip. The console scripts therefore start this file, which the wheel also installs as the
top-level module ``deid_toolkit_guard``, a name that no other package takes. It looks before anything of ``deid`` is imported.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

_FIX = (
    "Make a fresh virtual environment and install deid-toolkit alone, or use `pipx install deid-toolkit`; "
    "if you want to keep this one: `pip uninstall deid`, then `pip install --force-reinstall deid-toolkit`."
)


def clash() -> str | None:
    """Say what is wrong with the package ``deid`` of this environment, or None where it is ours alone."""
    spec = find_spec("deid")
    if spec is None or spec.origin is None:
        return "The package deid is damaged: another package of that name was installed or removed here."
    package = Path(spec.origin).parent
    ours = package / "__init__.py"
    if not (package / "guard.py").is_file() or b"deid finds what identifies a patient" not in ours.read_bytes()[:400]:
        return "Another package has taken the name deid; what runs here is not this tool."
    for folder in {package.parent, *(Path(entry) for entry in sys.path if entry)}:
        if next(folder.glob("deid-[0-9]*.dist-info"), None) is not None:
            return "Another package called deid is installed beside this one and shares its folder."
    return None


def main() -> None:
    """Check the environment, then start the command line."""
    trouble = clash()
    if trouble:
        sys.stderr.write(f"deid: {trouble}\n{_FIX}\n")
        raise SystemExit(3)
    from deid.cli import run

    run()


if __name__ == "__main__":
    main()
