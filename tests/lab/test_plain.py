"""JupyterLab as an unprepared reader has it, and a reader who changes the library."""

import os
import re

import nbformat
import pytest
from lab_page import IMAGES, LOADED, LabPage
from lab_server import ROOT, copy_book, jupyterlab

CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
LIBRARY_CALL = """
import numpy as np
from tinycnn_lib import ReLU
print(ReLU().forward(np.array([[-2.0, 3.0]])))
"""
RULE = "return np.maximum(x, 0)"  # of ReLU.forward


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a copy of the book in which each notebook is an hour newer than its source."""
    folder = copy_book(tmp_path_factory.mktemp("book"))
    for path in (folder / "chapters").glob("*.ipynb"):
        changed = path.with_suffix(".md").stat().st_mtime
        os.utime(path, (changed + 3600, changed + 3600))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cell = nbformat.v4.new_code_cell(LIBRARY_CALL.strip())
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=kernel)
    nbformat.write(notebook, folder / "library.ipynb")
    return folder


@pytest.fixture(scope="module")
def open_notebook(browser, folder, tmp_path_factory):
    """Return a function that opens a notebook in a JupyterLab without jupyterlab-myst."""
    home, opened = tmp_path_factory.mktemp("home"), []
    with jupyterlab(folder, home, ["jupyterlab-myst"]) as address:

        def open_it(path):
            opened.append(LabPage(browser, address(path)))
            return opened[-1]

        yield open_it
        for lab in opened:
            lab.context.close()


@pytest.mark.parametrize("name", CHAPTERS)
def test_readable_without_the_extension(open_notebook, folder, name):
    """Titles and formulas stay, as do the pictures, folded or not: nothing was run or trusted."""
    source = folder / "chapters" / f"{name}.md"
    before = source.read_bytes()
    lab = open_notebook(f"chapters/{name}.ipynb")
    text = "\n".join(lab.prose().values())
    titles = re.findall(r"^[:`]{3,}\{(?!code-cell)([\w:-]+)\} (.+)$", before.decode(), re.M)
    assert len(titles) > 20
    for directive, title in titles:
        first = re.split(r"[`$'\"{]", title)[0].strip()  # what comes after is typeset
        assert first in text, f"lost without jupyterlab-myst: {directive}, {title}"
    assert lab.page.locator(".myst").count() == 0
    lab.page.locator("mjx-container").first.wait_for()
    notebook = nbformat.read(folder / "chapters" / f"{name}.ipynb", as_version=4)
    drawn = [
        "hide-cell" in cell.metadata.get("tags", [])
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert lab.page.locator(IMAGES).count() == drawn.count(False)  # the others answer a prediction
    lab.menu("View", "Expand All Outputs")
    lab.page.wait_for_function(
        f"(n) => document.querySelectorAll('{IMAGES}').length === n", arg=len(drawn)
    )
    lab.page.wait_for_function(LOADED)
    widths = lab.page.locator(IMAGES).evaluate_all("(all) => all.map((i) => i.naturalWidth)")
    assert min(widths) > 50
    lab.save()
    assert source.read_bytes() == before  # a reader's saved answers are not the book's source
    assert lab.foreign == []


def test_edited_library_takes_effect_after_a_restart(open_notebook, folder):
    lab = open_notebook("library.ipynb")
    assert lab.run_cell(0) == "[[0. 3.]]"
    path = folder / "tinycnn_lib" / "layers.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(RULE) == 1
    path.write_text(text.replace(RULE, f"{RULE} + 40"), encoding="utf-8")
    lab.menu("Kernel", "Restart Kernel and Clear Outputs of All Cells…")
    lab.page.locator(".jp-Dialog").get_by_text("Restart", exact=True).click()
    lab.cells().nth(0).locator(".jp-OutputArea-output").wait_for(state="detached")
    lab.wait_until_idle()
    assert lab.run_cell(0) == "[[40. 43.]]"
