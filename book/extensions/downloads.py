"""What a reader takes out of the book: chapters that work alone, and the library that they need.

The library becomes a wheel, which pip installs, and each chapter's notebook says in its first cell
how. The repository's notebooks cannot know where the book will stand; those for download do.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import nbformat
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]
PACKED = ("pyproject.toml", "README.md", "LICENSE", "tinycnn_lib")
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
LINES = '''%pip install "tinycnn_lib[figures] @ git+https://github.com/OWNER/REPOSITORY"
with the address of the book's repository. In a clone of it: %pip install "..[figures]"'''
PAGE, LAB = "its page in the book", "JupyterLab"
PAGE_LINK, LAB_LINK = "../README.md#read", "../README.md#run-in-jupyterlab"


def build_wheel(folder, source=ROOT):
    """Build the wheel of tinycnn_lib into a folder and return its name.

    It is built from a copy, because setuptools leaves files where it works, and with one date for
    all files, so that the same library makes the same bytes.
    """
    with tempfile.TemporaryDirectory() as copy:
        for name in PACKED:
            origin = source / name
            if origin.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(origin, Path(copy, name), ignore=ignored)
            else:
                shutil.copy(origin, copy)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", BUILD, str(folder)], cwd=copy, text=True,
            capture_output=True, env=os.environ | {"SOURCE_DATE_EPOCH": "315532800"},
        )  # fmt: skip
    if done.returncode:
        raise ExtensionError(f"the wheel of tinycnn_lib cannot be built:\n{done.stderr}")
    return done.stdout.split()[-1]


def install_line(wheel, address):
    """Return the line that installs the library: from the book's address, or the file at hand."""
    if address:
        return f'%pip install "tinycnn_lib[figures] @ {address}_static/{wheel}"'
    line = f'%pip install "./{wheel}[figures]"'
    return f"{line}\nwith that file, which the book's first page offers, beside this notebook."


def alone(notebook, page, wheel, address, repository):
    """Let a notebook that left the book say where the library and its own page are."""
    first, setup = notebook.cells[1:3]
    setup.source = setup.source.replace(LINES, install_line(wheel, address))
    for words, link, target in (
        (PAGE, PAGE_LINK, address and f"{address}{quote(page)}.html"),
        (LAB, LAB_LINK, repository and f"{repository}/blob/main/{LAB_LINK[3:]}"),
    ):
        here = f"[{words}]({target})" if target else words
        first.source = first.source.replace(f"[{words}]({link})", here)


def bring_wheel(app, config):
    """Build the wheel beside the pages and let them name it as {{ library }}."""
    static = Path(app.outdir, "_static")
    static.mkdir(parents=True, exist_ok=True)
    app.library_wheel = build_wheel(static)
    link = f'<a href="_static/{app.library_wheel}" download>{app.library_wheel}</a>'
    config.myst_substitutions["library"] = link


def prepare_chapters(app, exception):
    """Write the addresses into the chapters that the pages offer for download."""
    if exception or app.builder.format != "html":
        return
    address = app.config.html_baseurl
    repository = app.config.html_theme_options["repository_url"]
    for path in sorted(Path(app.outdir, "_sources", "chapters").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        if len(notebook.cells) > 2:
            alone(notebook, f"chapters/{path.stem}", app.library_wheel, address, repository)
            path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def setup(app):
    """Build the wheel when the configuration is read; write the notebooks when all is built."""
    app.connect("config-inited", bring_wheel)
    app.connect("build-finished", prepare_chapters)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
