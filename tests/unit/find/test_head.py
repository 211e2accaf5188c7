from __future__ import annotations

import numpy as np
import pytest

from deid.find.head import Head

ALPHABET = ("", "a", "王", " ")


@pytest.fixture
def head():
    """Each of the four classes has a feature of its own."""
    return Head(np.eye(4, dtype=np.float32), np.zeros(4, np.float32), ALPHABET)


def steps(*logits):
    return np.array(logits, np.float32)


def test_usual_characters_that_are_sure_are_told_without_the_others(head):
    classes, certainty = head(steps((20, 0, 0, 0), (0, 20, 0, 0), (0, 0, 0, 20)))
    assert classes.tolist() == [0, 1, 3]
    assert certainty == pytest.approx([1, 1, 1], abs=1e-6)


def test_a_character_of_another_script_is_told_where_no_usual_one_is_sure(head):
    classes, certainty = head(steps((20, 0, 0, 0), (0, 3, 20, 0)))
    assert [ALPHABET[index] for index in classes] == ["", "王"]
    assert certainty == pytest.approx([1, 1], abs=1e-6)


def test_doubt_is_shared_among_all_characters(head):
    classes, certainty = head(steps((0, 2, 1, 0)))
    assert classes.tolist() == [1]
    assert certainty == pytest.approx(np.exp(2) / (np.exp(2) + np.exp(1) + 2))
