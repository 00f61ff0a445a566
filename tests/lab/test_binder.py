"""What Binder installs is enough: every chapter, run in a fresh environment that holds only that.

tests/test_repository.py compares the pins of binder/requirements.txt with requirements.txt.
"""

import json
import os
import re
import subprocess
import sys
import venv

import pytest
from lab_server import ROOT, copy_book

FRESH = os.environ.get("BINDER_TEST")
INSTALL_SECONDS, CHAPTER_SECONDS, CELL_SECONDS = 600, 300, 60
CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
KERNEL = "fresh"

pytestmark = pytest.mark.skipif(
    not FRESH,
    reason="What Binder installs was not tried out, because it is much to download. "
    "Run it with: BINDER_TEST=1 .venv/bin/python -m pytest tests/lab/test_binder.py",
)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Copy what Binder works on: the chapters, the library, and what pip reads."""
    folder = copy_book(tmp_path_factory.mktemp("binder"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "binder/requirements.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


@pytest.fixture(scope="module")
def fresh(book, tmp_path_factory):
    """Make an environment as Binder does; return its Python."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True, symlinks=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "-r", "binder/requirements.txt"], cwd=book, capture_output=True, text=True,
        timeout=INSTALL_SECONDS, env=clean_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return python


def clean_environment(**added):
    """Return the environment without what would let another Python's packages in."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "JUPYTER", "COV"))}
    return kept | {"PYTHONNOUSERSITE": "1", "OMP_NUM_THREADS": "1"} | added


def test_only_the_listed_packages_are_there(fresh):
    """The library is installed from the copy; what only builds or tests the book is absent."""
    listing = [fresh, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    done = subprocess.run(listing, capture_output=True, text=True, check=True, timeout=60)
    names = {package["name"].lower().replace("_", "-") for package in json.loads(done.stdout)}
    assert {"tinycnn-lib", "jupyterlab", "jupyterlab-myst", "anywidget"} <= names
    assert not {"jupytext", "jupyter-book", "nbval", "pytest", "scipy"} & names


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_gives_its_recorded_outputs(fresh, book, tmp_path, name):
    """The comparing is done here, the running there: strict nbval with the fresh kernel."""
    spec = tmp_path / "kernels" / KERNEL
    spec.mkdir(parents=True)
    command = [str(fresh), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = {"argv": command, "display_name": "Fresh", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
    nbval = [
        sys.executable, "-m", "pytest", f"chapters/{name}.ipynb", "-q", "--tb=short",
        "-p", "no:cacheprovider", "--nbval", f"--nbval-kernel-name={KERNEL}",
        f"--nbval-cell-timeout={CELL_SECONDS}",
    ]  # fmt: skip
    done = subprocess.run(
        nbval, cwd=book, capture_output=True, text=True, timeout=CHAPTER_SECONDS,
        env=clean_environment(JUPYTER_PATH=str(tmp_path), IPYTHONDIR=str(tmp_path / "ipython")),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]
    ran = int(re.search(r"(\d+) passed", done.stdout)[1])
    notebook = json.loads((book / "chapters" / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert ran == sum(cell["cell_type"] == "code" for cell in notebook["cells"])
