"""Links between the pages, citations and references, checked in the sources: no build is needed."""

import re
from pathlib import Path

import nbformat
import notebook_reading
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("chapters/*.ipynb"), *ROOT.glob("appendix/*.md"), ROOT / "index.md"])
ANCHORED_LEVELS = 3  # myst_heading_anchors in _config.yml
ROLES = "ref|numref|eq|prf:ref"


def text_of(path):
    """Return the Markdown of a page, without its code."""
    if path.suffix == ".ipynb":
        return notebook_reading.prose(nbformat.read(path, as_version=4))
    return path.read_text(encoding="utf-8")


def links(text):
    """Yield the targets of all links to other pages or places, those of the long form too."""
    text = re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]*)\)|^\[[^\]]+\]:\s+(\S+)", text, re.MULTILINE):
        target = target[0] or target[1]
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(text):
    """Return the anchors of a page: its headings in the form that MyST gives them, and labels."""
    text = re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)
    found = set(re.findall(r"^\(([\w-]+)\)=", text, re.MULTILINE))
    for hashes, title in re.findall(r"^(#+) (.+)$", text, re.MULTILINE):
        if len(hashes) <= ANCHORED_LEVELS:
            title = re.sub(r"[^\w\s-]", "", title.strip().lower())
            found.add(title.replace(" ", "-"))
    return found


def dead_links(page, text):
    """Return the links of `text`, which stands at the path `page`, that lead nowhere."""
    dead = []
    for target in links(text):
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        known = BIBLIOGRAPHY if goal.name == "bibliography.md" else set()
        if not goal.is_file() or (
            anchor and anchor not in known | labels(goal) | anchors(text_of(goal))
        ):
            dead.append(target)
    return dead


def labels(page):
    """Return every name that a page gives to a section, figure, equation, definition, exercise."""
    text = text_of(page)
    found = set(
        re.findall(r"^\(([\w-]+)\)=|^:label:\s*(\S+)|^\$\$ \(([\w-]+)\)", text, re.MULTILINE)
    )
    names = {name for group in found for name in group if name}
    if page.suffix == ".ipynb":
        for _, cell in notebook_reading.code_cells(nbformat.read(page, as_version=4)):
            names.add(cell.metadata.get("mystnb", {}).get("figure", {}).get("name", ""))
    return names


def references(text):
    """Return the names that roles like {numref} point at."""
    found = re.findall(rf"\{{(?:{ROLES})\}}`(?:[^`<]*<)?([^`>]+)>?`", text)
    return {name.strip() for name in found}


BIBLIOGRAPHY = set(
    re.findall(r"^@\w+\{([^,\s]+),", (ROOT / "references.bib").read_text(encoding="utf-8"), re.M)
)


def test_there_is_something_to_check():
    assert len(PAGES) >= 4
    assert sum(len(list(links(text_of(page)))) for page in PAGES) > 50
    assert len(BIBLIOGRAPHY) > 5


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(page):
    assert dead_links(page, text_of(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_references_have_a_target(page):
    known = set().union(*map(labels, PAGES))
    assert references(text_of(page)) - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_figures_and_papers_are_links(page):
    """JupyterLab shows the words of a link; of these roles it leaves the bare name, and a mark."""
    assert re.findall(r"\{cite[^}]*\}`[^`]+`|\{(?:num)?ref\}`fig-[^`]+`", text_of(page)) == []


def test_no_label_is_used_on_two_pages():
    owners = {}
    for page in PAGES:
        for name in labels(page) - {""}:
            owners.setdefault(name, []).append(page.name)
    assert {name: pages for name, pages in owners.items() if len(pages) > 1} == {}


# --- the checks themselves ---------------------------------------------------------------------
@pytest.fixture
def pages(tmp_path):
    (tmp_path / "glossary.md").write_text("# Terms\n\n### Max pooling\n\n#### Too deep\n")
    return tmp_path / "page.md"


@pytest.mark.parametrize(
    "link",
    [
        "glossary.md#max-pooling-layer",
        "glossary.md#Max-pooling",
        "glossary.md#too-deep",
        "terms.md",
        "../glossary.md#max-pooling",
        "#nowhere",
    ],
)
def test_a_dead_link_is_found(pages, link):
    pages.write_text(f"# Page\n\n[x]({link}), [y](https://example.org/#a), [z](glossary.md)\n")
    assert dead_links(pages, text_of(pages)) == [link]
    assert dead_links(pages, f"# Page\n\n[x][1]\n\n[1]: {link}\n") == [link]


def test_a_living_link_is_not(pages):
    pages.write_text("(sec-one)=\n# One, two: `three`\n")
    text = pages.read_text() + "[x](glossary.md#max-pooling) [y](#one-two-three) [z](#sec-one)"
    pages.write_text(text)
    assert dead_links(pages, text) == []
    assert dead_links(pages, "```python\nx[0](dead.md)\n```\n") == []


def test_references_are_read():
    text = "{numref}`sec-2`, {ref}`Text <sec-1>`, {eq}`eq-1`, {prf:ref}`def-1`"
    assert references(text) == {"sec-2", "sec-1", "eq-1", "def-1"}


def test_links_to_figures_and_papers_are_followed():
    chapter = next(page for page in PAGES if page.suffix == ".ipynb")
    figure = next(name for name in sorted(labels(chapter)) if name.startswith("fig-"))
    paper = sorted(BIBLIOGRAPHY)[0]
    there = f"[the figure](#{figure}), [A (2000)](../appendix/bibliography.md#{paper})"
    assert dead_links(chapter, there) == []
    gone = ["#fig-00-none", "../appendix/bibliography.md#nobody2000"]
    assert dead_links(chapter, " ".join(f"[x]({target})" for target in gone)) == gone


def test_labels_are_read(pages):
    pages.write_text("(sec-1)=\n# T\n\n$$\nx\n$$ (eq-1)\n\n:::{note}\n:label: ex-1\n\n:::\n")
    assert labels(pages) == {"sec-1", "eq-1", "ex-1"}
