"""What a reader takes out of the book: a chapter alone, and the library as a wheel."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import PurePosixPath

import downloads
import nbformat
import pytest
from built_book import CHAPTERS, ROOT
from packaging.requirements import Requirement

# What Colab had when this was written. An install that replaces NumPy or IPython breaks a session.
COLAB = {
    "numpy": "2.0.2", "ipython": "7.34.0", "matplotlib": "3.10.0", "ipywidgets": "7.7.1",
    "traitlets": "5.7.1", "pillow": "11.3.0", "tqdm": "4.67.1",
}  # fmt: skip
STEMS = [PurePosixPath(page).stem for page in CHAPTERS]


@pytest.fixture(scope="module")
def wheel(site):
    """Return the one wheel beside the pages."""
    (path,) = (site / "_static").glob("*.whl")
    return path


def test_wheel_holds_the_whole_library(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {n: archive.read(n) for n in archive.namelist() if n.startswith("tinycnn_lib/")}
    library = [p for p in (ROOT / "tinycnn_lib").rglob("*") if p.suffix in {".py", ".js", ".css"}]
    assert packed == {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in library}


@pytest.mark.parametrize("stem", STEMS)
def test_chapter_alone_says_what_is_missing_and_how_to_get_it(site, wheel, stem):
    notebook = nbformat.read(site / "_sources" / "chapters" / f"{stem}.ipynb", as_version=4)
    setup = next(cell for cell in notebook.cells if cell.cell_type == "code").source
    bare = [sys.executable, "-I", "-S", "-c", setup.replace("%config", "# %config")]
    done = subprocess.run(bare, capture_output=True, text=True)  # only the standard library
    message = done.stderr.partition("ModuleNotFoundError: ")[2]
    assert "tinycnn_lib is not installed" in message
    assert '%pip install "' in message
    assert wheel.name in message
    assert "OWNER" not in message


def test_landing_page_offers_the_library_and_chapters_show_nothing_new(soup, wheel):
    (link,) = soup("index.html").select("article a[href$='.whl']")
    assert link["href"] == f"_static/{wheel.name}"
    for page in CHAPTERS:
        text = soup(page).get_text()
        assert "%pip" not in text
        assert "Made for" not in text


def alone(address="", repository=""):
    """Return the first two cells below the title, with the addresses of an invented book."""
    notebook = nbformat.read(ROOT / "chapters" / f"{STEMS[0]}.ipynb", as_version=4)
    downloads.alone(notebook, f"chapters/{STEMS[0]}", "a.whl", address, repository)
    return [cell.source for cell in notebook.cells[1:3]]


def test_addresses_are_written_where_they_are_known():
    first, setup = alone("https://x.org/cnn/", "https://github.com/ada/cnn")
    assert f"[its page in the book](https://x.org/cnn/chapters/{STEMS[0]}.html)" in first
    assert "(https://github.com/ada/cnn/blob/main/README.md#run-in-jupyterlab)" in first
    assert '%pip install "tinycnn_lib[figures] @ https://x.org/cnn/_static/a.whl"' in setup


def test_without_addresses_no_link_leads_nowhere():
    first, setup = alone()
    assert "](" not in first
    assert '%pip install "./a.whl[figures]"' in setup
    assert "OWNER" not in setup


def test_colab_keeps_what_it_has():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["figures"]
    ranges = {r.name: r.specifier for r in map(Requirement, wanted)}
    assert set(COLAB) <= set(ranges)
    assert [name for name, pin in COLAB.items() if pin not in ranges[name]] == []
