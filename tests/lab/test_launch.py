"""Every launch link of the book, built as if it stood in an invented repository."""

import os
import shutil
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from lab_server import ROOT

SOURCES = (
    "_config.yml", "_toc.yml", "index.md", "references.bib", "chapters", "appendix", "book",
    "tinycnn_lib", "pyproject.toml", "README.md", "LICENSE",
)  # fmt: skip
ADDRESSES = {
    "GITHUB_REPOSITORY": "invented-owner/invented-name",
    "JUPYTERHUB_URL": "https://hub.invented.example/",
}
BINDER = "https://mybinder.org/v2/gh/invented-owner/invented-name/main"
HUB = "https://hub.invented.example/hub/user-redirect/git-pull"


@pytest.fixture(scope="module")
def launches(tmp_path_factory):
    """Build the book with pages of a title only; return {page: its launch links}."""
    folder = tmp_path_factory.mktemp("book")
    for name in SOURCES:
        origin = ROOT / name
        (shutil.copytree if origin.is_dir() else shutil.copy)(origin, folder / name)
    for path in (folder / "chapters").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells = notebook.cells[:1]
        nbformat.write(notebook, path)
    for path in (folder / "appendix").glob("*.md"):
        path.write_text(path.read_text(encoding="utf-8").partition("\n\n")[0], encoding="utf-8")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")}
    book = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build"]
    done = subprocess.run(
        [*book, str(folder), "-q"], env=clean | ADDRESSES,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [toc["root"], *(c["file"] for part in toc["parts"] for c in part["chapters"])]
    found = {}
    for page in pages:
        html = (folder / "_build" / "html" / f"{page}.html").read_text(encoding="utf-8")
        links = BeautifulSoup(html, "html.parser").select("a[href*='urlpath=']")
        found[page] = [link["href"] for link in links]
    return found


def test_chapters_and_only_they_can_be_launched(launches):
    for page, links in launches.items():
        addresses = [link.partition("?")[0] for link in links]
        assert addresses == ([BINDER, HUB] if page.startswith("chapters/") else []), page


def test_launch_links_lead_to_notebooks(launches):
    """Binder opens a path of the repository; nbgitpuller one below the folder that it clones."""
    for page, links in launches.items():
        for link in links:
            query = parse_qs(urlsplit(link).query, strict_parsing=True)
            (path,) = query["urlpath"]
            if link.startswith(HUB):
                assert query["repo"] == ["https://github.com/invented-owner/invented-name"]
                assert query["branch"] == ["main"]
                prefix = "lab/tree/invented-name/"
            else:
                prefix = "lab/tree/"
            assert path == f"{prefix}{page}.ipynb"
            assert (ROOT / path.removeprefix(prefix)).is_file()
