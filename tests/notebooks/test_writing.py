"""What `make notebooks` does with a chapter: the same bytes twice, and nothing after an error."""

import json

import notebooks
import pytest

CHAPTER = """---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

```{code-cell} ipython3
---
tags: [hide-input]
mystnb:
  figure:
    caption: CAPTION
---
print(6 / NUMBER)
```
"""


@pytest.fixture
def write(tmp_path):
    """Return a function that writes the chapter and makes its notebook: (status, notebook)."""
    source, target = tmp_path / "01-a.md", tmp_path / "01-a.ipynb"

    def run(number, caption="One line."):
        source.write_text(CHAPTER.replace("NUMBER", number).replace("CAPTION", caption))
        return notebooks.main([str(source)]), target.read_bytes() if target.exists() else None

    return run


def test_a_second_run_gives_the_same_bytes(write):
    status, first = write("3")
    assert status == 0
    (cell,) = (cell for cell in json.loads(first)["cells"] if cell["cell_type"] == "code")
    assert cell["outputs"][0]["text"] == ["2.0\n"]
    assert cell["metadata"]["jupyter"] == {"source_hidden": True}
    assert write("3") == (0, first)


def test_a_chapter_that_fails_keeps_its_notebook(write, capsys):
    _, before = write("3")
    assert write("0") == (1, before)
    assert "01-a.md: a cell raised an error" in capsys.readouterr().out
    assert write("3", caption="One thing: another.") == (1, before)
    said = capsys.readouterr().out
    assert "01-a.md: Code cell 1 at line" in said
    assert "mapping values are not allowed here" in said
