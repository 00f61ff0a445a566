"""`show_source`: what a chapter shows is what runs."""

import inspect

import pytest
from IPython.display import Markdown

from tinycnn_lib import Conv2D, TinyCNN, softmax
from tinycnn_lib.display import show_source


@pytest.mark.parametrize("thing", [Conv2D, TinyCNN, softmax])
def test_source_of_classes_and_functions(thing):
    block = show_source(thing)
    assert type(block) is Markdown
    assert block.data == f"```python\n{inspect.getsource(thing).rstrip()}\n```"


@pytest.mark.parametrize("method", [Conv2D.forward, Conv2D(1, 1, 1).forward])
def test_source_of_a_method_begins_at_the_margin(method):
    lines = show_source(method).data.splitlines()
    assert lines[:3] == ["```python", "@images", "def forward(self, x):"]
    assert lines[3].startswith('    """')
    assert lines[-1] == "```"


def test_no_source_in_the_library_would_end_its_own_block():
    import tinycnn_lib

    for name in tinycnn_lib.__all__:
        thing = getattr(tinycnn_lib, name)
        if callable(thing):
            assert show_source(thing).data.count("```") == 2
