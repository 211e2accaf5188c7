import pytest

from tests.docs.reference import FOLDER, pages


@pytest.mark.parametrize("name", pages())
def test_the_reference_is_what_the_code_says(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], "run python -m tests.docs.reference"
