"""A browser for the figures' scripts, and a small book with all four of them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbconvert.preprocessors import ExecutePreprocessor
from playwright.sync_api import Error, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "tinycnn_lib" / "explorers"

NOTEBOOK = """
# Figures

## One

```{code-cell} ipython3
import numpy as np
from tinycnn_lib import TinyCNN, make_dataset_bundle
from tinycnn_lib.explorers import (
    RunRecorder, explore_convolution, explore_gradient, explore_network, replay_training
)
explore_convolution()
```

## Two

```{code-cell} ipython3
explore_network({"first": TinyCNN(), "second": TinyCNN(3)})
```

## Three

```{code-cell} ipython3
explore_gradient(TinyCNN(), target=0)
```

## Four

```{code-cell} ipython3
data = make_dataset_bundle(val_per_class=10)
recorders = []
for seed in (1, 2):
    recorder = RunRecorder(f"seed {seed}", *data[:4])
    for epoch in range(4):
        recorder(epoch, TinyCNN(seed + 10 * epoch))
    recorders.append(recorder)
replay_training(recorders)
```
"""

CONFIG = f"""
title: Figures
author: ""
logo: ""
only_build_toc_files: true
execute: {{execute_notebooks: "off"}}
sphinx:
  local_extensions: {{living_figures: {ROOT / "book" / "extensions"}}}
  config:
    language: en
    html_static_path: [{ROOT / "book" / "static" / "widgets.js"}]
    nb_ipywidgets_js: {{widgets.js: {{defer: defer}}}}
    html_theme_options: {{navbar_persistent: [], path_to_docs: "", repository_url: ""}}
    html_context: {{default_mode: auto}}
    extensions: [myst_nb, jupyter_book, sphinx_external_toc, sphinx_comments, sphinx_book_theme,
      living_figures]
"""


@pytest.fixture(scope="session")
def browser():
    """Chromium: the system's, or Playwright's own. CI must have one."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            message = f"NO CHROMIUM, SO THE LIVING FIGURES ARE NOT TESTED: {error}"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
        yield chromium
        chromium.close()


def execute(text):
    """Return the executed notebook of a MyST text."""
    notebook = jupytext.reads(text, "md:myst")
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    ExecutePreprocessor(timeout=120, record_timing=False).preprocess(notebook)
    return notebook


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


class Page:
    """A page of the built book; what it complained about and what it asked the network for."""

    def __init__(self, browser, url, **settings):
        self.context = browser.new_context(**settings)
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.complaints, self.foreign = [], []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda said: said.type == "error" and self.complaints.append(said.text),
        )
        self.page.on(
            "request",
            lambda asked: (
                asked.url.startswith((url.rpartition("/")[0], "blob:", "data:"))
                or self.foreign.append(asked.url)
            ),
        )
        self.page.goto(url)

    def figure(self, number):
        """Return the locator of a living figure, run."""
        place = self.page.locator(".living-figure").nth(number)
        place.scroll_into_view_if_needed()
        place.locator(".lf").wait_for()
        return place.locator(".lf")


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
