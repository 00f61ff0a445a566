"""Binder: what it would build of this repository, and that what it installs is enough.

tests/test_repository.py compares the pins of binder/requirements.txt with requirements.txt.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import venv

import pytest
import yaml
from lab_server import ROOT

INSTALL_SECONDS, CHAPTER_SECONDS, CELL_SECONDS = 600, 300, 60
CHAPTER = "22-convolution"  # one tells that what is installed is enough; all import the same
KERNEL = "fresh"
# Files that Binder obeys in the root of a repository, and passes over as soon as there is binder/.
OBEYED = {
    "Dockerfile", "environment.yml", "environment.yaml", "runtime.txt", "apt.txt", "postBuild",
    "start", "Pipfile", "Pipfile.lock", "setup.py", "install.R", "DESCRIPTION", "REQUIRE",
    "Project.toml", "JuliaProject.toml", "default.nix",
}  # fmt: skip
# As the user who may write there: install the list. Then nothing more, as that user.
STEPS = [
    "USER ${NB_USER}",
    'RUN ${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"',
    "USER ${NB_USER}",
]

on_demand = pytest.mark.skipif(
    not os.environ.get("CI"),
    reason="What Binder installs was not tried out, because it is much to download. "
    "Run it with: CI=1 .venv/bin/python -m pytest tests/lab/test_binder.py",
)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Copy what Binder clones: all files that git holds, or will after the next commit."""
    if not (ROOT / ".git").exists():
        pytest.skip("What Binder builds was not tried out. Run it with: a clone made by git")
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    folder = tmp_path_factory.mktemp("binder")
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


# --- what Binder would build -------------------------------------------------------------------
def plan(folder):
    """Return the Python that repo2docker chooses, and its Dockerfile, an instruction a line."""
    command = [
        sys.executable, "-m", "repo2docker", "--no-build", "--user-name=jovyan", "--user-id=1000",
        str(folder),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    lines = re.sub(r"^\s*#.*\n", "", done.stdout, flags=re.M).replace("\\\n", " ").splitlines()
    python = re.search(r"Building conda environment for python=([\d.]+)", done.stderr)
    return python and python[1], [line for line in lines if line.strip()]


def own_steps(dockerfile):
    """Return who does what once the repository's files are there, in its root: `-e .` needs that.

    It is an empty list if they are never copied there, or if another folder is the current one.
    """
    copied = "COPY --chown=1000:1000 src/ ${REPO_DIR}/"
    folders = [line for line in dockerfile if line.startswith("WORKDIR")]
    if copied not in dockerfile or folders != ["WORKDIR ${REPO_DIR}"]:
        return []
    after = dockerfile[dockerfile.index(copied) :]
    return [line for line in after if line.startswith(("USER", "RUN"))]


def test_binder_installs_its_requirements_and_does_nothing_else(book):
    _, dockerfile = plan(book)
    steps = "\n".join(own_steps(dockerfile)) or "\n".join(dockerfile)
    assert own_steps(dockerfile) == STEPS, (
        f"Binder would do this once the files are there:\n{steps}"
    )


def test_binder_takes_the_python_of_the_tests(book):
    """Every check runs on the Python of the workflow's first job."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text("utf-8"))["jobs"]
    set_up = (step for step in jobs["test"]["steps"] if "setup-python" in step.get("uses", ""))
    assert plan(book)[0] == next(set_up)["with"]["python-version"]


def test_no_file_waits_in_vain_for_binder(book):
    """All that Binder shall obey lies in binder/; the rest would be passed over without a word."""
    assert sorted(OBEYED & set(os.listdir(book))) == [], "Binder passes these over: move to binder/"


# --- what it installs ---------------------------------------------------------------------------
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


@on_demand
def test_only_the_listed_packages_are_there(fresh):
    """The library is installed from the copy; what only builds or tests the book is absent."""
    listing = [fresh, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    done = subprocess.run(listing, capture_output=True, text=True, check=True, timeout=60)
    names = {package["name"].lower().replace("_", "-") for package in json.loads(done.stdout)}
    assert {"tinycnn-lib", "jupyterlab", "jupyterlab-myst", "anywidget"} <= names
    assert not {"jupytext", "jupyter-book", "nbval", "pytest", "scipy"} & names


@on_demand
def test_a_chapter_gives_its_recorded_outputs(fresh, book, tmp_path):
    """The comparing is done here, the running there: strict nbval with the fresh kernel."""
    spec = tmp_path / "kernels" / KERNEL
    spec.mkdir(parents=True)
    command = [str(fresh), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = {"argv": command, "display_name": "Fresh", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
    nbval = [
        sys.executable, "-m", "pytest", f"chapters/{CHAPTER}.ipynb", "-q", "--tb=short",
        "-p", "no:cacheprovider", "--nbval", f"--nbval-kernel-name={KERNEL}",
        f"--nbval-cell-timeout={CELL_SECONDS}",
    ]  # fmt: skip
    done = subprocess.run(
        nbval, cwd=book, capture_output=True, text=True, timeout=CHAPTER_SECONDS,
        env=clean_environment(JUPYTER_PATH=str(tmp_path), IPYTHONDIR=str(tmp_path / "ipython")),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]
    ran = int(re.search(r"(\d+) passed", done.stdout)[1])
    notebook = json.loads((book / "chapters" / f"{CHAPTER}.ipynb").read_text(encoding="utf-8"))
    assert ran == sum(cell["cell_type"] == "code" for cell in notebook["cells"])
