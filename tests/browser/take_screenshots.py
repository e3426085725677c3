"""Take the pictures of the documentation from a running demo.

.venv/bin/python -m tests.browser.take_screenshots http://localhost:8000
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
WIDTHS = {1440: 1000, 768: 1024, 390: 844}
PAGES = {"overview": "/sites/demo?period=7d", "sites": "/sites"}
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


def take(browser: Browser, address: str, width: int, scheme: str) -> None:
    """Every page at one width in one colour scheme, with the demo's owner signed in."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{address}/accounts/login/")
    if width == 1440:
        page.screenshot(path=FOLDER / f"sign-in-{width}-{scheme}.png")
    page.fill("input[name=login]", "owner@demo.localhost")
    page.fill("input[name=password]", "linkpro-demo")
    page.click("main button")
    page.wait_for_load_state("networkidle")
    page.goto(address + "/sites")  # the greeting is shown once
    for name, path in PAGES.items():
        page.goto(address + path)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(300)  # the chart has been drawn
        page.screenshot(path=FOLDER / f"{name}-{width}-{scheme}.png", full_page=True)
    context.close()


def main(address: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                take(browser, address.rstrip("/"), width, scheme)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
