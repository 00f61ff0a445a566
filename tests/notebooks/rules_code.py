"""Rules for the code of a chapter."""

import ast
import re
import sys
from pathlib import Path

import downloads
from notebook_reading import code_cells, parsed

import tinycnn_lib
from tinycnn_lib import layers, loops, losses, models

SET_UP = f'''%config InlineBackend.figure_format = "retina"
try:
    from tinycnn_lib.plotting import use_book_style
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(f"""{{missing.name}} is not installed.
Run this line in a new cell above this one, then run this one again:
{downloads.LINES}
""") from None
use_book_style()'''


def first_cell_sets_up_the_figures(notebook, number):
    first = next((cell for _, cell in code_cells(notebook)), None)
    if first is None or first.source.strip() != SET_UP:
        return ["the first code cell is not the set-up of CONTRIBUTING.md"]
    if first.metadata.get("tags") != ["remove-cell"]:
        return ["the set-up is not tagged remove-cell"]
    return []


def no_clock_is_read(notebook, number):
    pattern = r"perf_counter|process_time|\btime\.time\b|%%?time(?:it)?\b|datetime\.now"
    return [
        f"code cell {n} reads the clock: {found.group()}"
        for n, cell in code_cells(notebook)
        for found in re.finditer(pattern, cell.source)
    ]


def randomness_has_a_seed(notebook, number):
    pattern = r"np\.random\.(?!default_rng|Generator)\w+|default_rng\(\s*\)|^import random"
    return [
        f"code cell {n}: {found.group()}: use np.random.default_rng(seed)"
        for n, cell in code_cells(notebook)
        for found in re.finditer(pattern, cell.source, re.MULTILINE)
    ]


def imports_are_the_books(notebook, number):
    allowed = {"tinycnn_lib", "numpy", "matplotlib"} | set(sys.stdlib_module_names)
    faults = []
    for n, cell in code_cells(notebook):
        tree = parsed(cell)
        if tree is None:
            faults.append(f"code cell {n} is no Python")
            continue
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            faults += [
                f"code cell {n} imports {x}" for x in names if x.split(".")[0] not in allowed
            ]
    return faults


def magics_are_the_set_up(notebook, number):
    return [
        f"code cell {n} runs {line.strip()!r}"
        for n, cell in code_cells(notebook)
        for line in cell.source.splitlines()
        if re.match(r"\s*[%!]\w", line) and line not in SET_UP
    ]


def _bodies(tree):
    """Yield (name, its body as text without the docstring) of every function of some length."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if len(body) >= 3:
                yield node.name, "\n".join(ast.unparse(line) for line in body)


def library_is_shown_not_pasted(notebook, number):
    """No cell defines a class of the library anew, nor a function with the body of one of its."""
    classes = {name for name in tinycnn_lib.__all__ if isinstance(getattr(tinycnn_lib, name), type)}
    shipped = {}
    for module in (layers, loops, losses, models):
        for name, body in _bodies(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            shipped[body] = f"{module.__name__}.{name}"
    faults = []
    for n, cell in code_cells(notebook):
        tree = parsed(cell) or ast.parse("")
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name in classes:
                faults.append(f"code cell {n} defines {node.name} anew: show_source({node.name})")
        for name, body in _bodies(tree):
            if body in shipped:
                faults.append(f"code cell {n}: {name} is {shipped[body]} pasted")
    return faults
