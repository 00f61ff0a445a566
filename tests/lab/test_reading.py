"""Every chapter in a real JupyterLab: opened, run, answered and saved as a reader does it."""

import copy
import functools
import re

import nbformat
import pytest
from lab_page import IMAGES, LabPage
from lab_server import ROOT, copy_book, jupyterlab

CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"
TEXTS = ("text/plain", "text/markdown")
# JupyterLab knows neither the names of figures, which live in their cells, nor the bibliography.
UNKNOWN = re.compile(r"fig-\d\d-[\w-]+|[a-z]+(19|20)\d\d[a-z]*")
LEAK = re.compile(r":::|```|\{[a-z:-]+\}|\$\$|\\(?:frac|mathbf|sum|text)\b|\]\(\S+\)")
# Directives of the sources, and what jupyterlab-myst makes of them.
RENDERED = {
    "admonition": ".myst-admonition",
    "prf:definition": ".myst-proof",
    "dropdown": ".myst-dropdown",
    "(?:exercise|solution)-start": ".myst-exercise",
}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Copy the book, with notebooks that were not run; return the copy and what they recorded."""
    folder = copy_book(tmp_path_factory.mktemp("book"))
    recorded = {}
    for name in CHAPTERS:
        path = folder / "chapters" / f"{name}.ipynb"
        recorded[name] = nbformat.read(path, as_version=4)
        blank = copy.deepcopy(recorded[name])
        for cell in blank.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(blank, path)
    return folder, recorded


@pytest.fixture(scope="module")
def visit(browser, book, tmp_path_factory):
    """Return a function: chapter -> its page in JupyterLab, all cells run, and the saved file."""
    folder, _ = book
    opened = []

    # jupytext is not among what a reader gets on Binder, so it is off.
    with jupyterlab(folder, tmp_path_factory.mktemp("home"), ["jupyterlab-jupytext"]) as address:

        @functools.cache
        def go(name):
            lab = LabPage(browser, address(f"lab/tree/chapters/{name}.ipynb"))
            opened.append(lab)
            lab.run_all()
            lab.save()
            return lab, nbformat.read(folder / "chapters" / f"{name}.ipynb", as_version=4)

        yield go
        for lab in opened:
            lab.context.close()


def texts(cell):
    """Return what a code cell put out as text, streams joined, and the errors' names."""
    found, streams = [], {}
    for output in cell.outputs:
        if output.output_type == "stream":
            streams[output.name] = streams.get(output.name, "") + output.text
        elif output.output_type == "error":
            found.append(("error", output.ename, output.evalue))
        elif WIDGET not in output.data:
            found += [(kind, output.data[kind]) for kind in TEXTS if kind in output.data]
    return sorted(streams.items()), found


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def count_outputs(notebook, kind, without=()):
    """Count the outputs that offer one kind and none of the others."""
    bundles = [o.get("data", {}) for cell in code_cells(notebook) for o in cell.outputs]
    return sum(kind in data and not set(without) & set(data) for data in bundles)


@pytest.mark.parametrize("name", CHAPTERS)
class TestChapter:
    """One class, so that a chapter is run once."""

    def test_runs_to_its_recorded_outputs(self, visit, book, name):
        ran, recorded = code_cells(visit(name)[1]), code_cells(book[1][name])
        assert [cell.source for cell in ran] == [cell.source for cell in recorded]
        assert [cell.execution_count for cell in ran] == list(range(1, len(recorded) + 1))
        for new, old in zip(ran, recorded, strict=True):
            assert texts(new) == texts(old), old.source
        assert all(o.output_type != "error" for cell in ran for o in cell.outputs)

    def test_shows_its_figures(self, visit, book, name):
        lab, _ = visit(name)
        widths = lab.page.locator(IMAGES).evaluate_all("(all) => all.map((i) => i.naturalWidth)")
        assert len(widths) == count_outputs(book[1][name], "image/png", without=[WIDGET]) > 0
        assert min(widths) > 50

    def test_renders_its_directives(self, visit, book, name):
        lab, notebook = visit(name)[0], book[1][name]
        prose = lab.prose()
        for place, cell in enumerate(notebook.cells):
            if cell.cell_type != "markdown":
                continue
            text = prose[place]
            leak = LEAK.search(text)
            assert not leak, f"...{text[max(0, leak.start() - 60) : leak.end() + 60]}..."
            rendered = lab.cells().nth(place)
            for directive, selector in RENDERED.items():
                titles = re.findall(rf"^:{{3,}}\{{{directive}\}} (.+)$", cell.source, re.M)
                # An end of a solution, far from its start, is a box of its own.
                assert rendered.locator(selector).count() >= len(titles), cell.source
                for title in titles:  # a solution's is the name of its exercise
                    assert title.startswith("ex-") or plain(title) in plain(text), title

    def test_marks_only_figures_and_papers_as_unknown(self, visit, name):
        marks = visit(name)[0].page.locator(".myst [title*='Not Found']").all_inner_texts()
        assert [mark for mark in marks if not UNKNOWN.fullmatch(mark.strip())] == []

    def test_renders_its_formulas(self, visit, book, name):
        lab, notebook = visit(name)[0], book[1][name]
        assert lab.page.locator(".katex-error, .myst .text-red-500").count() == 0
        displays = [c.source.count("$$") // 2 for c in notebook.cells if c.cell_type == "markdown"]
        assert lab.page.locator(".myst .katex-display").count() == sum(displays) > 0

    def test_asks_no_other_host(self, visit, name):
        assert visit(name)[0].foreign == []

    def test_living_figures_answer(self, visit, book, name):
        figures = visit(name)[0].page.locator(".jp-OutputArea-output .lf")
        figures.first.wait_for()
        assert figures.count() == count_outputs(book[1][name], WIDGET) > 0
        for figure in figures.all():
            before = figure.inner_text()
            step = figure.get_by_role("button", name="Step", exact=True)
            (step if step.count() else figure.locator(".lf-cell").last).first.click()
            handle = figure.element_handle()
            visit(name)[0].page.wait_for_function(
                "([figure, before]) => figure.innerText !== before", arg=[handle, before]
            )

    def test_checkers_answer(self, visit, book, name):
        """A reader who has only removed the # is told what is missing."""
        lab, notebook = visit(name)[0], book[1][name]
        asked = 0
        for place, cell in enumerate(notebook.cells):
            if cell.cell_type == "code" and re.search(r"^# check_\w+\(", cell.source, re.M):
                source = re.sub(r"^# (check_\w+\()", r"\1", cell.source, flags=re.M)
                said = lab.answer(place, source)
                assert said.startswith("ExerciseError: "), said
                assert "Traceback" not in said
                asked += 1
        assert asked >= 4


def plain(text):
    """Return letters and digits only: quotes and formulas are typeset on the way."""
    return re.sub(r"[^A-Za-z0-9]", "", re.sub(r"\$[^$]*\$|`[^`]*`", "", text))


def test_right_answer_is_praised(visit, book):
    name = "23-building-a-cnn"
    sources = [cell.source for cell in book[1][name].cells]
    place = next(i for i, source in enumerate(sources) if "# check_output_shape(" in source)
    said = visit(name)[0].answer(place, "check_output_shape((16, 8, 28, 28), 608)")
    assert said.startswith("Right: "), said
