"""Every rule is shown a small chapter that keeps it, and at least one that breaks it."""

import copy
import re
from pathlib import Path

import jupytext
import nbformat
import notebook_reading
import notebooks
import pytest
import rules_code
import rules_outputs
import rules_pages
import rules_plain
from chapter_rules import RULES
from nbformat.v4 import new_output

from tinycnn_lib import loops

PLAN = (
    '**Plan for** half an hour of reading with pencil and predictions, half an hour for the "Your '
    'turn" exercises, and half an hour for the exercises at the end.'
)
GOOD = """---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A Small Chapter

+++ {"tags": ["remove-cell"]}

[its page in the book](../README.md#read), [JupyterLab](../README.md#run-in-jupyterlab)

```{code-cell} ipython3
:tags: [remove-cell]

@SET_UP@
```

:::{admonition} In this chapter: aims, what you need, and the time
:class: chapter-header dropdown

You build something, with $3! = 6$ parts. Code like `a != b` may say what it likes.
So may ![a picture](x.png).

@PLAN@

:::

(sec-23-first)=
## First

```{code-cell} ipython3
import numpy as np

rng = np.random.default_rng(0)
print(f"{rng.random():.3f}")
```

:::{admonition} Predict
:class: predict

How many?

:::

:::{dropdown} Answer: how many there are

Six:

$$
y = 2 x!
$$ (eq-23-double)

:::

:::{admonition} Why?
:class: why

Why six?

:::

:::{dropdown} A model answer: why six

Because, as [the figure below](#fig-23-line) says.

:::

```{code-cell} ipython3
---
tags: [hide-input]
mystnb:
  figure:
    name: fig-23-line
    caption: The line rises from left to right, and never falls.
  image:
    alt: A straight line from the lower left corner to the upper right one.
---
plt.plot([0, 1])
plt.show()
```

:::{exercise-start} Shapes
:label: ex-23-shape

:::

Which shape?

:::{exercise-end}

:::

:::{dropdown} Hint 1, shapes: a nudge

Count.

:::

:::{dropdown} Hint 2, shapes: a method

Count again.

:::

```{code-cell} ipython3
# Your answer: replace None, then remove the # from the last line.
shape = None
# check_output_shape(shape, 1)
```

:::{solution-start} ex-23-shape
:class: dropdown

:::

So it is.

```{code-cell} ipython3
shape = (16, 8, 28, 28)
check_output_shape(shape, 608)
```

:::{solution-end}

:::
""".replace("@PLAN@", PLAN).replace("@SET_UP@", rules_code.SET_UP)
WIDGET = "0" * 32


def good():
    """Return the small chapter, run."""
    notebook = jupytext.reads(GOOD, notebook_reading.FORMAT)
    for number, cell in notebook_reading.code_cells(notebook):
        cell.execution_count = number
        cell.outputs = []
    cells = dict(notebook_reading.code_cells(notebook))
    cells[2].outputs = [
        new_output("stream", name="stdout", text="0.637 in 36 places, P = 1, s = 1\n")
    ]
    cells[3].outputs = [
        new_output("display_data", {"image/png": "AA==", "text/plain": "<Figure size 480x297.6>"})
    ]
    return notebook


def code(number, source=None, **changes):
    """Change a code cell of the small chapter."""

    def change(notebook):
        cell = dict(notebook_reading.code_cells(notebook))[number]
        if source is not None:
            cell.source = source
        cell.update(changes)

    return change


def prints(text):
    return code(2, outputs=[new_output("stream", name="stdout", text=text)])


def words(old, new):
    """Replace text in the Markdown cells."""

    def change(notebook):
        hits = 0
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and old in cell.source:
                cell.source = cell.source.replace(old, new)
                hits += 1
        assert hits == 1, f"{old!r} is in {hits} cells of the small chapter"

    return change


figure_after_answer = words("A model answer: why six", "Answer: why six")


def open_after_fold(notebook):
    """Let an open output follow a folded one that follows an answer."""
    figure_after_answer(notebook)
    shown, drawn = (dict(notebook_reading.code_cells(notebook))[n] for n in (2, 3))
    drawn.metadata["tags"] = ["hide-cell"]
    notebook.cells.insert(notebook.cells.index(drawn) + 1, copy.deepcopy(shown))


def says(text):
    return words("Which shape?", f"Which shape?\n\n{text}")


def figure(**changes):
    def change(notebook):
        meta = dict(notebook_reading.code_cells(notebook))[3].metadata
        for key, value in changes.items():
            if key == "alt":
                meta.mystnb["image"]["alt"] = value
            elif key == "tags":
                meta["tags"] = value
            else:
                meta.mystnb.figure[key] = value

    return change


def prompt(text):
    """Return the metadata of a cell that hides its output behind `text`."""
    return nbformat.from_dict({"tags": ["hide-output"], "mystnb": {"code_prompt_show": text}})


def metadata(key, value):
    return lambda notebook: notebook.metadata.update({key: value})


def widget(saved=(WIDGET,)):
    """Show a living figure, and save the state of the widgets `saved`."""

    def change(notebook):
        view = {"version_major": 2, "version_minor": 0, "model_id": WIDGET}
        output = dict(notebook_reading.code_cells(notebook))[3].outputs[0]
        output.data[notebook_reading.WIDGET_VIEW] = view
        state = {name: {"state": {}} for name in saved}
        notebook.metadata["widgets"] = {rules_outputs.WIDGET_STATE: {"state": state}}

    return change


def swapped(first, second):
    """Exchange two texts, wherever they are."""

    def change(notebook):
        text = nbformat.writes(notebook)
        text = text.replace(first, "\0").replace(second, first).replace("\0", second)
        notebook.cells = nbformat.reads(text, 4).cells

    return change


NAIVE_CONV = Path(loops.__file__).read_text(encoding="utf-8").split("def ")[1]

BAD = [
    (rules_outputs.every_cell_was_run, code(2, execution_count=None), "not [1, 2, 3, 4, 5]"),
    (rules_outputs.every_cell_was_run, code(4, execution_count=9), "not [1, 2, 3, 4, 5]"),
    (rules_outputs.every_cell_was_run, lambda n: n.cells.clear(), "no code cell"),
    (
        rules_outputs.no_cell_failed,
        code(2, outputs=[new_output("error", ename="KeyError", evalue="1", traceback=[])]),
        "code cell 2 put out the error KeyError",
    ),
    (
        rules_outputs.no_cell_failed,
        code(2, outputs=[new_output("stream", name="stderr", text="Warning")]),
        "stderr: 'Warning'",
    ),
    (rules_outputs.no_address_is_printed, prints("<Dense at 0x7f00deadbeef>"), "0x7f00deadbeef"),
    (rules_outputs.no_path_is_printed, prints("saved to /home/me/model.npz"), "/home/me/model.npz"),
    (rules_outputs.no_path_is_printed, prints("saved to C:\\Users"), "C:"),
    (rules_outputs.no_time_is_printed, prints("took 3.2 s"), "3.2 s"),
    (rules_outputs.no_time_is_printed, prints("took 12 ms"), "12 ms"),
    (rules_outputs.no_time_is_printed, prints("100 it/s"), "100 it/s"),
    (rules_outputs.no_time_is_printed, prints("in 2 seconds"), "2 seconds"),
    (rules_outputs.numbers_are_rounded, prints("[0.30000000000000004]"), "0.30000000000000004"),
    (rules_outputs.numbers_are_rounded, prints("1.234567891e-05"), "1.234567891e-05"),
    (rules_code.no_clock_is_read, code(2, "from time import perf_counter"), "perf_counter"),
    (rules_code.no_clock_is_read, code(2, "%timeit f(x)"), "%timeit"),
    (rules_code.randomness_has_a_seed, code(2, "np.random.seed(1)"), "np.random.seed"),
    (rules_code.randomness_has_a_seed, code(2, "rng = np.random.default_rng()"), "default_rng()"),
    (rules_code.randomness_has_a_seed, code(2, "import random"), "import random"),
    (rules_outputs.kernel_is_python3, metadata("kernelspec", {"name": "my-env"}), "'my-env'"),
    (rules_outputs.kernel_is_python3, lambda n: n.metadata.pop("kernelspec"), "None"),
    (rules_outputs.metadata_holds_nothing_else, metadata("toc", {}), "'toc'"),
    (
        rules_outputs.metadata_holds_nothing_else,
        code(2, metadata=nbformat.from_dict({"execution": {}})),
        "code cell 2: metadata hold 'execution'",
    ),
    (rules_outputs.widgets_are_shown_and_saved, widget(saved=()), "has no saved state"),
    (
        rules_outputs.widgets_are_shown_and_saved,
        widget(saved=(WIDGET, "1" * 32)),
        "belongs to nothing",
    ),
    (rules_outputs.tags_are_known, figure(tags=["hide-input", "hide_input"]), "'hide_input'"),
    (rules_code.first_cell_sets_up_the_figures, code(1, "use_book_style()"), "not the set-up"),
    (rules_code.first_cell_sets_up_the_figures, code(1, metadata={"tags": []}), "remove-cell"),
    (
        rules_plain.says_where_it_looks_right,
        words("[JupyterLab](../README.md#run-in-jupyterlab)", "JupyterLab"),
        "does not say where",
    ),
    (
        rules_plain.says_where_it_looks_right,
        lambda n: n.cells[1].metadata.pop("tags"),
        "not tagged remove-cell",
    ),
    (
        rules_plain.columns_stand_in_an_environment,
        says("$$\ny &= a, \\\\ L &= b\n$$"),
        "around the formula 'y &= a",
    ),
    (
        rules_plain.figures_are_mentioned,
        words("as [the figure below](#fig-23-line) says", "as the figure says"),
        "does not mention fig-23-line",
    ),
    (rules_outputs.figures_are_described, figure(name="line"), "must begin with fig-23-"),
    (rules_outputs.figures_are_described, figure(name="fig-22-line"), "must begin with fig-23-"),
    (rules_outputs.figures_are_described, figure(caption="A line."), "does not say what to see"),
    (rules_outputs.figures_are_described, figure(alt="line.png"), "does not say what is there"),
    (
        rules_outputs.figures_are_described,
        figure(alt="Image of the numbers in the list that stands above this text."),
        "does not say what is there",
    ),
    (
        rules_outputs.figures_are_described,
        figure(alt="The line rises from left to right, and never falls."),
        "alt text and caption are the same",
    ),
    (rules_outputs.figures_are_described, figure(tags=[]), "its code is not hidden"),
    (rules_outputs.figures_are_described, code(3, outputs=[]), "called a figure and shows none"),
    (
        rules_outputs.figures_are_described,
        code(3, outputs=[new_output("display_data", {"image/png": "AA=="})] * 2),
        "exactly one picture",
    ),
    (
        rules_outputs.figures_are_described,
        code(2, outputs=[new_output("display_data", {"image/png": "AA=="})]),
        "figure without a name",
    ),
    (
        rules_outputs.figures_are_described,
        lambda n: n.cells.append(copy.deepcopy(dict(notebook_reading.code_cells(n))[3])),
        "the name is taken",
    ),
    (
        rules_outputs.figures_are_shown,
        code(3, "plt.plot([0, 1])"),
        "draws without plt.show(), or ends in an object",
    ),
    (
        rules_outputs.figures_are_shown,
        code(3, outputs=[new_output("execute_result", {"image/png": "AA=="})]),
        "draws without plt.show(), or ends in an object",
    ),
    (
        rules_outputs.no_object_is_printed,
        prints("[<matplotlib.lines.Line2D at 1>]"),
        "<matplotlib.lines",
    ),
    (
        rules_outputs.no_object_is_printed,
        prints("<tinycnn_lib.layers.Dense object at"),
        "an object",
    ),
    (rules_pages.no_exclamation, says("Well done!"), "Well done!"),
    (rules_pages.no_forbidden_words, says("You simply add."), "'simply'"),
    (rules_pages.no_forbidden_words, says("Obviously so."), "'Obviously'"),
    (rules_pages.no_emoji, says("Done \U0001f389"), "\U0001f389"),
    (rules_pages.no_raw_html, says("<details><summary>x</summary></details>"), "<details>"),
    (rules_pages.no_raw_html, says('<img src="x.png">'), "<img"),
    (rules_pages.no_task_list, says("- [ ] read"), "- [ ] read"),
    (rules_pages.no_math_fence, says(":::{math}\n:label: eq-23-x\n\nx\n\n:::"), "{math}"),
    (rules_pages.fences_are_colons_with_air, says("```{note}\n\nx\n\n```"), "with colons"),
    (rules_pages.fences_are_colons_with_air, says(":::{note}\nx\n:::"), "blank line inside"),
    (rules_pages.fences_are_colons_with_air, says(":::{note}\n\nx\n:::"), "blank line inside"),
    (
        rules_pages.fences_are_colons_with_air,
        says(":::{note}\n\nx\n"),
        "not closed in the same cell",
    ),
    (
        rules_pages.labels_start_with_the_chapter,
        words("(sec-23-first)", "(sec-first)"),
        "'sec-first'",
    ),
    (rules_pages.labels_start_with_the_chapter, words("eq-23-double", "eq-double"), "'eq-double'"),
    (
        rules_pages.labels_start_with_the_chapter,
        swapped("ex-23-shape", "ex-22-shape"),
        "'ex-22-shape'",
    ),
    (
        rules_pages.labels_start_with_the_chapter,
        words("eq-23-double", "sec-23-first"),
        "there twice",
    ),
    (rules_pages.one_title, words("# A Small", "## A Small"), "one title"),
    (rules_pages.one_title, says("# Another title"), "one title"),
    (
        rules_pages.header_says_what_awaits,
        words(":class: chapter-header dropdown", ":class: note"),
        "[]",
    ),
    (
        rules_pages.questions_have_folded_answers,
        words("} Answer: how", "} It is how"),
        "not followed",
    ),
    (
        rules_pages.questions_have_folded_answers,
        words("A model answer: ", "Because: "),
        "not followed",
    ),
    (
        rules_pages.questions_have_folded_answers,
        words("} Predict", "} Guess"),
        "must be called 'Predict'",
    ),
    (
        rules_pages.folds_have_names_of_their_own,
        words("Hint 2, shapes: a method", "Hint 1, shapes: a nudge"),
        "'Hint 1, shapes: a nudge' is there twice",
    ),
    (
        rules_pages.folds_have_names_of_their_own,
        words("Answer: how many there are", "Answer: six"),
        "own",
    ),
    (
        rules_pages.header_tells_the_time,
        words("**Plan for** half an hour of", "**Plan for** two hours of"),
        "does not say: **Plan for** half an hour",
    ),
    (
        rules_pages.predictions_stay_secret,
        figure_after_answer,
        "'Answer: why six': tag the cell below hide-output or hide-cell",
    ),
    (
        rules_pages.predictions_stay_secret,
        open_after_fold,
        "'Answer: why six': tag the cell below hide-output or hide-cell",
    ),
    (
        rules_pages.folds_have_names_of_their_own,
        code(2, metadata=nbformat.from_dict({"tags": ["hide-output"]})),
        "code cell 2 is folded",
    ),
    (
        rules_pages.folds_have_names_of_their_own,
        code(2, metadata=prompt("Answer: how many there are")),
        "'Answer: how many there are' is there twice",
    ),
    (
        rules_pages.exercises_are_whole,
        words("Hint 2, shapes: a method", "Further hint"),
        "two folds",
    ),
    (
        rules_pages.exercises_are_whole,
        words("solution-start} ex-23-shape", "solution-start} ex-23-x"),
        "does not follow its exercise",
    ),
    (rules_pages.exercises_are_whole, words(":class: dropdown", ":class: open"), "is not folded"),
    (
        rules_pages.exercises_are_whole,
        words(":::{exercise-end}\n\n:::", ""),
        "begins inside of a exercise",
    ),
    (
        rules_pages.exercises_are_whole,
        words(":::{solution-end}\n\n:::", ""),
        "last solution is not closed",
    ),
    (
        rules_pages.exercises_are_whole,
        words(":::{exercise-start}", ":::{note}"),
        "without its start",
    ),
    (rules_pages.exercises_are_whole, words(":::{solution-start}", ":::{note}"), "has no solution"),
    (rules_pages.exercises_are_whole, says(":::{exercise} x\n\n:::"), "cannot hold code"),
    (
        rules_pages.exercises_are_whole,
        says(":::{exercise-start} y\n:label: ex-23-y\n\n:::"),
        "begins inside of ex-23-shape",
    ),
    (rules_pages.exercises_are_whole, lambda n: n.cells.pop(-2), "its solution has no code"),
    (rules_pages.exercises_are_whole, lambda n: n.cells.clear(), "there is no exercise"),
    (
        rules_pages.answers_are_checked,
        code(4, "# Your answer\nshape = None"),
        "the answer offers set()",
    ),
    (rules_pages.answers_are_checked, code(5, "shape = 1"), "the solution calls set()"),
    (
        rules_pages.answers_are_checked,
        code(4, "shape = 1\n# check_output_shape(shape, 1)"),
        "must begin",
    ),
    (
        rules_pages.answers_are_checked,
        code(4, "# Your answer\ncheck_output_shape(1, 1)"),
        "behind a #",
    ),
    (
        rules_pages.answers_are_checked,
        swapped("check_output_shape", "check_shape"),
        "no check_shape in",
    ),
    (rules_code.imports_are_the_books, code(2, "import torch"), "imports torch"),
    (
        rules_code.imports_are_the_books,
        code(2, "if x:\n    from scipy.signal import y"),
        "scipy.signal",
    ),
    (rules_code.imports_are_the_books, code(2, "this is no python"), "is no Python"),
    (rules_code.magics_are_the_set_up, code(2, "!pip install x"), "'!pip install x'"),
    (rules_code.magics_are_the_set_up, code(2, "%load_ext autoreload"), "%load_ext"),
    (rules_code.library_is_shown_not_pasted, code(2, "class ReLU:\n    pass"), "show_source(ReLU)"),
    (
        rules_code.library_is_shown_not_pasted,
        code(2, "def mine" + NAIVE_CONV[NAIVE_CONV.index("(") :]),
        "mine is tinycnn_lib.loops.",
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_chapter_keeps_the_rule(rule):
    assert rule(good(), number="23") == []


@pytest.mark.parametrize(
    ("rule", "change", "fault"), BAD, ids=[f"{bad[0].__name__}-{n}" for n, bad in enumerate(BAD)]
)
def test_a_bad_chapter_breaks_the_rule(rule, change, fault):
    notebook = good()
    change(notebook)
    found = rule(notebook, number="23")
    assert any(fault in one for one in found), found


def test_every_rule_was_shown_a_bad_chapter():
    assert set(RULES) == {bad[0] for bad in BAD}
    assert len(RULES) > 30


@pytest.mark.parametrize(
    "change",
    [
        widget(),
        says("Is 1 <2 and 3> 2? See <https://a.org>."),
        code(2, metadata=prompt("Show the whole class")),
    ],
)
def test_a_chapter_may_hold_this(change):
    notebook = good()
    change(notebook)
    assert [fault for rule in RULES for fault in rule(notebook, number="23")] == []


# --- the pair ----------------------------------------------------------------------------------
def through_json(notebook):
    return nbformat.reads(nbformat.writes(notebook), 4)


def written():
    """Return the good chapter as book/notebooks.py writes it, but not run."""
    notebook = good()
    notebooks.fold_code(notebook)
    return notebook


def test_code_of_figures_and_of_solutions_is_folded():
    folded = [
        (cell.source, cell.metadata["jupyter"])
        for cell in written().cells
        if cell.cell_type == "code" and "jupyter" in cell.metadata
    ]
    (set_up, of_set_up), (figure_code, of_figure), (solution_code, of_solution) = folded
    assert "use_book_style" in set_up
    assert of_set_up == {"source_hidden": True}
    assert of_figure == {"source_hidden": True}
    assert of_solution == {"source_hidden": True, "outputs_hidden": True}
    assert "plt.show()" in figure_code
    assert re.search(r"^check_output_shape\(", solution_code, re.M)


def test_a_pair_says_the_same():
    from_md, from_ipynb = notebook_reading.pair_difference(GOOD, through_json(written()))
    assert from_md == from_ipynb
    assert from_md.lstrip().startswith("# A Small Chapter")
    assert "fig-23-line" in from_md


def test_the_order_of_metadata_does_not_count():
    turned = GOOD.replace("tags: [hide-input]\nmystnb:", "mystnb:").replace(
        "upper right one.\n---", "upper right one.\ntags: [hide-input]\n---"
    )
    assert turned != GOOD
    from_md, from_ipynb = notebook_reading.pair_difference(turned, through_json(written()))
    assert from_md == from_ipynb


@pytest.mark.parametrize(
    "change",
    [
        words("Which shape?", "Which size?"),
        code(5, "shape = (1, 2, 3, 4)"),
        figure(alt="Another line from the lower left corner to the upper right one."),
        figure(tags=[]),
        lambda notebook: notebook.cells.pop(),
        lambda notebook: [cell.metadata.pop("jupyter", None) for cell in notebook.cells],
    ],
    ids=["words", "code", "alt", "tags", "missing", "not folded"],
)
def test_a_pair_that_differs_is_found(change):
    notebook = written()
    change(notebook)
    from_md, from_ipynb = notebook_reading.pair_difference(GOOD, through_json(notebook))
    assert from_md != from_ipynb
