"""Makes the pictures of docs/guide/review.md from the sample case: ``python -m tests.browser.pictures [CLEAN_FOLDER]``.

CLEAN_FOLDER is what ``deid redact sample_images --out CLEAN_FOLDER`` made; it is made anew where it is left out.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from deid import redact
from tests.browser.conftest import ARGUMENTS, Visit
from tests.unit.review.folder import Server

_REPOSITORY = Path(__file__).parents[2]
_IMAGES = _REPOSITORY / "docs" / "images"


def take(folder):
    with sync_playwright() as playwright, Server(folder, sample="100%") as server:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        window = Visit(browser, server, viewport={"width": 1360, "height": 850})
        window.sign("R. Tester")
        go_to(window, "workstation.png")
        window.press("e")
        keep(window, "review-page")
        while window.page.locator("#remove-button").is_disabled():
            window.press("e")
        window.press("x")
        window.page.wait_for_selector("#why[open]")
        keep(window, "review-why")
        window.press("Escape", "Escape", "t")
        go_to(window, "IMG_2041.jpg")
        keep(window, "review-photo")
        go_to(window, "run07.dcm")
        window.press("n")
        keep(window, "review-run")
        browser.close()


def go_to(window, name):
    window.page.click(f'.file[title^="{name}"]')
    window.see(name)
    window.page.wait_for_timeout(800)


def keep(window, name):
    """Save what is on the screen, with few colours: it is a picture of a page."""
    window.page.wait_for_timeout(300)
    picture = Image.open(io.BytesIO(window.page.screenshot())).convert("RGB").quantize(160, dither=Image.Dither.NONE)
    picture.save(_IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        take(Path(sys.argv[1]))
    else:
        place = Path(tempfile.mkdtemp())
        for _ in redact(_REPOSITORY / "sample_images", place / "clean"):
            pass
        take(place / "clean")
