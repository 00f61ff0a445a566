"""What the tests in a browser share: one Chromium, and a word about what did not run."""

import os

import pytest

MISSING = "is missing. Install it:"
ON_DEMAND = "Run it with:"  # of checks that cost too much for every run


def pytest_terminal_summary(terminalreporter):
    """Say loudly what was not checked."""
    skipped = {str(r.longrepr[2]) for r in terminalreporter.stats.get("skipped", []) if r.longrepr}
    missing = sorted(m for m in skipped if MISSING in m or ON_DEMAND in m)
    if missing:
        terminalreporter.section("NOT EVERYTHING WAS CHECKED", "!", red=True)
        for message in missing:
            terminalreporter.write_line(message.removeprefix("Skipped: "), red=True)


@pytest.fixture(scope="session")
def browser():
    """Start one Chromium for all tests: a process can drive no second Playwright."""
    from pdf import find_chromium  # book/pdf.py, which prints with the same one

    path = find_chromium()
    if not path:
        message = f"Chromium {MISSING} apt install chromium (Debian), or set CHROMIUM to its path"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()
