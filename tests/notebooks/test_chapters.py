"""Every chapter is held to every rule, and to its twin."""

import functools
import re
from pathlib import Path

import nbformat
import notebook_reading
import pytest
from chapter_rules import RULES

from tinycnn_lib import exercises

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


def test_there_are_chapters():
    assert CHAPTERS, "no notebook in chapters/: the tests of this file would test nothing"


def test_chapters_holds_pairs_only():
    stems = {path.stem for path in CHAPTERS}
    names = {path.name for path in (ROOT / "chapters").iterdir() if path.name[0] not in "._"}
    assert names == {f"{stem}{end}" for stem in stems for end in (".md", ".ipynb")}
    for stem in stems:
        assert re.fullmatch(r"\d\d-[a-z0-9-]+", stem), stem


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_the_notebook_is_valid(chapter):
    nbformat.validate(read(chapter))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_the_pair_says_the_same(chapter):
    source = chapter.with_suffix(".md").read_text(encoding="utf-8")
    from_md, from_ipynb = notebook_reading.pair_difference(source, read(chapter))
    assert from_md == from_ipynb, f"run: make notebooks NB=chapters/{chapter.stem}"


@functools.cache
def read_once(path):
    return read(path)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_the_chapter_keeps_the_rule(chapter, rule):
    faults = rule(read_once(chapter), number=chapter.stem[:2])
    assert not faults, "\n".join([f"{chapter.name} breaks {rule.__name__}:", *faults])


def test_every_checker_is_called_by_a_solution():
    called = {"check_my_network"}  # called in the open: no single solution answers it
    for chapter in CHAPTERS:
        for one in notebook_reading.split_exercises(read(chapter))[0]:
            for cell in one["solution"]:
                called |= notebook_reading.checker_calls(cell.source, commented=False)
    assert called == {name for name in exercises.__all__ if name.startswith("check_")}
