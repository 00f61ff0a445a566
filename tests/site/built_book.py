"""The built book as the tests see it: where it is, its pages, the tools that checks need."""

import os
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(os.environ.get("BOOK_SITE", ROOT / "_build" / "html")).resolve()


def page_names():
    """List the book's pages as _toc.yml names them, and the two that Sphinx adds."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [f"{name}.html" for name in [toc["root"], *files, "search", "404"]]


PAGES = page_names()
CONTENT = [p for p in PAGES if p not in ("search.html", "404.html")]
CHAPTERS = [p for p in PAGES if p.startswith("chapters/")]


def need(present, what, how):
    """Skip loudly without a tool, saying how to install it; where CI runs, fail."""
    if present:
        return
    message = f"{what} is missing. Install it: {how}"
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
