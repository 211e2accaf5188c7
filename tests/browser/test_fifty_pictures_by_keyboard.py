"""A clinician goes through fifty held pictures without the mouse."""

import time

import pytest

from deid.audit import check
from deid.keys import load_key
from deid.policy import Policy
from tests.unit.review.folder import go, outputs, put

pytestmark = pytest.mark.slow

COUNT = 50


def test_fifty_pictures_are_reviewed_by_keyboard_within_a_minute(visit, tmp_path):
    case, out = put(tmp_path / "case", COUNT), tmp_path / "clean"
    go(case, out)
    window = visit(out)
    window.sign()
    window.see()
    began, paces = time.monotonic(), []
    for _ in range(COUNT):
        window.see()
        name = window.name()
        window.press("a")
        window.page.wait_for_function("name => document.getElementById('file-name').textContent !== name", arg=name)
        window.page.wait_for_function("() => document.body.dataset.pace")
        paces.append(int(window.page.evaluate("document.body.dataset.pace")))
    spent = time.monotonic() - began
    window.settled(count=COUNT)
    window.page.close()
    window.server.stop()
    go(case, tmp_path / "automatic", Policy())
    assert outputs(out) == outputs(tmp_path / "automatic")
    assert len(outputs(out)) == COUNT
    assert check(out, load_key()).sound
    assert sorted(paces)[COUNT // 2] < 150, paces
    assert spent < 60
