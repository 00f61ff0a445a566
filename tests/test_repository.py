"""What surrounds the book: its files, licenses, versions, workflow, launch set-up and README."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
BIN = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


PROJECT = tomllib.loads(read("pyproject.toml"))["project"]


# --- the files, and what they say about the project --------------------------------------------
def test_versions_agree():
    newest = re.search(r"^## (\S+)", read("CHANGELOG.md"), re.M)[1]
    assert PROJECT["version"] == newest == str(yaml.safe_load(read("CITATION.cff"))["version"])


def test_title_is_the_same_everywhere():
    title = yaml.safe_load(read("_config.yml"))["title"]
    assert yaml.safe_load(read("CITATION.cff"))["title"] == title
    assert read("README.md").startswith(f"# {title}\n")


# --- nothing of one machine --------------------------------------------------------------------
# Paths that exist on somebody's machine only; put together here, so that this file passes itself.
MACHINE = re.compile(
    "(?<![\\w.])/(" + "|".join(["work", "root", "tmp", r"home/(?!me/)\w+", r"Users/\w+"]) + ")/"
    "|[A-Z]:" + r"\\Users"
)


def text_files():
    """Yield (path, text) of all files that are or could be committed."""
    listing = ["git", "-C", str(ROOT), "ls-files", "-z"]
    listing += ["--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if path.suffix not in {".png", ".npz", ".woff2"} and path.is_file():
            yield path, path.read_text(encoding="utf-8")


@pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="not a git clone, so there is no list of tracked files"
)
def test_no_file_names_a_path_of_one_machine():
    vendored = ROOT / "book" / "static" / "vendor"
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:100]}"
        for path, text in text_files()
        if vendored not in path.parents and MACHINE.search(text)
        for line in text.splitlines()
        if MACHINE.search(line)
    ]
    assert not found, "\n".join(found)


# --- the workflow ------------------------------------------------------------------------------
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
class TestWorkflow:
    def test_actions_are_pinned_by_commit_and_say_which_version(self, path):
        uses = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
        assert uses
        for action in uses:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action

    def test_jobs_have_least_permissions_and_an_end(self, path):
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {}
        assert workflow["concurrency"]
        for name, job in workflow["jobs"].items():
            assert job["timeout-minutes"] <= 30, name
            writes = {scope for scope, kind in job["permissions"].items() if kind == "write"}
            assert writes == ({"pages", "id-token"} if name == "publish" else set()), name


def test_workflow_runs_the_tests_on_every_supported_python():
    jobs = yaml.safe_load(read(".github/workflows/book.yml"))["jobs"]
    assert any(step.get("run") == ".ci/run" for step in jobs["test"]["steps"])
    assert read(".ci/run").endswith("\nmake test\n")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert jobs["publish"]["needs"] == "test"
    versions = jobs["versions"]["strategy"]["matrix"]["python"]
    assert f">={versions[0]}" == PROJECT["requires-python"]
    assert versions == [f"3.{minor}" for minor in range(11, 11 + len(versions))]


# --- Binder ------------------------------------------------------------------------------------
def pins(name, version):
    """Return {package: version} of a requirements file, for one Python on Linux."""
    environment = {
        "python_version": version, "python_full_version": f"{version}.9",
        "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix",
    }  # fmt: skip
    found = {}
    for line in read(name).splitlines():
        line = line.split("#")[0].strip()
        if line and not line.startswith("-"):
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate(environment):
                assert re.fullmatch(r"==[\w.]+", str(wanted.specifier)), line
                found[wanted.name.lower()] = str(wanted.specifier)
    return found


def test_binder_installs_the_same_versions_and_this_library():
    version = re.fullmatch(r"python-(3\.\d+)\n", read("binder/runtime.txt"))[1]
    binder, everything = pins("binder/requirements.txt", version), pins("requirements.txt", version)
    assert {name: everything.get(name) for name in binder} == binder
    figures = PROJECT["optional-dependencies"]["figures"]
    needed = {Requirement(line).name for line in PROJECT["dependencies"] + figures}
    assert needed | {"jupyterlab", "jupyterlab-myst", "ipykernel"} <= set(binder)
    assert "jupytext" not in binder  # a pair that differs can refuse to open in JupyterLab
    assert read("binder/requirements.txt").splitlines()[-1] == "-e ."


# --- the README and CONTRIBUTING ---------------------------------------------------------------
@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_local_links_lead_somewhere(name):
    text = re.sub(r"```.*?```|`[^`]*`", "", read(name), flags=re.S)
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("https://"):
            assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_make_targets_exist(name):
    wanted = set(re.findall(r"(?:^|`)make ([a-z]+)", read(name), re.M))
    assert {"book", "test"} <= wanted
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.M))
    assert not wanted - targets


def test_paths_in_the_readme_exist():
    table = re.search(r"## What is inside\n(.*?)\n## ", read("README.md"), re.S)[1]
    paths = re.findall(r"^\| `([^`]+)`", table, re.M)
    assert len(paths) > 5
    for path in paths:
        assert (ROOT / path).exists(), path


def test_windows_commands_are_those_that_the_workflow_runs():
    section = re.search(r"### On Windows\n(.*?)\n## ", read("README.md"), re.S)[1]
    commands = re.search(r"```powershell\n(.*?)```", section, re.S)[1].splitlines()
    jobs = yaml.safe_load(read(".github/workflows/book.yml"))["jobs"]
    assert [step["run"] for step in jobs["windows"]["steps"] if "run" in step] == commands


def pictures():
    """Import book/pictures.py."""
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "book" / "pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pictures_show_what_the_library_computes(tmp_path):
    drawn = pictures()
    drawn.plotting.use_book_style()
    for name, draw in drawn.PICTURES.items():
        draw().savefig(tmp_path / name, dpi=150)
        new = matplotlib.image.imread(tmp_path / name)[..., :3]
        kept = matplotlib.image.imread(ROOT / "book" / name)[..., :3]
        assert kept.shape == new.shape
        assert np.abs(kept - new).mean() < 0.01, name
        assert (ROOT / "book" / name).stat().st_size < 100_000
        assert f"book/{name}" in read("README.md") + read("index.md")


HOURS = {
    "half an hour": 0.5,
    "an hour": 1,
    "an hour and a half": 1.5,
    "two hours": 2,
    "two and a half hours": 2.5,
    "three hours": 3,
    "four and a half hours": 4.5,
    "five hours": 5,
    "six hours": 6,
}


def test_the_landing_page_gives_each_chapter_s_hours():
    cards = re.findall(r":link: (chapters/\S+).*?\nAbout ([^.]+)\.", read("index.md"), re.S)
    assert len(cards) == 3
    for chapter, total in cards:
        plan = re.search(r"\*\*Plan for\*\* (.*)", read(f"{chapter}.md"))[1]
        parts = re.findall(r"(?:^|, | and )([a-z ]*?hours?(?: and a half)?) (?:of|for)", plan)
        assert len(parts) == 3, plan
        assert sum(HOURS[part.removeprefix("and ")] for part in parts) == HOURS[total], chapter


def test_the_landing_page_tells_what_its_networks_and_its_curve_show():
    state = json.loads(read("chapters/23-building-a-cnn.ipynb"))["metadata"]["widgets"]
    records = state["application/vnd.jupyter.widget-state+json"]["state"].values()
    data = [record["state"].get("data", {}) for record in records]
    untrained, trained = next(each["networks"] for each in data if "networks" in each)
    parts = ("kernels", "conv_bias", "weights", "dense_bias")
    differ = sum(int(np.not_equal(untrained[part], trained[part]).sum()) for part in parts)
    assert f"differ in {differ} numbers" in read("index.md")
    (curve,) = pictures().card_24().axes
    loss = curve.lines[0].get_ydata()
    said = f"The loss falls from {loss[0]:.1f} to {loss[-1]:.2f} in {len(loss) - 1} epochs."
    assert said in read("index.md")


def test_probabilities_in_the_readme():
    from tinycnn_lib import CLASS_NAMES, TinyCNN, softmax
    from tinycnn_lib.datasets import traced_image

    probabilities = softmax(TinyCNN().forward(traced_image()))[0]
    best = int(probabilities.argmax())
    said = f"gives {CLASS_NAMES[best]} {probabilities[best]:.2f}, though the picture shows a"
    assert said in read("README.md")
    assert CLASS_NAMES[best] != "vertical"
    assert f"{TinyCNN().parameter_count} parameters" in read("README.md")
