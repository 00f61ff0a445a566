"""The chapters in a real JupyterLab: each is opened and read, one is run, answered and saved.

That all of them run to what they recorded is what nbval compares.
"""

import copy
import difflib
import re

import nbformat
import pytest
from lab_page import IMAGES, SECONDS, LabPage
from lab_server import ROOT, copy_book, jupyterlab
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
RUN = "22-convolution"  # the one that takes the least time, with a living figure and checkers
ANSWER_SECONDS = 20
WIDGET = "application/vnd.jupyter.widget-view+json"
TEXTS = ("text/plain", "text/markdown")
LEAK = re.compile(
    r"Unknown Directive|::|```|\{[a-z:-]+\}|\$\$|\\(?:frac|mathbf|sum|text)\b|\]\(\S+\)"
)
# Directives of the sources, and what jupyterlab-myst makes of them.
RENDERED = {
    "admonition": ".myst-admonition",
    "prf:definition": ".myst-proof",
    "dropdown": ".myst-dropdown",
    "(?:exercise|solution)-start": ".myst-exercise",
}


# How many boxes of each kind each cell shows.
BOXES = """(cells, kinds) => cells.map(
  (cell) => kinds.map((kind) => cell.querySelectorAll(kind).length))"""
# Of one exercise of the chapter that is run: its checker, the right arguments, and wrong ones.
CHECKER = "check_output_sizes"
RIGHT = "(1, 6, 24, 24), (8, 16, 16, 24), 3, 1"
WRONG = "(1, 6, 24, 24), (8, 16, 24, 16), 3, 1"


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
def address(book, tmp_path_factory):
    """Start JupyterLab; jupytext is off, because a reader does not get it on Binder."""
    with jupyterlab(book[0], tmp_path_factory.mktemp("home"), ["jupyterlab-jupytext"]) as address:
        yield address


@pytest.fixture(scope="module")
def lab(browser, book, address):
    """Open the chapter that is run, run all its cells, save it."""
    lab = LabPage(browser, address(f"chapters/{RUN}.ipynb"))
    lab.run_all()
    lab.save()
    lab.saved = nbformat.read(book[0] / "chapters" / f"{RUN}.ipynb", as_version=4)
    yield lab
    lab.context.close()


@pytest.fixture
def recorded(book):
    """Return the chapter that is run as it is in the book."""
    return book[1][RUN]


@pytest.fixture(scope="module", params=CHAPTERS)
def name(request):
    """Name a chapter; all tests of what it shows are run together, on one page."""
    return request.param


@pytest.fixture(scope="module")
def opened(browser, address, name):
    """Open a chapter, and run nothing."""
    lab = LabPage(browser, address(f"chapters/{name}.ipynb"))
    yield lab
    lab.context.close()


def texts(cell):
    """Return what a code cell put out, line by line: streams joined, texts, and errors' names."""
    streams, others = {}, []
    for output in cell.outputs:
        if output.output_type == "stream":
            streams[output.name] = streams.get(output.name, "") + output.text
        elif output.output_type == "error":
            others.append(("error", f"{output.ename}: {output.evalue}"))
        elif WIDGET not in output.data:
            others += [(kind, output.data[kind]) for kind in TEXTS if kind in output.data]
    return [
        f"{kind}: {line}"
        for kind, text in [*sorted(streams.items()), *others]
        for line in text.split("\n")
    ]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def count_outputs(notebook, kind, without=()):
    """Count the outputs that offer one kind and none of the others."""
    bundles = [o.get("data", {}) for cell in code_cells(notebook) for o in cell.outputs]
    return sum(kind in data and not set(without) & set(data) for data in bundles)


class TestWhatIsShown:
    def test_renders_its_directives(self, opened, book, name):
        recorded = book[1][name]
        prose, boxes = opened.prose(), opened.cells().evaluate_all(BOXES, list(RENDERED.values()))
        for place, cell in enumerate(recorded.cells):
            if cell.cell_type != "markdown":
                continue
            text = prose[place]
            leak = LEAK.search(text)
            assert not leak, f"...{text[max(0, leak.start() - 60) : leak.end() + 60]}..."
            for directive, count in zip(RENDERED, boxes[place], strict=True):
                titles = re.findall(rf"^:{{3,}}\{{{directive}\}} (.+)$", cell.source, re.M)
                # An end of a solution, far from its start, is a box of its own.
                assert count >= len(titles), cell.source
                for title in titles:  # a solution's is the name of its exercise
                    assert title.startswith("ex-") or plain(title) in plain(text), title

    def test_marks_nothing_as_unknown(self, opened):
        assert opened.page.locator(".myst [title*='Not Found']").all_text_contents() == []

    def test_renders_its_formulas(self, opened, book, name):
        recorded = book[1][name]
        assert opened.page.locator(".katex-error, .myst .text-red-500").count() == 0
        displays = [c.source.count("$$") // 2 for c in recorded.cells if c.cell_type == "markdown"]
        assert opened.page.locator(".myst .katex-display").count() == sum(displays) > 0

    def test_asked_no_other_host(self, opened):
        assert opened.foreign == []


class TestRun:
    def test_runs_to_its_recorded_outputs(self, lab, recorded):
        ran, recorded = code_cells(lab.saved), code_cells(recorded)
        assert [cell.source for cell in ran] == [cell.source for cell in recorded]
        assert [cell.execution_count for cell in ran] == list(range(1, len(recorded) + 1))
        for new, old in zip(ran, recorded, strict=True):
            changes = difflib.unified_diff(
                texts(old), texts(new), "recorded", "in JupyterLab", lineterm="", n=0
            )
            said = "\n".join(changes)
            assert not said, f"cell {new.execution_count}:\n{said}"
        assert all(o.output_type != "error" for cell in ran for o in cell.outputs)

    def test_shows_its_figures(self, lab, recorded):
        widths = lab.page.locator(IMAGES).evaluate_all("(all) => all.map((i) => i.naturalWidth)")
        wanted = count_outputs(recorded, "image/png", without=[WIDGET])
        assert len(widths) == wanted > 0, f"{len(widths)} pictures are shown, {wanted} recorded"
        assert min(widths) > 50

    def test_living_figures_answer(self, lab, recorded):
        figures = lab.page.locator(".jp-OutputArea-output .lf")
        figures.first.wait_for()
        assert figures.count() == count_outputs(recorded, WIDGET) > 0
        for figure in figures.all():
            before = figure.inner_text()
            step = figure.get_by_role("button", name="Step", exact=True)
            (step if step.count() else figure.locator(".lf-cell").last).first.click()
            try:
                lab.page.wait_for_function(
                    "([figure, before]) => figure.innerText !== before",
                    arg=[figure.element_handle(), before], timeout=ANSWER_SECONDS * SECONDS,
                )  # fmt: skip
            except PlaywrightTimeoutError:
                pytest.fail(f"Clicked, this figure stays as it is:\n{before}", pytrace=False)

    def test_checkers_answer(self, lab, recorded):
        """A reader who has only removed the # is told what is missing."""
        asked = 0
        for place, cell in enumerate(recorded.cells):
            if cell.cell_type == "code" and re.search(r"^# check_\w+\(", cell.source, re.M):
                source = re.sub(r"^# (check_\w+\()", r"\1", cell.source, flags=re.M)
                said = lab.answer(place, source)
                assert said.startswith("ExerciseError: "), f"{source}\nsays {said}"
                assert "Traceback" not in said
                asked += 1
        assert asked >= 4

    def test_checker_tells_right_from_wrong(self, lab, recorded):
        sources = [cell.source for cell in recorded.cells]
        (place,) = (i for i, source in enumerate(sources) if f"# {CHECKER}(" in source)
        said = lab.answer(place, f"{CHECKER}({WRONG})")
        assert said.startswith("ExerciseError: "), said
        said = lab.answer(place, f"{CHECKER}({RIGHT})")
        assert said.startswith("Right: "), said

    def test_asked_no_other_host(self, lab):
        """Stands last, so that it speaks for all that was done before."""
        assert lab.foreign == []


def plain(text):
    """Return letters and digits only: quotes and formulas are typeset on the way."""
    return re.sub(r"[^A-Za-z0-9]", "", re.sub(r"\$[^$]*\$|`[^`]*`", "", text))
