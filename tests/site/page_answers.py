"""Answers to every exercise of the book, as a reader would type them: right ones and wrong ones."""

import ast
from functools import cache

import nbformat
from built_book import ROOT
from python_in_page import exercises_of

from tinycnn_lib.exercises import (
    chapter22_code,
    chapter22_pieces,
    chapter23_avgpool,
    chapter23_pieces,
    chapter24,
    chapter24_pieces,
)
from tinycnn_lib.exercises._piece import Piece

MODULES = (chapter22_code, chapter22_pieces, chapter23_avgpool, chapter23_pieces, chapter24,
           chapter24_pieces)  # fmt: skip
WRONG = {
    "ex-22-output-sizes": [
        "a, b, c, d = (6, 26, 26), (1,), (2,), 3",
        "a = b = c = d = 7",
        "a, b, c, d = '7', (1, 2), None, 2.5",
    ],
    "ex-22-diagonal": [
        "kernel = np.ones((3, 3))",
        "kernel = np.eye(3)[::-1] * 2 - 1",
        "kernel = np.eye(2)",
    ],
    "ex-22-separable": [
        "def separate(K):\n    return K[0], K[:, 0]",
        "def separate(K):\n    return np.ones(3), np.ones(3)",
        "def separate(K):\n    print(K.shape)",
    ],
    "ex-23-my-cnn": [
        "class MyCNN:\n    def forward(self, x):\n        return x",
        "class MyCNN:\n    pass",
        "MyCNN = TinyCNN(seed=42)",
    ],
    "ex-23-by-hand": [
        "winner, place, product = 1.0, (2, 0), 1.0",
        "winner = place = product = None",
        "winner, place, product = 0.5, 7, np.nan",
    ],
    "ex-23-shape": [
        "shape, parameter_count = (16, 8, 26, 26), 608",
        "shape, parameter_count = (8, 28, 28), 600",
        "shape, parameter_count = [16, 8, 28, 28], 608.5",
    ],
    "ex-23-dot": ["model = TinyCNN(seed=42)", "model = 4", "model = None"],
    "ex-23-sharing": [
        "local_count, dense_count = 972, 6912",
        "local_count, dense_count = 27, 81",
        "local_count, dense_count = 'many', 1e3",
    ],
    "ex-24-momentum": [
        "theta_1, theta_2, theta_3 = 1, 1, 1",
        "theta_1 = theta_2 = theta_3 = None",
        "theta_1, theta_2, theta_3 = 0.8, 0.64, 0.512",
    ],
    "ex-24-bugs": [
        'a, b, c = "Dense", "Dense", "Dense"',
        'a, b, c = "Conv2D", "ReLU", "Dense"',
        "a, b, c = 1, 2, 3",
    ],
    "ex-24-batch": ["steps = {}\nlaw = 'linear'", "steps = None\nlaw = None", "steps = law = 7"],
    "ex-24-epoch": [
        "def one_epoch(model, x, y, optimizer, batch_size, rng):\n    pass",
        "def one_epoch(model, x, y, optimizer, batch_size, rng):\n    return model.predict(x)",
        "one_epoch = 1",
    ],
    "ex-24-decay": [
        "def decayed_loss(model, x, targets, weight_decay):\n    return 0.0",
        "def decayed_loss(model):\n    return 1 / 0",
        "decayed_loss = 3",
    ],
    "ex-24-my-network": [],  # it checks what was kept
    "ex-23-relu": [],  # open: there is nothing to check
}


# Type an answer, press its button, wait for the verdict.
ANSWER = """async ([id, code]) => {
  const editor = document.getElementById(`${id}-answer`);
  for (let fold = editor.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    fold.open = true;
  }
  const answer = editor.closest(".answer");
  const verdict = answer.querySelector("output");
  verdict.replaceChildren();
  verdict.removeAttribute("data-kind");
  editor.value = code;
  answer.querySelector(".answer-check").click();
  while (!verdict.dataset.kind || verdict.dataset.kind === "wait") {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const text = verdict.querySelector("span")?.textContent ?? "";
  return [verdict.dataset.kind, text, verdict.querySelector("strong").textContent];
}"""


def answer(page, label, code):
    """Return (kind, text, heading) of the verdict on an answer."""
    return page.evaluate(ANSWER, [label, code])


@cache
def exercises(chapter):
    """Return the exercises of a chapter that have an answer cell."""
    return exercises_of(nbformat.read(ROOT / "chapters" / f"{chapter}.ipynb", as_version=4))


def right_answer(exercise):
    """Return a chapter's own solution as an answer; what it checks gets the names asked for."""
    code = "\n\n".join(cell for cell in exercise.solution if "plt." not in cell)
    for check in ast.parse(exercise.checks).body:
        name, asked = check.value.func.id, [ast.unparse(part) for part in check.value.args]
        for given in ast.walk(ast.parse(code)):
            if isinstance(given, ast.Call) and getattr(given.func, "id", None) == name:
                parts = [*given.args, *(keyword.value for keyword in given.keywords)]
                values = ", ".join(ast.unparse(part) for part in parts)
                code = code.replace(ast.get_source_segment(code, given), "pass", 1)
                if asked and values != ", ".join(asked):
                    code += f"\n{', '.join(asked)} = {values}"
    return code


def wrong_answers(exercise):
    """Return answers that are wrong: three likely mistakes of a piece, or those written here."""
    if exercise.label in WRONG:
        return WRONG[exercise.label]
    for check in ast.parse(exercise.checks).body:
        asked = ast.unparse(check.value.args[0])
        for module in MODULES:
            for name, piece in vars(module).items():
                if isinstance(piece, Piece) and piece.name == asked:
                    place = module.__name__.rpartition(".")[2]
                    likely = [
                        f"from tinycnn_lib.exercises.{place} import {name}\n"
                        f"{asked} = list({name}.mistakes.values())[{number}]"
                        for number in range(len(piece.mistakes))
                    ]
                    return [*likely, f"{asked} = 7"][:3]
    return []
