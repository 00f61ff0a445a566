"""Where the pages' Python comes from, and which code of a chapter stands ready for an answer."""

import pytest
import runtime
from names_before import names_before, names_missing
from runtime import NUMPY, PythonMissingError, originals


def no_network():
    raise OSError("no route to host")


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """An empty cache and no network."""
    for name in ("from_pypi", "from_release"):
        monkeypatch.setattr(runtime, name, no_network)
    monkeypatch.setattr(runtime, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def test_what_cannot_be_fetched_says_how_to_build_without(alone):
    with pytest.raises(PythonMissingError, match="make book PYTHON_IN_PAGE=no") as error:
        originals()
    assert "no route to host" in str(error.value)


def test_a_file_with_another_hash_stops_the_build(alone, monkeypatch):
    files = dict.fromkeys(runtime.SHA256, b"not Python")
    monkeypatch.setattr(runtime, "from_release", lambda: files)
    monkeypatch.setattr(runtime.from_release, "__name__", "from_release")
    with pytest.raises(PythonMissingError, match=r"pyodide\.mjs, from release, has SHA-256 \w{64}"):
        originals()
    assert not alone.exists()


def test_the_cache_is_asked_first_and_a_broken_one_is_refused(alone, monkeypatch):
    monkeypatch.setattr(runtime, "SHA256", dict.fromkeys(runtime.SHA256, runtime.sha256(b"yes")))
    alone.mkdir()
    for name in runtime.SHA256:
        (alone / name).write_bytes(b"yes")
    assert originals() == dict.fromkeys(runtime.SHA256, b"yes")
    (alone / NUMPY).write_bytes(b"no")
    with pytest.raises(PythonMissingError, match=f"Delete {alone} and build again"):
        originals()


def test_the_same_files_make_the_same_zip():
    files = {"b.py": b"1", "a/c.py": b"2"}
    assert runtime.zipped(files) == runtime.zipped(dict(reversed(files.items())))
    assert runtime.unzipped(runtime.zipped(files)) == files


CELLS = [
    "%matplotlib inline\nimport numpy as np\nimport matplotlib.pyplot as plt\nfrom math import pi",
    "x = np.ones(3)\nx[0] = 5\nunused = x + 1\ndef twice(z):\n    return k * z\nk = 2",
    "fig, ax = plt.subplots()\nwide = fig.get_figwidth()\nx = twice(x)",
    "total = 0\nfor value in x:\n    total += value",
    "model = Model()\nrun = fit(model, x)\nother = fit(Model(), x)\nprint(model)",
    "@decorated\ndef last():\n    return 1",
]
IMPORTS = "import numpy as np\nfrom math import pi\n"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"np"}, ""),
        ({"unused"}, "x = np.ones(3)\nx[0] = 5\nunused = x + 1\n"),
        ({"wide"}, ""),  # needs a figure
        ({"model"}, "x = np.ones(3)\nx[0] = 5\ndef twice(z):\n    return k * z\nk = 2\n"
                    "x = twice(x)\nmodel = Model()\nrun = fit(model, x)\n"),
        ({"last"}, "@decorated\ndef last():\n    return 1\n"),
        ({"nowhere"}, ""),
    ],
)  # fmt: skip
def test_what_stands_ready(wanted, code):
    assert names_before(CELLS, wanted) == IMPORTS + code


def test_a_sum_is_made_of_all_its_terms():
    code = names_before(CELLS, {"total"})
    assert "total = 0\nfor value in x:\n    total += value\n" in code
    assert "x = twice(x)\n" in code


def test_names_are_missing_only_before_they_are_made():
    within = "def f(x):\n    y = 0 * x\n    y[0] += 1\n    return y\n"  # its own y
    within += "for i in range(3):\n    if i:\n        w = i\n        print(w)\n"
    assert names_missing([within]) == set()
    assert names_missing(["y = x + 1\nfor i in range(3):\n    y += i", "print(y, i, z)"]) == {
        "x", "z"}  # fmt: skip
