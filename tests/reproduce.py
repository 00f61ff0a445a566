"""Do the chapters print the same numbers on every machine?

    python tests/reproduce.py                       all combinations, as `make reproduce` does
    python tests/reproduce.py chapters/23-*.ipynb   these chapters only

Each chapter is executed under other BLAS kernels, numbers of threads and versions of NumPy, all of
which add up in another order. What it prints, and what it stores of its living figures, must be
what the .ipynb holds. Pictures are not compared.
"""

import argparse
import functools
import itertools
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import numpy as np
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
KERNELS = ("Nehalem", "Sandybridge", "Haswell", "SkylakeX")  # of OpenBLAS on x86
PROBE = "import numpy, threadpoolctl; print(threadpoolctl.threadpool_info())"
TEXTS = ("text/plain", "text/html", "text/markdown", "text/latex")
WIDGETS = "application/vnd.jupyter.widget-state+json"


def environment(kernel=None, threads=1, numpy=None):
    """Return the environment of one combination; `numpy` is a folder that holds another version.

    With another BLAS kernel NumPy's own loops, such as exp and sums, are those of an old
    processor, too.
    """
    changed = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    if kernel:
        changed["OPENBLAS_CORETYPE"] = kernel
        changed["NPY_DISABLE_CPU_FEATURES"] = " ".join(newer_instructions())
    if numpy:
        changed["PYTHONPATH"] = str(numpy)
    kept = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "PYTHONPATH")}
    return kept | changed


@functools.cache
def newer_instructions():
    """Return the names of the processor's instructions that NumPy's loops use if they are there."""
    return np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])


def kernel_in_use(env):
    """Return the kernel that OpenBLAS runs in this environment; None if NumPy has another BLAS."""
    run = subprocess.run([sys.executable, "-c", PROBE], env=env, capture_output=True, text=True)
    found = re.search(r"'architecture': '(\w+)'", run.stdout)
    return found[1] if found else None


def other_kernels():
    """Return the kernels that this processor can run beside the one it chooses by itself.

    A kernel's name that OpenBLAS does not know, or that the processor cannot run, is passed over
    without a word: so each is asked.
    """
    default = kernel_in_use(environment())
    return [k for k in KERNELS if k != default and kernel_in_use(environment(k)) == k]


def execute(notebook, env):
    """Return the chapter of this .ipynb, executed in this environment."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, notebook.name)
        command = [sys.executable, ROOT / "book" / "notebooks.py", "--output", target]
        run = subprocess.run(
            [*command, notebook.with_suffix(".md")], env=env, capture_output=True, text=True
        )
        if run.returncode:
            raise RuntimeError(f"{notebook.name} does not run:\n{run.stdout[-3000:]}{run.stderr}")
        return nbformat.read(target, 4)


def texts(cell):
    """Return what a cell printed and displayed, without pictures."""
    found = []
    for output in cell.get("outputs", []):
        found += [output["text"]] if "text" in output else []
        found += [value for kind, value in output.get("data", {}).items() if kind in TEXTS]
    return found


def differences(recorded, fresh):
    """Yield (place, recorded text, fresh text) wherever two runs of one chapter differ."""
    cells = zip(recorded.cells, fresh.cells, strict=True)
    for number, (a, b) in enumerate((a, b) for a, b in cells if a.cell_type == "code"):
        for one, other in itertools.zip_longest(texts(a), texts(b), fillvalue="(nothing)"):
            if one != other:
                yield f"code cell {number}", one, other
    states = [n.metadata.get("widgets", {}).get(WIDGETS, {"state": {}}) for n in (recorded, fresh)]
    for name in sorted(set().union(*(state["state"] for state in states))):
        one, other = (json.dumps(s["state"].get(name), sort_keys=True) for s in states)
        if one != other:
            yield f"living figure {name[-2:]}", one, other


def first_difference(one, other, width=60):
    """Return the two places at which two texts begin to differ."""
    pairs = enumerate(zip(one, other, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = max(at - width // 2, 0)
    return one[start : start + width], other[start : start + width]


def numpy_folder(version):
    """Install a version of NumPy into a folder of its own, once; return the folder."""
    folder = ROOT / "_build" / "reproduce" / f"numpy-{version}"
    done = folder / "installed"
    if not done.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
        pip += ["--only-binary=:all:", "--target"]
        subprocess.run([*pip, folder, f"numpy=={version}"], check=True)
        done.touch()
    return folder


def numpy_versions():
    """Return the oldest and the newest NumPy that pyproject.toml allows and this Python can run."""
    bound = re.search(r'"numpy>=([\d.]+)', (ROOT / "pyproject.toml").read_text())[1]
    pip = [sys.executable, "-m", "pip", "index", "versions", "numpy"]
    listed = subprocess.run(pip, capture_output=True, text=True, check=True).stdout
    versions = re.search(r"Available versions: (.*)", listed)[1].split(", ")
    allowed = sorted(v for v in map(Version, versions) if v >= Version(bound))
    return [allowed[0], allowed[-1]]


def combinations():
    """Return the environments: kernels, one thread and two, versions of NumPy; by their names."""
    found = {"default": environment(), "default, 2 threads": environment(threads=2)}
    for kernel in other_kernels():
        found[kernel] = environment(kernel)
        found[f"{kernel}, 2 threads"] = environment(kernel, threads=2)
    left_out = set(KERNELS) - set(found) - {kernel_in_use(environment())}
    if left_out:
        print(f"LEFT OUT: {', '.join(sorted(left_out))}; not on this {platform.machine()}")
    for version in numpy_versions():
        folder = numpy_folder(version)
        for kernel in (None, *other_kernels()[:1]):
            name = f"NumPy {version}, {kernel or 'default'}"
            found[name] = environment(kernel, numpy=folder)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", type=Path)
    chapters = parser.parse_args().chapters or sorted((ROOT / "chapters").glob("*.ipynb"))
    recorded = {path: nbformat.read(path, 4) for path in chapters}
    jobs = list(itertools.product(combinations().items(), chapters))

    def compare(job):
        (name, env), path = job
        try:
            return name, path, list(differences(recorded[path], execute(path, env)))
        except RuntimeError as error:  # a cell raised: the other runs are reported all the same
            return name, path, [("the run", "ends", str(error)[-400:])]

    print(f"default kernel: {kernel_in_use(environment())}")
    print(f"{'combination':28} {'chapter':24} differ")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(compare, jobs))
    for name, path, found in results:
        print(f"{name:28} {path.stem:24} {len(found) or '-'}")
        for place, one, other in found:
            one, other = first_difference(one, other)
            print(f"    {place}\n      recorded {one!r}\n      got      {other!r}")
    return any(found for _, _, found in results)


if __name__ == "__main__":
    sys.exit(main())
