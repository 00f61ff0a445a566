"""The appendix keeps up: every public name, every linked term, every symbol once, every source."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from pybtex.database import parse_file

import tinycnn_lib
from tinycnn_lib import (
    Conv2D,
    Dense,
    MaxPool2D,
    TinyCNN,
    display,
    exercises,
    explorers,
    plotting,
    relative_error,
)

ROOT = Path(__file__).parents[1]
APPENDIX = ROOT / "appendix"
PAGES = sorted([*ROOT.glob("chapters/*.md"), *APPENDIX.glob("*.md"), ROOT / "index.md"])


def read(name):
    return (APPENDIX / name).read_text(encoding="utf-8")


def headings(text, level):
    return re.findall(rf"^{'#' * level} (.+)$", text, re.M)


def slug(heading):
    """Return a heading's anchor, as the pages make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# --- the library reference ---------------------------------------------------------------------
def public_names():
    """Yield (name, module) for all that a reader may import."""
    for module in (tinycnn_lib, explorers, exercises):
        for name in module.__all__:
            yield name, module
    for module in (plotting, display):
        for name, thing in vars(module).items():
            own = inspect.isfunction(thing) and thing.__module__ == module.__name__
            if own and not name.startswith("_"):
                yield name, module


@pytest.mark.parametrize(
    ("name", "module"), [pytest.param(*pair, id=pair[0]) for pair in public_names()]
)
def test_public_name_is_in_the_library_reference(name, module):
    thing = getattr(module, name)
    directive = "autoclass" if inspect.isclass(thing) else "autofunction"
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        directive = "autoexception"
    if not callable(thing):  # its comment is read only where it is assigned
        directive = "autodata"
        modules = [part for part in vars(module).values() if inspect.ismodule(part)]
        (module,) = (part for part in modules if f"\n{name} = " in inspect.getsource(part))
    entry = f"### {name}\n\n```{{eval-rst}}\n.. {directive}:: {module.__name__}.{name}\n"
    assert entry in read("api.md"), f"appendix/api.md needs this entry:\n\n{entry}```"
    assert not callable(thing) or inspect.getdoc(thing), f"{name} has no docstring"


def test_library_reference_holds_nothing_else():
    expected = [name for name, _ in public_names()]
    assert sorted(headings(read("api.md"), 3)) == sorted(expected)


# --- the glossary ------------------------------------------------------------------------------
def test_glossary_is_in_alphabetical_order():
    terms = headings(read("glossary.md"), 3)
    keys = [term.lower().replace("-", " ") for term in terms]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_glossary_terms_stand_under_their_letter():
    letter = None
    for hashes, title in re.findall(r"^(##|###) (.+)$", read("glossary.md"), re.M):
        if hashes == "##":
            assert letter is None or title > letter
            letter = title
        else:
            assert title[0].upper() == letter, title


def test_each_glossary_entry_says_where_to_read_on():
    for entry in re.split(r"^### ", read("glossary.md"), flags=re.M)[1:]:
        entry = re.split(r"^(?:## |\[\d)", entry, maxsplit=1, flags=re.M)[0]
        assert re.search(r"See \[.+\]", entry), entry


def anchors(page):
    return {slug(title) for level in (1, 2, 3) for title in headings(read(page), level)}


@pytest.mark.parametrize("page", ["glossary.md", "api.md", "background.md"])
def test_links_into_the_appendix_lead_somewhere(page):
    wanted = {}
    for source in PAGES:
        text = source.read_text(encoding="utf-8")
        for found in re.findall(rf"\]\([\w./]*{re.escape(page)}#([^)]+)\)", text):
            wanted.setdefault(found, source.name)
        if source.name == page:
            for found in re.findall(r"\]\(#([^)]+)\)", text):
                wanted.setdefault(found, source.name)
    assert wanted, f"nothing links to {page}"
    missing = {anchor: source for anchor, source in wanted.items() if anchor not in anchors(page)}
    assert not missing, f"{page} lacks these anchors (and who links to them): {missing}"


def entry(term):
    found = re.search(rf"^### {term}\n\n(.*?)(?=^##|\Z)", read("glossary.md"), re.M | re.S)
    return found[1]


def test_numbers_of_the_glossary():
    assert f"TinyCNN has {TinyCNN().parameter_count}." in entry("Parameter")
    for dtype in ("float64", "float32"):
        digits = re.search(rf"`{dtype}`[a-z ]* about (\d+)", entry("Dtype"))[1]
        assert int(digits) == round(-np.log10(np.finfo(dtype).eps))


def test_receptive_field_in_the_glossary():
    conv = Conv2D(1, 1, 3)
    conv.weights[:] = 1
    pixels = np.eye(64).reshape(64, 1, 8, 8)  # in image n, only pixel n is on
    maps = conv.forward(pixels)
    pooled = MaxPool2D(2).forward(maps)
    sizes = [int(np.sqrt((seen[:, 0, 0, 0] > 0).sum())) for seen in (maps, pooled)]
    assert f"it is {sizes[0]} by {sizes[0]};" in entry("Receptive field")
    assert f"after it makes it {sizes[1]} by {sizes[1]}." in entry("Receptive field")


@pytest.mark.parametrize(
    ("layer", "summed"), [(Conv2D(16, 64, 5), 16 * 5 * 5), (Dense(300, 90), 300)]
)
def test_initialization_in_the_glossary(layer, summed):
    variance = re.search(r"variance (\d) divided by the number of inputs", entry("Initialization"))
    assert layer.weights.var() * summed == pytest.approx(float(variance[1]), rel=0.05)
    assert not layer.bias.any()


def test_relative_error_in_the_glossary():
    assert "It is 0 if they are equal and 2 if they differ in sign only." in entry("Relative error")
    assert relative_error(3.0, 3.0) == 0
    assert relative_error(3.0, -3.0) == 2


# --- the notation ------------------------------------------------------------------------------
def test_each_symbol_has_one_meaning():
    symbols = []
    for line in read("notation.md").splitlines():
        if line.startswith("| $"):
            symbols += re.findall(r"\$(.+?)\$", line.split(" | ")[0])
    assert len(symbols) > 50
    twice = {symbol for symbol in symbols if symbols.count(symbol) > 1}
    assert not twice, f"defined twice: {twice}"


# --- the bibliography --------------------------------------------------------------------------
ENTRIES = parse_file(str(ROOT / "references.bib")).entries


def digits_agree(isbn):
    """Check an ISBN's last digit against the others."""
    digits = isbn.replace("-", "")
    if len(digits) == 10:
        values = [10 if digit == "X" else int(digit) for digit in digits]
        return sum((10 - i) * value for i, value in enumerate(values)) % 11 == 0
    return sum((3 if i % 2 else 1) * int(digit) for i, digit in enumerate(digits)) % 10 == 0


def test_digits_agree_finds_a_typing_error():
    assert digits_agree("978-0-521-88068-8")
    assert not digits_agree("978-0-521-88068-7")
    assert not digits_agree("978-0-521-80868-8")


@pytest.mark.parametrize("key", list(ENTRIES))
def test_entry_can_be_found_by_a_reader(key):
    fields = ENTRIES[key].fields
    assert re.fullmatch(r"[a-z]+\d{4}[a-z]+", key)
    assert fields["year"] in key
    assert "doi" in fields or "url" in fields or "isbn" in fields
    assert re.fullmatch(r"10\.\d{4,}/\S+", fields.get("doi", "10.1000/none"))
    assert fields.get("url", "https://").startswith("https://")
    assert digits_agree(fields.get("isbn", "978-0-521-88068-8"))


def test_what_is_cited_exists_and_what_exists_is_cited():
    cited = set()
    for source in PAGES:
        text = source.read_text(encoding="utf-8")
        cited.update(re.findall(r"\]\((?:\.\./appendix/)?bibliography\.md#(\w+)\)", text))
    assert cited == set(ENTRIES)
