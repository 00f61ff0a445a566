"""Every exercise, answered in the page in two browsers: the words are those of a notebook."""

import pytest
from built_book import CHAPTERS, ROOT
from page_answers import answer, exercises, right_answer, wrong_answers
from page_runner import run
from python_in_page import code_of

NAMES = [page.removeprefix("chapters/").removesuffix(".html") for page in CHAPTERS]


@pytest.mark.wrapped
@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_says_in_the_page_what_it_says_in_a_notebook(
    open_in, name, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # my_cnn.py
    page = open_in(f"chapters/{name}.html")
    before = code_of(ROOT / "chapters" / f"{name}.ipynb")
    kept, differ = "", []
    for exercise in exercises(name):
        right = right_answer(exercise)
        if not exercise.checks:  # nothing answers: its solution trains, and the notebook runs it
            continue
        for code in [*wrong_answers(exercise), right]:
            here = run(before[exercise.label], code, exercise.checks, kept)
            kept = here["kept"]
            kind, text, _ = answer(page, exercise.label, code)
            if (kind, text) != (here["kind"], here["text"] or "Nothing was printed."):
                differ.append((exercise.label, code, here, kind, text))
            wanted = {"wrong", "error"} if code != right else {"right"}
            assert kind in wanted, (exercise.label, code, text)
    assert not differ


def test_there_are_wrong_answers_to_every_exercise():
    few = [
        e.label for name in NAMES for e in exercises(name) if e.checks and len(wrong_answers(e)) < 3
    ]
    assert few == ["ex-24-my-network"]  # what was kept is its answer
