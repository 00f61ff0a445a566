"""Every answer cell of the chapters, as a reader meets it: unfinished, then right, then kept."""

import re
from functools import partial
from pathlib import Path

import nbformat
import pytest
from refusals import refusal

from tinycnn_lib import exercises
from tinycnn_lib.exercises import _kept
from tinycnn_lib.exercises.my_network import BOOK, PIECES

CHAPTERS = sorted((Path(__file__).parents[2] / "chapters").glob("*.ipynb"))
CALL = re.compile(r"^# (check_\w+\(.+\))$", re.M)  # of what is written in the cell


def cells_of(chapter):
    cells = nbformat.read(chapter, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


ANSWERS = [(chapter.stem[:2], source) for chapter in CHAPTERS for source in cells_of(chapter)
           if source.startswith("# Your answer") and CALL.search(source)]  # fmt: skip
CALLS = [(number, source, call) for number, source in ANSWERS for call in CALL.findall(source)]


def names_of(source):
    """Return the names that the book's chapters have where the answer stands, without running."""
    import numpy as np

    import tinycnn_lib

    names = {"np": np, **{name: getattr(tinycnn_lib, name) for name in tinycnn_lib.__all__}}
    names |= {name: getattr(exercises, name) for name in exercises.__all__}
    return names | {"conv2d_loops": BOOK["conv2d_loops"], "pad": lambda x, P: x}


@pytest.mark.parametrize(("number", "source", "call"), CALLS, ids=[call for *_, call in CALLS])
def test_an_unfinished_answer_is_told_so_in_friendly_words(number, source, call, tmp_path):
    names = names_of(source)
    exec(source, names)
    message = refusal(lambda: eval(call, names))
    assert "Traceback" not in message
    assert message.count("\n") < 30
    assert not Path(_kept.MY_FILE).exists()


def run(cell):
    """Run a cell as a notebook does: its source can be found later."""
    import linecache

    name = f"<cell {len(linecache.cache)}>"
    linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
    names = names_of(cell)
    exec(compile(cell, name, "exec"), names)
    return names


SOLUTIONS = {}  # the chapters' own solutions, by the piece that they define
for _chapter in CHAPTERS:
    for _source in cells_of(_chapter):
        for _name in re.findall(r"^(?:def|class) (\w+)", _source, re.M):
            if _name in PIECES and "\ncheck_" in _source:
                SOLUTIONS[_name] = _source


def test_every_piece_has_a_solution_in_a_chapter_and_an_answer_cell_that_keeps_it():
    assert SOLUTIONS.keys() == PIECES.keys()
    offered = {call for *_, call in CALLS if "keep=True" in call}
    assert {re.search(r"\((\w+),", call)[1] for call in offered} >= PIECES.keys()


def test_what_is_kept_in_three_chapters_becomes_one_network(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, source in SOLUTIONS.items():
        names = run(source.replace(f"({name})", f"({name}, keep=True)"))
        assert f"Kept in {_kept.MY_FILE}." in capsys.readouterr().out
        assert name in names
    monkeypatch.setattr("tinycnn_lib.exercises.my_network.EPOCHS", 1)  # loops take their time
    monkeypatch.setattr("tinycnn_lib.exercises.my_network.LEAST", 0)
    exercises.check_my_network()
    out = capsys.readouterr().out
    assert "The traced picture, forward and back: every number as in the book." in out
    assert f"Yours, from scratch: {len(PIECES)} of {len(PIECES)} pieces, 114 of 114 gra" in out


def test_a_piece_takes_what_it_needs_along_and_an_older_one_is_replaced(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    run(
        "def relu_backward(d, x):\n    return d * (x > 0)\n\n"
        "check_relu_backward(relu_backward, keep=True)"
    )
    run(
        "from math import copysign\nLIMIT = 0\n\ndef passes(x):\n    return x > LIMIT\n\n"
        "def unused(x):\n    return copysign(1, x)\n\n"
        "def relu_backward(d, x):\n    return d * passes(x)\n\n"
        "check_relu_backward(relu_backward, keep=True)"
    )
    text = Path(_kept.MY_FILE).read_text()
    assert text.count("def relu_backward") == 1
    assert "def passes" in text
    assert "LIMIT = 0" in text
    assert "unused" not in text
    piece = exercises.kept("relu_backward")
    assert piece is not BOOK["relu_backward"]
    exercises.check_relu_backward(piece)
    assert exercises.kept("dense_backward") is BOOK["dense_backward"]


def test_a_piece_may_use_one_that_was_kept_before(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run(SOLUTIONS["conv2d_loops"].replace("(conv2d_loops)", "(conv2d_loops, keep=True)"))
    cell = 'conv2d_loops = kept("conv2d_loops")\n' + SOLUTIONS["MyConv2D"]
    run(cell.replace("(MyConv2D)", "(MyConv2D, keep=True)"))
    assert Path(_kept.MY_FILE).read_text().count("def conv2d_loops") == 1
    exercises.check_conv2d(exercises.kept("MyConv2D"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# --- relu_backward ---\ndef relu_backward(:\n", "its block relu_backward raised Syntax"),
        ("# --- relu_backward ---\nrelu_backward = unknown\n", "raised NameError"),
    ],
)
def test_a_broken_file_names_its_block(text, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(_kept.MY_FILE).write_text(text)
    message = refusal(exercises.check_my_network)
    assert words in message
    assert "delete it and keep relu_backward again" in message


def test_what_cannot_be_kept_says_why(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec("def relu_backward(d, x):\n    return d * (x > 0)\n", names)  # no cell, no source
    message = refusal(exercises.check_relu_backward, names["relu_backward"], keep=True)
    assert message.startswith("relu_backward cannot be kept: the source of relu_backward is not")
    cell = "import numpy as np\nslopes = np.ones(3)\n"
    cell += "def relu_backward(d, x):\n    return d * (x > 0) + 0 * slopes[0]\n"
    names = run(cell)
    message = refusal(exercises.check_relu_backward, names["relu_backward"], keep=True)
    assert "it uses slopes, which your notebook made elsewhere" in message
    names = run(
        "def make(limit):\n    def relu_backward(d, x):\n        return d * (x > limit)\n"
        "    return relu_backward\n\nrelu_backward = make(0)\n"
    )
    message = refusal(exercises.check_relu_backward, names["relu_backward"], keep=True)
    assert "relu_backward takes limit from the function that made it" in message
    assert not Path(_kept.MY_FILE).exists()


def test_an_annotation_and_an_indented_definition_can_be_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(
        "from numpy.typing import NDArray\n\nif True:\n"
        "    def relu_backward(d: NDArray, x: NDArray) -> NDArray:\n        return d * (x > 0)\n\n"
        "check_relu_backward(relu_backward, keep=True)"
    )
    text = Path(_kept.MY_FILE).read_text()
    assert "from numpy.typing import NDArray\n" in text
    assert "\ndef relu_backward(d: NDArray" in text
    exercises.check_relu_backward(exercises.kept("relu_backward"))


def test_a_name_within_a_piece_is_not_the_notebook_s(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(
        "d_output = x = np.ones(3)\n\n"
        "def relu_backward(d_output, x):\n"
        "    return np.array([d * (p > 0) for d, p in zip(d_output.ravel(), x.ravel())])"
        ".reshape(x.shape)\n\n"
        "check_relu_backward(relu_backward, keep=True)"
    )
    exercises.check_relu_backward(exercises.kept("relu_backward"))


def test_base_classes_and_decorators_are_kept_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(
        "from functools import wraps\n\n"
        "def doubled(f):\n    @wraps(f)\n    def g(self, x):\n        return 2 * f(self, x)\n"
        "    return g\n\n"
        "class Base:\n    @doubled\n    def half(self, x):\n        return np.maximum(x, 0) / 2\n\n"
        "class MyReLU(Base):\n    def forward(self, x):\n        self.positive = x > 0\n"
        "        return self.half(x)\n\n"
        "check_relu(MyReLU, keep=True)"
    )
    exercises.check_relu(exercises.kept("MyReLU"))
    run(
        "@np.vectorize\ndef relu_backward(d_output, x):\n    return d_output if x > 0 else 0.0\n\n"
        "check_relu_backward(relu_backward, keep=True)"
    )
    exercises.check_relu_backward(exercises.kept("relu_backward"))


@pytest.mark.parametrize("answer", [lambda d, x: d * (x > 0), partial(max, 0)])
def test_what_has_no_name_is_told_how_to_get_one(answer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from tinycnn_lib.exercises._kept import write_kept

    assert "write it as def relu_backward(...):" in refusal(write_kept, "relu_backward", answer)


def test_a_name_that_is_no_piece_is_refused():
    assert "no piece is called 'relu'" in refusal(exercises.kept, "relu")
    assert "not a dict of pieces" in refusal(exercises.check_my_network, {"relu": 1})
    assert "not a dict of pieces" in refusal(exercises.check_my_network, [1])


def test_a_piece_that_fails_in_the_network_alone_is_named():
    def relu_backward(d_output, x):
        if len(x) > 30:
            raise RuntimeError("a large batch")
        return d_output * (x > 0)

    pieces = {"relu_backward": relu_backward}
    message = refusal(exercises.check_my_network, pieces)
    assert "relu_backward raised RuntimeError in the network: a large batch" in message


def test_pieces_may_return_lists():
    def momentum_step(theta, nu, g, eta, mu):
        nu = mu * nu - eta * g
        return [(theta + nu).tolist(), nu.tolist()]

    exercises.check_my_network({"momentum_step": momentum_step})


def test_a_loop_that_does_not_learn_is_found(monkeypatch):
    monkeypatch.setattr("tinycnn_lib.exercises.my_network.RATE", 1e-6)
    assert "expected: at least 81" in refusal(exercises.check_my_network, {})


def test_a_piece_that_is_wrong_is_named_before_the_network_runs():
    wrong = {"relu_backward": lambda d_output, x: d_output * (x >= 0)}
    assert "relu_backward returns wrong numbers" in refusal(exercises.check_my_network, wrong)
