"""A browser for the figures' scripts, and a small book with all four of them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from figure_book import CONFIG, NOTEBOOK, Page, execute
from playwright.sync_api import Error, sync_playwright


@pytest.fixture(scope="session")
def browser():
    """Chromium: the system's, or Playwright's own. CI must have one."""
    with sync_playwright() as playwright:
        names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
        mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
        path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
        path = path or (mac if Path(mac).exists() else None)
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            message = f"NO CHROMIUM, SO THE LIVING FIGURES ARE NOT TESTED: {error}"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def notebook():
    return execute(NOTEBOOK)


@pytest.fixture(scope="session")
def site(notebook, tmp_path_factory):
    """The folder of a built book whose page figures.html holds the four figures."""
    source = tmp_path_factory.mktemp("figures")
    nbformat.write(notebook, source / "figures.ipynb")
    (source / "_config.yml").write_text(CONFIG)
    (source / "_toc.yml").write_text("format: jb-book\nroot: figures\n")
    book = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build"]
    done = subprocess.run(
        [*book, str(source), "-W", "-n", "--keep-going"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return source / "_build" / "html"


@pytest.fixture
def open_page(browser, site):
    """Open the page of figures with the given settings of Playwright's `new_context`."""
    opened = []

    def open_with(**settings):
        opened.append(Page(browser, (site / "figures.html").as_uri(), **settings))
        return opened[-1]

    yield open_with
    for each in opened:
        each.context.close()
