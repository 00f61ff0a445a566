"""Rules for what a chapter's file holds: everything was run, nothing in it depends on the day.

As in all `rules_*.py`: a rule takes a notebook and the chapter's number, and returns its faults,
each a sentence that says where and what.
"""

import re

from notebook_reading import WIDGET_VIEW, code_cells, is_figure, texts

KNOWN_TAGS = {"hide-input", "hide-output", "hide-cell", "remove-cell"}
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


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


def no_object_is_printed(notebook, number):
    pattern = r"<matplotlib\.[\w.]+|\[?<(?:[a-z_]+\.)+[A-Z]\w+ (?:object )?at|Text\(.*\)$"
    return _outputs_match(notebook, pattern, "an object")


def kernel_is_python3(notebook, number):
    name = notebook.metadata.get("kernelspec", {}).get("name")
    return [] if name == "python3" else [f"the kernel is {name!r}, not 'python3'"]


def metadata_holds_nothing_else(notebook, number):
    known = {"jupytext", "kernelspec", "language_info", "widgets"}
    faults = [f"the notebook's metadata hold {key!r}" for key in set(notebook.metadata) - known]
    for n, cell in code_cells(notebook):
        faults += [
            f"code cell {n}: metadata hold {key!r}"
            for key in set(cell.metadata) - {"tags", "mystnb", "jupyter"}
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
        if len(alt.split()) < 8 or re.search(
            r"(?i)^(figure|image|picture)\b|\.(png|svg|jpe?g)\b", alt
        ):
            faults.append(f"{where}: the alt text does not say what is there: {alt!r}")
        if alt == caption:
            faults.append(f"{where}: alt text and caption are the same")
        if not {"hide-input", "hide-cell"} & set(cell.metadata.get("tags", [])):
            faults.append(f"{where}: its code is not hidden (hide-input)")
        if sum("image/png" in o.get("data", {}) for o in cell.outputs) != 1:
            faults.append(f"{where}: it must show exactly one picture")
    return faults


def figures_are_shown(notebook, number):
    """By plt.show(): otherwise the text of a Matplotlib object becomes an output."""
    return [
        f"code cell {n} draws without plt.show(), or ends in an object"
        for n, cell in code_cells(notebook)
        if is_figure(cell)
        and not any(WIDGET_VIEW in o.get("data", {}) for o in cell.outputs)
        and (
            "plt.show()" not in cell.source.splitlines()
            or any(o.output_type == "execute_result" for o in cell.outputs)
        )
    ]
