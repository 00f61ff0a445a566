"""The Makefile where something is in the way: an old environment, a taken port, a failing build."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is missing. Install it")


@pytest.fixture
def folder(tmp_path):
    """Return a folder with the Makefile and what it looks at, empty."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / name).touch()
    return tmp_path


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def make(folder, *arguments, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=clean | environment, capture_output=True, text=True
    )


def test_an_environment_of_an_old_python_is_made_anew(folder):
    program(folder / ".venv" / "bin" / "python", "exit 1")  # too old, whatever it is asked
    program(folder / "python", 'test "$2" != venv || { mkdir -p .venv/bin; cp python .venv/bin/; }')
    done = make(folder, "PYTHON=./python", ".venv/.installed")
    assert done.returncode == 0, done.stderr
    assert "older than 3.11" in done.stderr
    assert "test" in (folder / ".venv" / "bin" / "python").read_text()


def test_a_taken_port_is_named_with_another(folder):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = make(folder, "-o", "book", f"BIN={Path(sys.executable).parent}", "serve",
                    f"PORT={port}")  # fmt: skip
    assert done.returncode != 0
    assert f"Port {port} is taken. Take another: make serve PORT={port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("works", [False, True])
def test_a_build_that_fails_leaves_the_old_book(folder, works):
    html = folder / "_build" / "html"
    html.mkdir(parents=True)
    (html / "old.html").touch()
    new = 'test -z "$PYTHONWARNINGS" && mkdir _build/html && touch _build/html/new.html'
    program(folder / ".venv" / "bin" / "jupyter-book", f"{new} && {str(works).lower()}")
    (folder / ".venv" / ".installed").touch()
    done = make(folder, "book", PYTHONWARNINGS="error")
    assert (done.returncode == 0) == works
    assert os.listdir(html) == (["new.html"] if works else ["old.html"])
    assert os.listdir(html.parent).count("html.before") == 0
