"""What the tests in a browser share: one browser of a kind, and a word about what did not run."""

import os
import shutil

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


def is_there(path, what, how):
    """Skip loudly without a program, saying how to install it; where CI runs, fail."""
    if not path:
        message = f"{what} {MISSING} {how}"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)


@pytest.fixture(scope="session")
def playwright():
    """Start Playwright once: a process can drive no second one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright):
    """Start one Chromium for all tests."""
    from pdf import find_chromium  # book/pdf.py, which prints with the same one

    path = find_chromium()
    is_there(path, "Chromium", "apt install chromium (Debian), or set CHROMIUM to its path")
    chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def firefox(playwright):
    """Start one Firefox, the one that a reader installs, for all tests."""
    path = shutil.which("firefox") or shutil.which("firefox-esr")
    is_there(path, "Firefox", "apt install firefox-esr (Debian)")
    started = playwright.firefox.launch(channel="moz-firefox", executable_path=path)
    yield started
    started.close()
