import subprocess
import sys

import pytest

import deid


def test_the_public_names_are_sorted_and_all_there():
    assert deid.__all__ == sorted(deid.__all__)
    assert all(getattr(deid, name) is not None for name in deid.__all__)
    assert dir(deid) == deid.__all__


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute"):
        deid.nothing  # noqa: B018


@pytest.mark.parametrize("statement", ["import deid", "import deid.cli", "import deid.policy"])
def test_nothing_heavy_is_loaded_before_it_is_needed(statement):
    code = f"{statement}; import sys; print([m for m in ('cv2', 'numpy', 'onnxruntime', 'pydicom', 'PIL') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_verb_stays_a_verb_after_the_line_was_loaded():
    code = "import deid.pipeline, deid.library, deid; print(callable(deid.redact), callable(deid.inspect))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True True"
