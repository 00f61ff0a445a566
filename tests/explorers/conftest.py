"""A small book with all four figures."""

import subprocess
import sys

import nbformat
import pytest
from figure_book import CONFIG, NOTEBOOK, Page, execute


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
