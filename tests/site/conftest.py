"""What the tests of the built book share: the pages, a server, one browser."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from built_book import SITE, need


def pytest_terminal_summary(terminalreporter):
    """Say loudly what was not checked."""
    skipped = {str(r.longrepr[2]) for r in terminalreporter.stats.get("skipped", []) if r.longrepr}
    missing = sorted(m for m in skipped if "is missing. Install it:" in m)
    if missing:
        terminalreporter.section("THE BUILT PAGES WERE NOT FULLY CHECKED", "!", red=True)
        for message in missing:
            terminalreporter.write_line(message.removeprefix("Skipped: "), red=True)


@pytest.fixture(scope="session")
def site():
    """Return the folder of the built book."""
    if not (SITE / "index.html").exists():
        pytest.fail(f"there is no book in {SITE}: run `make book` first", pytrace=False)
    return SITE


@pytest.fixture(scope="session")
def soup(site):
    """Return a function: page name -> its parsed HTML."""

    @functools.cache
    def parse(name):
        return BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")

    return parse


@pytest.fixture(scope="session")
def address(site, soup):
    """Serve the book on localhost, under the path of its public address if it has one."""
    canonical = soup("index.html").select_one("link[rel=canonical]")
    prefix = urlsplit(canonical["href"]).path.removesuffix("index.html") if canonical else "/"

    class Handler(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path):
            return super().translate_path("/" + path.removeprefix(prefix))

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(site))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{prefix}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    """Start one Chromium for all tests."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    path = path or (mac if Path(mac).exists() else None)
    need(path, "Chromium", "apt install chromium (Debian), or set CHROMIUM to the path of a Chrome")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, address):
    """Return a function that opens a page in a tab of its own; all are closed at the end."""
    contexts = []

    def open_it(name, width=1400, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.goto(name if "://" in name else address + name, wait_until="load")
        return page

    yield open_it
    for context in contexts:
        context.close()
