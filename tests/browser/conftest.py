"""Debian's chromium, cut off from everything but the page under test."""

import os
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.pictures import read_png
from tests.unit.review.folder import Server

ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A browser window on a server's page; `said` is everything that its console shows."""

    def __init__(self, chromium, server, **options):
        self.server = server
        self.context = chromium.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.said = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(server.link)
        self.page.wait_for_selector("body[data-ready]")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def sign(self, name="R. Test"):
        self.page.wait_for_selector("#sign[open]")
        self.page.fill("#reviewer", name)
        self.press("Enter")
        self.page.wait_for_selector("#sign:not([open])", state="attached")

    def see(self, name=None):
        """Wait until the picture of a file, or of any, is on the screen."""
        if name:
            self.page.wait_for_function("name => document.getElementById('file-name').textContent === name", arg=name)
        self.page.wait_for_function("() => document.body.dataset.shown")

    def name(self):
        return self.page.text_content("#file-name")

    def boxes(self):
        return self.page.locator("#boxes li").all_inner_texts()

    def tells(self, place, words):
        """Wait until a place of the page says something: it is written when the browser draws the next time."""
        expect(self.page.locator(place)).to_contain_text(words, timeout=20_000)

    def settled(self, state="released", count=1):
        """Wait until so many files are in a state."""
        self.page.wait_for_function(
            "([state, count]) => document.querySelectorAll('.file.' + state).length === count", arg=[state, count], timeout=60_000
        )

    def colour(self, canvas, x, y):
        """The colour, RGB, on the screen at a place of a canvas."""
        place = self.page.locator(f"#{canvas}").bounding_box()
        clip = {"x": place["x"] + x, "y": place["y"] + y, "width": 1, "height": 1}
        return [int(value) for value in read_png(self.page.screenshot(clip=clip))[0, 0]]


@pytest.fixture
def visit(chromium):
    """Open pages; at the end their consoles were empty and their servers quiet."""
    visits = []

    def open_page(out="-", **options):
        server = Server(out)
        visits.append(Visit(chromium, server, **options))
        return visits[-1]

    yield open_page
    for one in visits:
        one.context.close()
        assert one.server.stop() == ""
        assert one.said == []
