"""Execute the chapters: read each `.md`, run it, write the `.ipynb` beside it.

    python book/notebooks.py                                    every chapter
    python book/notebooks.py chapters/23-building-a-cnn.md      this one
    python book/notebooks.py --output other.ipynb chapters/23-building-a-cnn.md

The `.md` is what a person edits and always wins; nothing is taken from an existing `.ipynb`.
Twice in a row gives the same bytes: cell and widget ids follow from the content, no times are
kept. A chapter that raises an error keeps the `.ipynb` it had, and the run ends with status 1.
"""

import hashlib
import json
import os
import re
import sys
import warnings
from pathlib import Path

import jupytext
import nbformat
from jupytext.config import load_jupytext_config
from jupytext.myst import MystMetadataParsingError
from nbconvert.preprocessors import (
    CellExecutionError,
    CoalesceStreamsPreprocessor,
    ExecutePreprocessor,
)

ROOT = Path(__file__).resolve().parent.parent
CELL_TIMEOUT = 60  # seconds
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def name_cells(notebook):
    """Give every cell an id that follows from its text, so that a re-run changes no id."""
    seen = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell["id"] = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def fold_code(notebook):
    """Fold in JupyterLab what a page folds or leaves out: code, solutions, predicted outputs."""
    in_solution = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            # The last of the two that the cell holds counts: one may end and the next begin.
            found = re.findall(r"^:{3,}\{solution-(start|end)\}", cell.source, re.M)
            in_solution = found[-1] == "start" if found else in_solution
            continue
        tags = cell.metadata.get("tags", [])
        hidden = {
            f"{part}_hidden": in_solution or tag in tags or "hide-cell" in tags
            for part, tag in (("source", "hide-input"), ("outputs", "hide-output"))
        }
        hidden["source_hidden"] |= "remove-cell" in tags
        if any(hidden.values()):
            cell.metadata["jupyter"] = {key: True for key, value in hidden.items() if value}


def name_widgets(text):
    """Number saved widgets in the order in which the page shows them; drop what it never shows.

    `text` is a notebook's JSON; the kernel gives each widget a random id.
    """
    saved = nbformat.reads(text, 4).metadata.get("widgets", {}).get(WIDGET_STATE, {"state": {}})
    order = list(dict.fromkeys(re.findall(r'"model_id": "([0-9a-f]{32})"', text)))
    for shown in order:  # grows: a widget's own parts follow it
        parts = re.findall("IPY_MODEL_([0-9a-f]{32})", json.dumps(saved["state"][shown]))
        order += [part for part in dict.fromkeys(parts) if part not in order]
    for number, old in enumerate(order, start=1):
        text = text.replace(old, f"{number:032x}")
    notebook = nbformat.reads(text, 4)
    if saved["state"]:
        state = notebook.metadata["widgets"][WIDGET_STATE]["state"]
        for unseen in set(state) - {f"{number + 1:032x}" for number in range(len(order))}:
            del state[unseen]
    return nbformat.writes(notebook) + "\n"


def write_if_changed(path, text):
    """Write `text` to `path` unless it is there already; return whether it was written."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8", newline="\n")
    return True


def tidy(source):
    """Bring one `.md` into the form in which jupytext writes it; return whether it changed."""
    config = load_jupytext_config(str(source))
    notebook = jupytext.read(source, config=config)
    return write_if_changed(source, jupytext.writes(notebook, "md:myst", config=config))


def execute(source):
    """Run one `.md` and return the executed notebook's JSON."""
    notebook = jupytext.read(source, config=load_jupytext_config(str(source)))
    name_cells(notebook)
    fold_code(notebook)
    runner = ExecutePreprocessor(
        timeout=CELL_TIMEOUT, kernel_name="python3", record_timing=False, store_widget_state=True
    )
    runner.preprocess(notebook, {"metadata": {"path": str(source.parent)}})
    # A slow cell's output arrives in pieces, cut by the clock: join them.
    notebook, _ = CoalesceStreamsPreprocessor().preprocess(notebook, {})
    # The exact Python version belongs to the machine, not to the chapter.
    notebook.metadata.get("language_info", {}).pop("version", None)
    nbformat.validate(notebook)
    return name_widgets(nbformat.writes(notebook))


def refresh(source, target=None):
    """Bring both files of one chapter's pair up to date; with a `target`, write only that one."""
    if target is None and tidy(source):
        print(f"{source.name}: brought into jupytext's form")
    target = target or source.with_suffix(".ipynb")
    changed = write_if_changed(target, execute(source))
    print(f"{target.name}: {'written' if changed else 'as before'}")


def main(arguments):
    """Execute the named chapters, or all of them; return the number that failed."""
    target = None
    if arguments[:1] == ["--output"]:
        target, arguments = Path(arguments[1]), arguments[2:]
    sources = [Path(a).resolve().with_suffix(".md") for a in arguments]
    missing = [str(s) for s in sources if not s.is_file()]
    if missing:
        sys.exit(f"no such chapter: {', '.join(missing)}")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    warnings.filterwarnings("ignore", module="zmq|jupyter_client")
    failed = 0
    for source in sources or sorted((ROOT / "chapters").glob("*.md")):
        try:
            refresh(source, target)
        except CellExecutionError as error:
            failed += 1
            print(f"{source.name}: a cell raised an error, {source.stem}.ipynb is unchanged")
            print(error)
        except MystMetadataParsingError as error:
            failed += 1
            print(f"{source.name}: {error}")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
