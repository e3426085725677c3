"""Take the pictures of the documentation from a running demo.

.venv/bin/python -m tests.browser.take_screenshots http://localhost:8000
"""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.places import PLACES, WIDTHS

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"


def sign_in(page: Page, address: str) -> None:
    """Become the demo's owner, past the greeting that is shown once."""
    page.goto(f"{address}/accounts/login/")
    page.fill("input[name=login]", "owner@demo.localhost")
    page.fill("input[name=password]", "linkpro-demo")
    page.click("main button")
    page.wait_for_load_state("networkidle")
    page.goto(f"{address}/sites")


def keep(picture: bytes, path: Path) -> None:
    """Write the picture with a palette of its own: a third of its size, and nobody sees it."""
    Image.open(BytesIO(picture)).convert("RGB").quantize(128).save(path, optimize=True)


def take(browser: Browser, address: str, width: int, scheme: str) -> None:
    """Every page at one width in one colour scheme, with the demo's owner signed in."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    known = False
    for place in sorted(PLACES, key=lambda place: place.signed_in):
        if place.signed_in and not known:
            sign_in(page, address)
            known = True
        if place.pictured:
            page.goto(address + place.path)
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(300)  # the chart has been drawn
            keep(page.screenshot(full_page=True), FOLDER / f"{place.name}-{width}-{scheme}.png")
    context.close()


def main(address: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                take(browser, address.rstrip("/"), width, scheme)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
