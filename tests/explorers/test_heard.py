"""One walk through each figure, as a screen reader would say it, held against a stored text.

Set HEARD=store to store what is heard now; then read it.
"""

import difflib
import os
import re
from pathlib import Path

import pytest
from hearing import Hearing

STORED = Path(__file__).parent / "heard"


def press(*keys):
    def act(page, figure):
        for key in keys:
            page.keyboard.press(key)

    return act


def button(name):
    return lambda page, figure: figure.get_by_role("button", name=name, exact=True).press("Enter")


def radio(name):
    return lambda page, figure: figure.get_by_role("radio", name=re.compile(f"^{name}")).check()


def focus(selector):
    return lambda page, figure: figure.locator(f'{selector} [tabindex="0"]').first.focus()


def grid(name):
    return focus(f'.lf-grid[aria-label^="{name}"]')


def choose(name, value):
    return lambda page, figure: figure.get_by_role("combobox", name=name).select_option(value)


def slide(name, key):
    return lambda page, figure: figure.get_by_role("slider", name=re.compile(name)).press(key)


def playing(page, figure):
    figure.get_by_role("button", name="Play").press("Enter")
    figure.get_by_role("button", name="Play").wait_for(timeout=30_000)


WALKS = {
    "window": [
        ("press Step", button("Step")),
        ("go to the output", grid("Output")),
        ("arrow down", press("ArrowDown")),
        ("go to the image and type 5", lambda *at: (grid("Image")(*at), press("5")(*at))),
        ("arrow right twice and type 1", press("ArrowRight", "ArrowRight", "1")),
        ("padding 1", choose("Padding", "1")),
        ("type 3 on padding", lambda *at: (grid("Image")(*at), press("Control+Home", "3")(*at))),
        ("stride 3", choose("Stride", "3")),
        ("try it", button("Try: turn the kernel and compare")),
        ("play to the end", playing),
    ],
    "network": [
        ("choose Softmax", radio("Softmax")),
        ("choose its first number", lambda *at: (grid("Softmax")(*at), press("Enter")(*at))),
        ("arrow right", press("ArrowRight")),
        ("choose ReLU", radio("ReLU")),
        ("the second weights", radio("second")),
        ("the picture diagonal", choose("Picture", "diagonal")),
        ("try it", button("Try: find a pixel that changes nothing")),
        ("type 5 on it", press("5")),
    ],
    "gradient": [
        ("go to the kernels", grid("d kernels")),
        ("arrow right", press("ArrowRight")),
        ("choose logits", radio("logits")),
        ("the target diagonal", choose("Target class", "2")),
        ("try it", button("Try: nudge against the gradient")),
        ("nudge further", slide("^Nudge", "ArrowLeft")),
    ],
    "replay": [
        ("press Step", button("Step")),
        ("the slider to the first epoch", slide("^Epoch", "Home")),
        ("try it", button("Try: go to the worst epoch after the start")),
        ("play to the end", playing),
    ],
}


@pytest.mark.parametrize("number", range(4), ids=list(WALKS))
def test_what_a_screen_reader_says(open_page, number):
    page = open_page(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
    figure = page.figure(number)
    page.page.wait_for_timeout(300)  # the room is measured
    ear = Hearing(page.page, figure)
    name = list(WALKS)[number]
    lines = ["# From the beginning", *ear.everything()]
    for what, act in WALKS[name]:
        act(page.page, figure)
        lines += ["", f"# {what}", *ear.after()]
    heard = "\n".join(lines) + "\n"
    path = STORED / f"{name}.txt"
    if os.environ.get("HEARD") == "store":
        path.parent.mkdir(exist_ok=True)
        path.write_text(heard, encoding="utf-8")
    stored = path.read_text(encoding="utf-8")
    changes = difflib.unified_diff(stored.splitlines(), heard.splitlines(), "stored", "heard", n=1)
    assert heard == stored, "\n".join(changes)
    assert page.complaints == []
