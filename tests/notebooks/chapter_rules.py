"""The rules of a chapter, one function each: it takes a notebook and returns the faults it finds.

`test_chapters.py` holds every chapter to every rule; `test_rules.py` shows each rule a bad example.
A fault is a sentence that says where and what.
"""

import ast
import re
import sys

import jupytext
import nbformat

import tinycnn_lib
from tinycnn_lib import exercises, layers, loops, losses, models

FORMAT = "md:myst"
KNOWN_TAGS = {"hide-input", "hide-output", "remove-cell"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
TEXT_TYPES = ("text/plain", "text/html", "text/markdown", "text/latex")
SET_UP = """%config InlineBackend.figure_format = "retina"
from tinycnn_lib.plotting import use_book_style
use_book_style()"""


# --- reading a notebook ------------------------------------------------------------------------
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


# --- what was run ------------------------------------------------------------------------------
def every_cell_was_run(notebook, number):
    found = [cell.execution_count for _, cell in code_cells(notebook)]
    expected = list(range(1, len(found) + 1))
    if not found:
        return ["there is no code cell"]
    return [] if found == expected else [f"execution counts {found}, not {expected}: run it anew"]


def no_cell_failed(notebook, number):
    return [
        f"code cell {n} put out {what}"
        for n, cell in code_cells(notebook)
        for output in cell.outputs
        for what in [
            f"the error {output.ename}" if output.output_type == "error"
            else f"text on stderr: {output.text[:80]!r}" if output.get("name") == "stderr"
            else None
        ]
        if what
    ]  # fmt: skip


def _outputs_match(notebook, pattern, what):
    return [
        f"code cell {n} prints {what}: {found.group()!r}"
        for n, cell in code_cells(notebook)
        for text in texts(cell)
        for found in re.finditer(pattern, text)
    ]


def no_address_is_printed(notebook, number):
    return _outputs_match(notebook, r"\b0x[0-9a-fA-F]{6,}", "an address")


def no_path_is_printed(notebook, number):
    pattern = r"(?<![\w.])/(?:home|root|tmp|usr|work|Users|private)/[\w./-]*|[A-Z]:\\\w+"
    return _outputs_match(notebook, pattern, "a path of one machine")


def no_time_is_printed(notebook, number):
    pattern = (
        r"\b\d[\d.]*\s?(?:ms|µs|μs|us|ns|seconds?|minutes?|it/s|s/it)\b|\b\d+\.\d+ s\b(?!\s*=)"
    )
    return _outputs_match(notebook, pattern, "a time")


def numbers_are_rounded(notebook, number):
    return _outputs_match(notebook, r"\d*\.\d{9,}(?:e[+-]?\d+)?", "a number that is not rounded")


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


# --- the file ----------------------------------------------------------------------------------
def kernel_is_python3(notebook, number):
    name = notebook.metadata.get("kernelspec", {}).get("name")
    return [] if name == "python3" else [f"the kernel is {name!r}, not 'python3'"]


def metadata_holds_nothing_else(notebook, number):
    known = {"jupytext", "kernelspec", "language_info", "widgets"}
    faults = [f"the notebook's metadata hold {key!r}" for key in set(notebook.metadata) - known]
    for n, cell in code_cells(notebook):
        faults += [
            f"code cell {n}: metadata hold {key!r}"
            for key in set(cell.metadata) - {"tags", "mystnb"}
        ]
    return faults


def widgets_are_shown_and_saved(notebook, number):
    """Each widget on the page has its state in the file, and there is no other state."""
    state = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    shown = {
        output.data[WIDGET_VIEW]["model_id"]
        for _, cell in code_cells(notebook)
        for output in cell.outputs
        if WIDGET_VIEW in output.get("data", {})
    }
    faults = [f"the living figure {name} has no saved state" for name in sorted(shown - set(state))]
    used = shown | set(re.findall("IPY_MODEL_([0-9a-f]{32})", str(state)))
    return faults + [
        f"the widget state {name} belongs to nothing" for name in sorted(set(state) - used)
    ]


def tags_are_known(notebook, number):
    return [
        f"code cell {n} has the tag {tag!r}, not one of {sorted(KNOWN_TAGS)}"
        for n, cell in code_cells(notebook)
        for tag in cell.metadata.get("tags", [])
        if tag not in KNOWN_TAGS
    ]


def first_cell_sets_up_the_figures(notebook, number):
    first = next((cell for _, cell in code_cells(notebook)), None)
    if first is None or first.source.strip() != SET_UP:
        return ["the first code cell is not the set-up of CONTRIBUTING.md"]
    if first.metadata.get("tags") != ["remove-cell"]:
        return ["the set-up is not tagged remove-cell"]
    return []


# --- figures -----------------------------------------------------------------------------------
def figures_are_described(notebook, number):
    """A figure cell hides its code and has one picture, a name, a caption and an alt text."""
    faults, names = [], set()
    for n, cell in code_cells(notebook):
        meta = cell.metadata.get("mystnb", {})
        figure, alt = meta.get("figure", {}), str(meta.get("image", {}).get("alt", ""))
        if not is_figure(cell):
            if figure:
                faults.append(f"code cell {n} is called a figure and shows none")
            continue
        name, caption = str(figure.get("name", "")), str(figure.get("caption", ""))
        where = f"code cell {n} ({name or 'figure without a name'})"
        if not re.fullmatch(rf"fig-{number}-[a-z0-9-]+", name):
            faults.append(f"{where}: the name must begin with fig-{number}-")
        if name in names:
            faults.append(f"{where}: the name is taken")
        names.add(name)
        if len(caption.split()) < 6:
            faults.append(f"{where}: the caption does not say what to see: {caption!r}")
        if len(alt.split()) < 8 or re.match(
            r"(?i)\W*(an? )?(figure|image|picture|plot)\b(?! of \w+ by)", alt
        ):
            faults.append(f"{where}: the alt text does not say what is there: {alt!r}")
        if alt == caption:
            faults.append(f"{where}: alt text and caption are the same")
        if "hide-input" not in cell.metadata.get("tags", []):
            faults.append(f"{where}: its code is not hidden (hide-input)")
        if sum("image/png" in o.get("data", {}) for o in cell.outputs) != 1:
            faults.append(f"{where}: it must show exactly one picture")
    return faults


def figures_end_in_show(notebook, number):
    """Otherwise the text of a Matplotlib object becomes an output."""
    return [
        f"code cell {n} draws and does not end in plt.show()"
        for n, cell in code_cells(notebook)
        if is_figure(cell)
        and not any(WIDGET_VIEW in o.get("data", {}) for o in cell.outputs)
        and cell.source.strip().splitlines()[-1] != "plt.show()"
    ]


def no_object_is_printed(notebook, number):
    pattern = r"<matplotlib\.[\w.]+|\[?<(?:[a-z_]+\.)+[A-Z]\w+ (?:object )?at|Text\(.*\)$"
    return _outputs_match(notebook, pattern, "an object")


# --- the words ---------------------------------------------------------------------------------
def no_exclamation(notebook, number):
    text = without_code(prose(notebook))
    text = re.sub(r"!\[|!=|<!--", " ", text)
    return [f"exclamation mark: {m.group()!r}" for m in re.finditer(r".{0,40}!", text)]


def no_forbidden_words(notebook, number):
    pattern = r"\b(simply|obviously|trivially|of course)\b"
    return [f"{m.group()!r}" for m in re.finditer(pattern, prose(notebook), re.IGNORECASE)]


def no_emoji(notebook, number):
    pattern = "[\U0001f300-\U0001faff\u2705\u274c\u2728\u2764\u26a0]"
    return [f"emoji {m.group()}" for m in re.finditer(pattern, prose(notebook))]


def no_raw_html(notebook, number):
    text = without_code(prose(notebook))
    return [
        f"raw HTML: {m.group()}" for m in re.finditer(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", text)
    ]


def no_task_list(notebook, number):
    found = re.finditer(r"^\s*[-*+] \[[ xX]\] .*", prose(notebook), re.MULTILINE)
    return [f"task list: {m.group()}" for m in found]


def no_math_fence(notebook, number):
    return [
        f"a {{math}} directive at line {start}: write $$"
        for name, _, _, start, _ in directives(prose(notebook))
        if name == "math"
    ]


def fences_are_colons_with_air(notebook, number):
    """So that JupyterLab shows the Markdown inside, with or without its MyST extension."""
    faults = []
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        lines = cell.source.splitlines()
        for name, title, options, start, end in directives(cell.source):
            where = f"{{{name}}} {title}".strip()
            if lines[start].startswith("`"):
                faults.append(f"{where}: write the fence with colons")
            if end is None:
                faults.append(f"{where}: its fence is not closed in the same cell")
                continue
            body = lines[start + 1 + len(options) : end]
            if body and (body[0].strip() or body[-1].strip()):
                faults.append(f"{where}: leave a blank line inside on both ends")
    return faults


def labels_start_with_the_chapter(notebook, number):
    text = prose(notebook)
    labels = re.findall(r"^:label:\s*(\S+)", text, re.MULTILINE)
    labels += re.findall(r"^\(([\w-]+)\)=\s*$", text, re.MULTILINE)
    labels += re.findall(r"^\$\$ \(([\w-]+)\)", text, re.MULTILINE)
    faults = [
        f"the label {label!r} does not begin with a kind and {number}"
        for label in labels
        if not re.fullmatch(rf"(sec|def|eq|ex|fig|tab|alg|thm)-{number}-[a-z0-9-]+", label)
    ]
    return faults + [
        f"the label {x!r} is there twice"
        for x in sorted({x for x in labels if labels.count(x) > 1})
    ]


def one_title(notebook, number):
    text = re.sub(r"^```.*?^```", "", prose(notebook), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^# .+", text, re.MULTILINE)
    if len(titles) != 1 or not text.lstrip().startswith("# "):
        return [f"a chapter begins with its one title, found {titles}"]
    return []


# --- the blocks --------------------------------------------------------------------------------
def header_says_what_awaits(notebook, number):
    headers = [
        title
        for name, title, options, _, _ in directives(prose(notebook))
        if name == "admonition" and options.get("class") == "chapter-header"
    ]
    return [] if headers == ["In this chapter"] else [f"headers of the chapter: {headers}"]


def questions_have_folded_answers(notebook, number):
    """After Predict comes a fold "Answer: ...", after Why? a fold "A model answer: ..."."""
    answers = {"predict": ("Predict", "Answer: "), "why": ("Why?", "A model answer: ")}
    seen = list(events(notebook))
    faults = []
    for here, (name, content) in enumerate(seen):
        if name != "admonition" or content[1].get("class") not in answers:
            continue
        title, beginning = answers[content[1]["class"]]
        if content[0] != title:
            faults.append(f"{content[0]!r} must be called {title!r}")
        after = seen[here + 1] if here + 1 < len(seen) else ("nothing", None)
        if after[0] != "dropdown" or not after[1][0].startswith(beginning):
            faults.append(f"{title} is not followed by a fold {beginning!r}, but by {after[0]}")
    return faults


def folds_have_names_of_their_own(notebook, number):
    titles = [t for name, t, _, _, _ in directives(prose(notebook)) if name == "dropdown"]
    faults = [
        f"the fold {t!r} is there twice" for t in sorted({t for t in titles if titles.count(t) > 1})
    ]
    for title in titles:
        if len(title.split()) < 3:
            faults.append(f"the fold {title!r} needs some words of its own")
    return faults


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


def exercises_are_whole(notebook, number):
    """Each has two hints, then a solution whose code was run, and is closed."""
    found, faults = split_exercises(notebook)
    if not found:
        return [*faults, "there is no exercise"]
    for one in found:
        label, hints = one["label"], one["hints"]
        if len(hints) != 2 or not all(
            hint.startswith(f"Hint {n}, ") and ": " in hint for n, hint in enumerate(hints, start=1)
        ):
            faults.append(
                f"{label}: two folds 'Hint 1, name: ...' and 'Hint 2, name: ...', not {hints}"
            )
        if not one["solved"]:
            faults.append(f"{label} has no solution")
        elif not one["solution"]:
            faults.append(f"{label}: its solution has no code")
    return faults


def checker_calls(source, commented):
    """Return the names of the checkers that a cell calls, behind a # or not."""
    pattern = r"^#\s*(check_\w+)\(" if commented else r"^(check_\w+)\("
    return set(re.findall(pattern, source, re.MULTILINE))


def answers_are_checked(notebook, number):
    """The answer cell offers, behind a #, the checkers that the solution calls."""
    faults = []
    for one in split_exercises(notebook)[0]:
        offered = {x for cell in one["answers"] for x in checker_calls(cell.source, commented=True)}
        called = {
            x for cell in one["solution"] for x in checker_calls(cell.source, commented=False)
        }
        if offered != called:
            faults.append(
                f"{one['label']}: the answer offers {offered}, the solution calls {called}"
            )
        faults += [
            f"{one['label']}: no {name} in tinycnn_lib.exercises"
            for name in (offered | called) - set(exercises.__all__)
        ]
        for cell in one["answers"]:
            if not cell.source.startswith("# Your answer"):
                faults.append(f"{one['label']}: the answer's cell must begin with '# Your answer'")
            if checker_calls(cell.source, commented=False):
                faults.append(f"{one['label']}: the checker must stand behind a #")
    return faults


# --- the code ----------------------------------------------------------------------------------
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
        with open(module.__file__, encoding="utf-8") as file:
            for name, body in _bodies(ast.parse(file.read())):
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


RULES = [
    every_cell_was_run, no_cell_failed, no_address_is_printed, no_path_is_printed,
    no_time_is_printed, numbers_are_rounded, no_clock_is_read, randomness_has_a_seed,
    kernel_is_python3, metadata_holds_nothing_else, widgets_are_shown_and_saved, tags_are_known,
    first_cell_sets_up_the_figures, figures_are_described, figures_end_in_show,
    no_object_is_printed, no_exclamation, no_forbidden_words, no_emoji, no_raw_html, no_task_list,
    no_math_fence, fences_are_colons_with_air, labels_start_with_the_chapter, one_title,
    header_says_what_awaits, questions_have_folded_answers, folds_have_names_of_their_own,
    exercises_are_whole, answers_are_checked, imports_are_the_books, magics_are_the_set_up,
    library_is_shown_not_pasted,
]  # fmt: skip


# --- the pair ----------------------------------------------------------------------------------
def _without_header(text):
    return text.split("\n---\n", 1)[1] if text.startswith("---\n") else text


def pair_difference(source, notebook):
    """Return (what the `.md` says, what the `.ipynb` says), which should be the same text.

    `source` is the text of the `.md`. It takes the way through JSON, which sorts metadata. The
    headers are cut off: they name versions.
    """
    as_json = nbformat.writes(jupytext.reads(source, FORMAT))
    options = {"cell_metadata_filter": "all"}
    pair = []
    for one in (nbformat.reads(as_json, 4), notebook):
        one.metadata.setdefault("jupytext", {}).update(options)
        pair.append(_without_header(jupytext.writes(one, FORMAT)))
    return tuple(pair)
