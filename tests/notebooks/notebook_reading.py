"""Reading a chapter: its cells, its Markdown blocks, its exercises, and its twin."""

import ast
import re

import jupytext
import nbformat
import notebooks

FORMAT = "md:myst"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
TEXT_TYPES = ("text/plain", "text/html", "text/markdown", "text/latex")


def code_cells(notebook):
    """Yield (number, cell) for the code cells, counted from 1."""
    yield from enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1)


def prose(notebook):
    """Return the text of all Markdown cells."""
    return "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def texts(cell):
    """Yield every text that a code cell put out."""
    for output in cell.outputs:
        if "text" in output:
            yield output.text
        for kind, value in output.get("data", {}).items():
            if kind in TEXT_TYPES:
                yield value


def is_figure(cell):
    """Tell whether a code cell put out a picture or a living figure."""
    return any(
        {"image/png", "image/svg+xml", WIDGET_VIEW} & set(o.get("data", {})) for o in cell.outputs
    )


def parsed(cell):
    """Return the syntax tree of a code cell, without its magic lines; None if it has no syntax."""
    lines = [re.sub(r"^\s*[%!].*", "", line) for line in cell.source.splitlines()]
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return None


def without_code(text):
    """Return Markdown text without code, mathematics, targets of links, comments and roles."""
    text = re.sub(r"^(`{3,})(?!\{).*?^\1`*\s*?$", " ", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"(`+).+?\1", " ", text)
    text = re.sub(r"\$\$.*?\$\$", " ", text, flags=re.DOTALL)
    text = re.sub(r"\$[^$\n]+\$", " ", text)
    text = re.sub(r"\]\([^)\s]*\)", "]", text)
    return re.sub(r"^%.*$", " ", text, flags=re.MULTILINE)


def directives(text):
    """Yield (name, title, options, start, end) of every directive, in order; end None if open.

    `start` and `end` are line numbers from 0.
    """
    lines = text.splitlines()
    for start, line in enumerate(lines):
        opening = re.match(r"(:{3,}|`{3,})\{([\w:-]+)\}\s*(.*)$", line)
        if not opening:
            continue
        fence, name, title = opening.groups()
        options, row = {}, start + 1
        while row < len(lines) and (found := re.match(r":([\w-]+):\s*(.*)$", lines[row])):
            options[found[1]] = found[2].strip()
            row += 1
        after = (n for n in range(row, len(lines)) if re.match(rf"{fence}(?!{fence[0]})", lines[n]))
        end = next(after, None)
        if end is not None and lines[end].strip() != fence:
            end = None  # the next directive with as many colons begins before this one ends
        yield name, title.strip(), options, start, end


def events(notebook):
    """Yield ("code", cell) and (directive's name, (title, options)) in the order of the page."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield "code", cell
        elif cell.cell_type == "markdown":
            for name, title, options, _, _ in directives(cell.source):
                yield name, (title, options)


def split_exercises(notebook):
    """Return (one dict per exercise, what is wrong with their order)."""
    found, faults, part = [], [], None
    for name, content in events(notebook):
        if name == "exercise-start":
            if part is not None:
                faults.append(f"{content[0]!r} begins inside of {found[-1]['label']}")
            found.append({"label": content[1].get("label", content[0]), "hints": [], "answers": [],
                          "solution": [], "solved": False})  # fmt: skip
            part = "exercise"
        elif name == "exercise-end":
            if part != "exercise":
                faults.append("an exercise-end without its start")
            part = None
        elif name == "solution-start":
            if part is not None:
                faults.append(f"a solution begins inside of a {part}")
            if not found or content[0] != found[-1]["label"] or found[-1]["solved"]:
                faults.append(f"the solution of {content[0]!r} does not follow its exercise")
            if "dropdown" not in content[1].get("class", ""):
                faults.append(f"the solution of {content[0]!r} is not folded")
            if found:
                found[-1]["solved"] = True
            part = "solution"
        elif name == "solution-end":
            if part != "solution":
                faults.append("a solution-end without its start")
            part = None
        elif name in {"exercise", "solution"}:
            faults.append(f"{{{name}}} cannot hold code: use the gated form, {name}-start")
        elif found and part == "solution" and name == "code":
            found[-1]["solution"].append(content)
        elif found and not found[-1]["solved"] and name == "code":
            found[-1]["answers"].append(content)
        elif found and not found[-1]["solved"] and name == "dropdown":
            found[-1]["hints"].append(content[0])
    if part is not None:
        faults.append(f"the last {part} is not closed")
    return found, faults


def checker_calls(source, commented):
    """Return the names of the checkers that a cell calls, behind a # or not."""
    pattern = r"^#\s*(check_\w+)\(" if commented else r"^(check_\w+)\("
    return set(re.findall(pattern, source, re.MULTILINE))


def _without_header(text):
    return text.split("\n---\n", 1)[1] if text.startswith("---\n") else text


def pair_difference(source, notebook):
    """Return (what the `.md` says, what the `.ipynb` says), which should be the same text.

    `source` is the text of the `.md`. It takes the way through JSON, which sorts metadata. The
    headers are cut off: they name versions.
    """
    from_source = jupytext.reads(source, FORMAT)
    notebooks.fold_code(from_source)  # only the `.ipynb` holds what is folded in JupyterLab
    as_json = nbformat.writes(from_source)
    options = {"cell_metadata_filter": "all"}
    pair = []
    for one in (nbformat.reads(as_json, 4), notebook):
        one.metadata.setdefault("jupytext", {}).update(options)
        pair.append(_without_header(jupytext.writes(one, FORMAT)))
    return tuple(pair)
