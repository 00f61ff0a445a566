"""The small book with all four figures that the tests read, and a page of it."""

from pathlib import Path

import jupytext
from nbconvert.preprocessors import ExecutePreprocessor

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
explore_network({"first": TinyCNN(), "second": TinyCNN(3)}, label=0)
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


def execute(text):
    """Return the executed notebook of a MyST text."""
    notebook = jupytext.reads(text, "md:myst")
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    ExecutePreprocessor(timeout=120, record_timing=False).preprocess(notebook)
    return notebook


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
