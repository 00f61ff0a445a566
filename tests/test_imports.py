"""The house rule of the library: imports go one way, and the core needs NumPy alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tinycnn_lib

ROOT = Path(tinycnn_lib.__file__).parent

# module: (modules of the library it may import, packages it may import beside the standard library)
GUARDED = {"validation", "extras"}
CORE = {"layer", "layers", "losses", "models", "datasets", "gradients", "loops"}
RULES = {
    "validation": (set(), {"numpy"}),
    "gradients": (GUARDED, {"numpy"}),
    "loops": (set(), {"numpy"}),
    "layer": (GUARDED, {"numpy"}),
    "layers": (GUARDED | {"layer"}, {"numpy"}),
    "losses": (GUARDED, {"numpy"}),
    "datasets": (GUARDED, {"numpy"}),
    "models": (GUARDED | {"layer", "layers", "losses"}, {"numpy"}),
    "optimizers": (GUARDED, {"numpy"}),
    "training": (GUARDED | {"layers", "losses", "models", "optimizers"}, {"numpy", "tqdm"}),
    "weights": (GUARDED | {"layers", "losses", "models"}, {"numpy"}),
    "plotting": (GUARDED, {"numpy", "matplotlib"}),
    "display": (GUARDED, {"IPython"}),
    "extras": (set(), set()),
    "exercises": (
        CORE | GUARDED | {"optimizers", "training", "weights", "plotting", "display", "exercises"},
        {"numpy", "matplotlib", "IPython"},
    ),
    "explorers": (
        CORE | GUARDED | {"optimizers", "training", "weights", "plotting", "explorers"},
        {"numpy", "matplotlib", "PIL", "anywidget", "ipywidgets", "traitlets"},
    ),
}
FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def module_of(path):
    """Return the name of the row of the table above: a file, or the folder it is in."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path):
    """Return the absolute names of all that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = ("tinycnn_lib", *path.relative_to(ROOT).parts[:-1])
                package = package[: len(package) - node.level + 1]
                base = ".".join(filter(None, (*package, base)))
            if base == "tinycnn_lib":  # from tinycnn_lib import validation, or import Conv2D
                found |= {f"{base}.{alias.name}" for alias in node.names}
            else:
                found.add(base)
    return found


def test_every_module_has_its_rule():
    modules = {module_of(path) for path in FILES}
    assert {"layers", "losses", "models", "validation"} <= modules
    assert modules <= set(RULES), f"give {modules - set(RULES)} a row in RULES"


def test_rules_have_no_circle():
    below = {name: allowed - {name} for name, (allowed, _) in RULES.items()}
    while below:
        free = {name for name, allowed in below.items() if not allowed & set(below)}
        assert free, f"a circle among {set(below)}"
        below = {name: allowed for name, allowed in below.items() if name not in free}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path):
    own, packages = RULES[module_of(path)]
    for name in imports(path):
        first, *rest = name.split(".")
        if first == "tinycnn_lib":
            # A public name taken from the package itself hides which module it comes from.
            assert rest, f"{path.name}: import tinycnn_lib"
            assert rest[0] in RULES, f"{path.name}: import {name} from its own module"
            assert rest[0] in own, f"{path.name} may not import {name}"
        else:
            assert first in packages or first in sys.stdlib_module_names, f"{path.name}: {name}"


def loaded_after(statement):
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in run.stdout.split()}


def test_importing_the_package_loads_nothing_heavy():
    loaded = loaded_after("import tinycnn_lib")
    heavy = {"matplotlib", "IPython", "anywidget", "traitlets", "scipy", "torch", "PIL", "tqdm"}
    assert {"tinycnn_lib", "numpy"} <= loaded
    assert not loaded & heavy
    assert "IPython" in loaded_after("import tinycnn_lib.display")  # the probe can see it


def test_the_core_loads_numpy_and_nothing_else_from_outside():
    numpy_alone = loaded_after("import numpy")
    for module in sorted(CORE | GUARDED):
        extra = loaded_after(
            "import importlib.util, types; p = types.ModuleType('tinycnn_lib'); "
            f"p.__path__ = [{str(ROOT)!r}]; sys.modules['tinycnn_lib'] = p; "
            f"import tinycnn_lib.{module}"
        )
        extra -= numpy_alone | {"tinycnn_lib"} | set(sys.stdlib_module_names)
        assert not {name for name in extra if not name.startswith("_")}, module


@pytest.mark.parametrize(
    ("module", "missing"),
    [
        ("plotting", "matplotlib"),
        ("display", "IPython"),
        ("explorers", "ipywidgets"),
    ],
)
def test_without_the_extra_the_error_says_what_to_install(module, missing):
    code = f"import sys; sys.modules[{missing!r}] = None; import tinycnn_lib.{module}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = run.stderr.splitlines()[-1]
    assert last.startswith(f"ModuleNotFoundError: {missing} is not installed")
    assert f"pip install {missing}, or tinycnn_lib[figures]" in last


def test_without_anywidget_a_figure_says_so_and_is_its_still_picture():
    code = """import sys; sys.modules["anywidget"] = None
from tinycnn_lib import TinyCNN, explorers, traced_image
bundle, _ = explorers.explore_network(TinyCNN(), traced_image())._repr_mimebundle_()
print(*bundle)"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    said, kinds = run.stdout.splitlines()
    assert said.endswith("anywidget is missing: pip install anywidget")
    assert kinds == "text/plain image/png"


def test_public_names():
    required = {
        "CLASS_NAMES", "Conv2D", "Dense", "Flatten", "MaxPool2D", "ReLU", "TinyCNN",
        "make_dataset_bundle", "softmax", "softmax_cross_entropy",
    }  # fmt: skip
    assert required <= set(tinycnn_lib.__all__)
    assert len(set(tinycnn_lib.__all__)) == len(tinycnn_lib.__all__)
    for name in tinycnn_lib.__all__:
        assert hasattr(tinycnn_lib, name)


def test_every_public_thing_says_what_it_is():
    for name in tinycnn_lib.__all__:
        thing = getattr(tinycnn_lib, name)
        if not callable(thing):
            continue
        assert thing.__doc__, name
        for key, method in vars(thing).items() if isinstance(thing, type) else ():
            if not key.startswith("_") and callable(method):
                assert method.__doc__, f"{name}.{key}"
