"""Let the answer cells of a chapter run in its page: bring Python, and what an answer may use.

`static/answers.js` makes the cells live; `python/runtime.py` brings Python; `names_before` cuts out
of the chapter what stands ready. PYTHON_IN_PAGE=no in the environment leaves all of it out.
"""

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from names_before import definitions, names_before, names_missing
from sphinx.errors import ExtensionError

sys.path.append(str(Path(__file__).parents[1] / "python"))
import runtime

FOLDER = "_static/python"
CALL = re.compile(r"^# (check_\w+\(.*\))$", re.M)
LABEL = re.compile(r":label: (ex-\S+)")
PAGES = {}  # name of a chapter: the file name of its data


@dataclass
class Exercise:
    """An exercise with an answer cell: its label, that cell's code, and what stands around it."""

    label: str
    answer: str
    before: list[str]  # the code cells before it
    solution: list[str]  # the code cells of its solution

    @property
    def checks(self):
        """The calls that check an answer, as Python."""
        return "\n".join(CALL.findall(self.answer))


def is_answer(cell):
    """Tell whether a cell waits for a reader's answer."""
    return cell.cell_type == "code" and cell.source.startswith("# Your answer")


def exercises_of(notebook):
    """Return the exercises of a chapter that have an answer cell."""
    found, before, label, in_solution = [], [], None, False
    for cell in notebook.cells:
        if is_answer(cell):
            found.append(Exercise(label, cell.source, list(before), []))
        elif cell.cell_type == "code":
            before.append(cell.source)
            if in_solution:
                found[-1].solution.append(cell.source)
        else:
            label = (LABEL.findall(cell.source) or [label])[-1]
            marks = re.findall(r"{solution-(start|end)}", cell.source)
            in_solution = bool(found) and (marks or ["start" if in_solution else ""])[-1] == "start"
    return found


def code_of(path):
    """Return the code that stands ready for each answer of a chapter, by label, and "scratch"."""
    notebook = nbformat.read(path, as_version=4)
    before = {}
    for exercise in exercises_of(notebook):
        uses = names_missing([exercise.answer, exercise.checks, *exercise.solution])
        before[exercise.label] = names_before(exercise.before, uses)
    cells = [c.source for c in notebook.cells if c.cell_type == "code" and not is_answer(c)]
    return before | {"scratch": definitions(cells)}


def bring_python(app):
    """Write Python's files and each chapter's data into the built book."""
    PAGES.clear()
    if app.builder.format != "html" or os.environ.get("PYTHON_IN_PAGE") == "no":
        return
    chapters = sorted(Path(app.srcdir, "chapters").glob("*.ipynb"))
    folder = Path(app.outdir, FOLDER)
    try:
        files = runtime.write_runtime(folder)
    except runtime.PythonMissingError as error:
        raise ExtensionError(str(error)) from error
    for path in chapters:
        before = code_of(path)
        text = f"window.bookPython = {json.dumps({'before': before, **files}, sort_keys=True)};\n"
        data = runtime.named(f"{path.stem}.js", text.encode())
        (folder / data).write_text(text, encoding="utf-8")
        PAGES[f"chapters/{path.stem}"] = data


def make_live(app, page, template, context, doctree):
    """Add the script and the style to a chapter's page."""
    if page in PAGES and context.get("pathto"):
        folder = context["pathto"](FOLDER, resource=True)
        about = {"runtime": f"{folder}/", "page": page.split("/")[-1], "data": PAGES[page]}
        app.add_css_file("answers.css")
        app.add_js_file("answers.js", **{f"data-{key}": value for key, value in about.items()})


def setup(app):
    """Bring Python before the pages are written, for they name its files."""
    app.connect("builder-inited", bring_python)
    app.connect("html-page-context", make_live)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
