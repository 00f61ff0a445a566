"""The figures in JupyterLab: a stored notebook is never empty, and a run one answers."""

import re

import nbformat
import pytest
from lab_server import jupyterlab

from tinycnn_lib import TinyCNN, traced_image


@pytest.fixture(scope="module")
def lab(notebook, tmp_path_factory):
    """The address of a JupyterLab in which nothing is trusted."""
    folder, home = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("home")
    nbformat.write(notebook, folder / "figures.ipynb")
    with jupyterlab(folder, home) as address:
        yield address


def test_pictures_before_a_run_and_figures_after_it(browser, lab):
    page = browser.new_page(viewport={"width": 1300, "height": 3000})
    page.set_default_timeout(60_000)
    page.goto(lab("figures.ipynb"))
    pictures = page.locator(".jp-OutputArea-output img")
    pictures.first.wait_for()
    assert page.locator(".lf").count() == 0  # an untrusted notebook runs no script
    assert pictures.count() >= 1
    page.locator("#jp-main-statusbar").get_by_text("Idle").wait_for()  # the kernel is there
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    network = page.locator(".lf-network")
    network.wait_for()
    page.locator(".lf-window").wait_for()
    layers = network.locator(".lf-radios label")
    layers.filter(has_text=re.compile("^Dense")).click()
    logits = TinyCNN().forward(traced_image())[0]
    minus = "\N{MINUS SIGN}"
    expected = [f"{logit:.4f}".replace("-", minus) for logit in logits]
    assert network.locator(".lf-cell").all_inner_texts() == expected
    network.locator(".lf-cell").first.click()
    cells = page.locator(".jp-Cell").count()
    for key in ("b", "3", "ArrowDown", "ArrowRight"):  # for the grid, not for the notebook
        page.keyboard.press(key)
    assert page.locator(".jp-Cell").count() == cells
    assert f"horizontal = {logits[1]:.4f}".replace("-", minus) in network.inner_text()
    network.get_by_role("button", name=re.compile("^Walk back")).focus()
    page.keyboard.press("b")
    layers.filter(has_text=re.compile("^Dense")).click()
    page.keyboard.press("ArrowDown")  # the next layer, not the next cell
    assert layers.filter(has_text=re.compile("^Softmax")).locator("input").is_checked()
    assert page.locator(".jp-Cell").count() == cells
    page.close()
