"""What a notebook stores of a living figure: small, the same in every run, readable without it."""

import json
import re

import nbformat
import pytest
from figure_book import NOTEBOOK, SCRIPTS, execute

from tinycnn_lib import TinyCNN
from tinycnn_lib.explorers import explore_convolution, explore_drawing, explore_network
from tinycnn_lib.explorers.figure import join_scripts

WIDGETS = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


def states(notebook):
    return notebook.metadata.widgets[WIDGETS]["state"]


def outputs(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if VIEW in output.get("data", {}):
                yield output


def test_every_output_holds_view_picture_and_text(notebook):
    found = list(outputs(notebook))
    assert len(found) == 4
    for output in found:
        assert output.data[VIEW]["model_id"] in states(notebook)
        assert output.data["image/png"].startswith("iVBOR")
        text = output.data["text/plain"]
        assert not re.search("0x[0-9a-f]{6,}|model_id|nan|inf\\b", text)
        assert len(re.findall(r"\d", text)) > 30
        assert output.metadata["image/png"]["alt"] == text.partition("\n")[0]


def test_a_second_run_stores_the_same_bytes(notebook):
    again = execute(NOTEBOOK)
    for cell, other in zip(notebook.cells, again.cells, strict=True):
        other["id"] = cell["id"]  # jupytext draws these
    assert nbformat.writes(again) == nbformat.writes(notebook)


def test_data_of_a_page_stays_under_60_kb_and_each_script_under_25_kb(notebook):
    data = sum(len(json.dumps(each["state"].get("data", 0))) for each in states(notebook).values())
    assert data < 60_000
    for script in SCRIPTS.glob("*.js"):
        assert script.stat().st_size < 25_000, script.name


def test_weights_are_stored_to_the_decimals_that_every_processor_agrees_on():
    model = TinyCNN()
    stored = json.loads(json.dumps(explore_network(model).data))["networks"][0]
    assert stored["weights"] == model.dense.weights.round(12).tolist()
    assert stored["kernels"] == model.conv.weights[:, 0].round(12).tolist()
    model.dense.weights += 1e-15  # what another order of additions does to trained weights
    assert json.loads(json.dumps(explore_network(model).data))["networks"][0] == stored


def test_two_figures_of_the_same_content_are_two_models():
    first, second = explore_convolution(), explore_convolution()
    assert first.model_id != second.model_id
    assert repr(first) == repr(second)


def test_joined_scripts_are_one_module(tmp_path):
    joined = join_scripts(
        "arithmetic.js",
        "room.js",
        "grid.js",
        "overview.js",
        "stages.js",
        "picture.js",
        "network.js",
    )
    assert not re.search(r"^(import|export (?!default))", joined, flags=re.MULTILINE)
    names = re.findall(r"^(?:const|function|class|let|async function) (\w+)", joined, re.MULTILINE)
    assert len(names) == len(set(names)), "two files use one name"


def test_a_missing_script_is_named():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.js"):
        join_scripts("nowhere.js")


def test_a_drawing_says_in_words_what_its_picture_shows():
    text = repr(explore_drawing({"the young network": TinyCNN()}, label=0))
    assert text.startswith("A picture of 8 by 8 pixels that shows: vertical, beside bars")
    assert "The young network says “diagonal”: wrong." in text.partition("\n")[0]
    assert "  diagonal 0.59" in text
    assert "Your model says “diagonal”." in repr(explore_drawing(TinyCNN()))
