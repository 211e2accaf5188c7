"""No violation of WCAG 2.2 AA that a machine can see, in both themes, at three sizes, in every dialog; nothing spills over."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.unit.review.folder import go, put

pytestmark = pytest.mark.slow

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SIZES = {"desk": (1440, 900), "laptop": (1100, 700), "doubled": (720, 450), "phone": (390, 844)}


def violations(page):
    found = Axe().run(page, options=RULES).response["violations"]
    return [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]


def spills(page):
    """Whether the page scrolls sideways."""
    return page.evaluate("() => document.documentElement.scrollWidth > innerWidth")


@pytest.fixture
def folder(tmp_path):
    out = tmp_path / "clean"
    go(put(tmp_path / "a case with a name that goes on and on and does not end soon", 3), out)
    return out


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_view_and_dialog_is_accessible(visit, folder, theme):
    window = visit(folder, color_scheme=theme)
    window.page.wait_for_selector("#sign[open]")
    assert violations(window.page) == []
    window.sign()
    window.see()
    window.press("n")
    assert violations(window.page) == []
    for key, dialog in (("?", "help"), ("o", "drop"), ("g", "sampling")):
        window.press(key)
        window.page.wait_for_selector(f"#{dialog}[open]")
        assert violations(window.page) == []
        window.press("Escape")
    window.press("e", "x")
    window.page.wait_for_selector("#why[open]")
    assert violations(window.page) == []
    window.press("Escape")
    for _ in range(3):
        window.see()
        window.press("r")
        window.page.wait_for_timeout(300)
    window.page.wait_for_selector("#empty:not([hidden])")
    assert violations(window.page) == []


@pytest.mark.parametrize("size", SIZES)
def test_nothing_spills_over_at_any_size(visit, folder, size):
    columns, rows = SIZES[size]
    window = visit(folder, viewport={"width": columns, "height": rows})
    window.sign()
    window.see()
    window.press("n")
    assert not spills(window.page)
    pane = window.page.locator("#before").bounding_box()
    assert pane["width"] > 150
    assert pane["height"] > 150
    window.page.locator("#approve-button").scroll_into_view_if_needed()
    assert window.page.locator("#approve-button").is_visible()
    assert violations(window.page) == []


def test_a_screen_reader_finds_files_boxes_and_decisions(visit, folder):
    window = visit(folder)
    window.sign()
    window.see()
    tree = window.page.locator("body").aria_snapshot()
    for part in ("navigation", "listbox", "option", "status", 'button "a Approve and next"', 'img "The source with its boxes"'):
        assert part in tree
    window.page.focus("#boxes")
    window.press("ArrowDown")
    assert window.page.get_attribute("#boxes", "aria-activedescendant") == "box-1"
    window.tells("#status", "accession")


def test_single_keys_can_be_switched_off(visit, folder):
    window = visit(folder)
    window.sign()
    window.see()
    name = window.name()
    window.press("?")
    window.page.uncheck("#keys-on")
    window.press("Escape", "j", "n")
    assert window.name() == name
    assert len(window.boxes()) == 2
