"""The extensions in book/extensions and book/notebooks.py, each on a small input."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import addresses
import downloads
import light_pages
import mathematics
import notebooks
import one_style_sheet
import page_repairs
import pytest
import typography
from bs4 import BeautifulSoup
from built_book import ROOT
from docutils import nodes
from docutils.utils import new_document


def parse(html):
    return BeautifulSoup(html, "html.parser")


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/ada/cnn.git", "https://github.com/ada/cnn"),
        ("https://ada:secret@github.com/ada/cnn.git\n", "https://github.com/ada/cnn"),
        ("git@github.com:ada/cnn.git", "https://github.com/ada/cnn"),
        ("ssh://git@gitlab.com:22/group/sub/cnn.git", "https://gitlab.com/group/sub/cnn"),
        ("https://github.com/ada", None),
        ("../somewhere/cnn", None),
        ("file:///srv/git/cnn.git", None),
        ("http://localhost:3000/ada/cnn.git", None),
        ("git@intranet:ada/cnn.git", None),
        ("", None),
    ],
)
def test_repository_of_remote(remote, address):
    assert addresses.repository_of_remote(remote) == address


def repository(folder):
    """Make a repository with a remote on GitHub; return a folder inside it."""
    for command in ("init", "remote add origin https://github.com/jane/homework.git"):
        subprocess.run(["git", "-C", folder, *command.split()], check=True, capture_output=True)
    (folder / "book").mkdir()
    return folder / "book"


def test_a_book_within_another_repository_gets_no_address_and_says_so(tmp_path, capsys):
    book = repository(tmp_path)
    assert addresses.find_repository({}, tmp_path) == "https://github.com/jane/homework"
    assert capsys.readouterr().err == ""
    assert addresses.find_repository({"GITHUB_REPOSITORY": "jane/homework"}, book) is None
    assert f"in a folder of the repository {tmp_path}" in capsys.readouterr().err


def test_a_folder_of_another_owner_is_named(tmp_path, capsys, monkeypatch):
    repository(tmp_path)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert addresses.find_repository({}, tmp_path) is None
    said = capsys.readouterr().err
    assert said.count(f"git config --global --add safe.directory {tmp_path}") == 1


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, ""),
        ({"GITHUB_REPOSITORY": "Ada/cnn"}, "https://ada.github.io/cnn/"),
        ({"GITHUB_REPOSITORY": "ada/ada.github.io"}, "https://ada.github.io/"),
        ({"GITHUB_REPOSITORY": "a/b", "GITHUB_SERVER_URL": "https://git.example.org"}, ""),
        ({"GITHUB_REPOSITORY": "a/b", "BOOK_URL": "https://x.org/cnn"}, "https://x.org/cnn/"),
    ],
)
def test_public_address(environment, address):
    assert addresses.find_public_address(environment) == address


def test_typesetting_writes_html_and_mathml_and_refuses_nonsense():
    with mathematics.typesetter() as typeset:
        html = parse(typeset(r"\sum_{c} w_c x_c", True))
        assert html.select_one("math")
        assert html.select_one(".katex-html[aria-hidden=true]")
        assert html.select_one("annotation").get_text() == r"\sum_{c} w_c x_c"
        with pytest.raises(ValueError, match="Undefined control sequence"):
            typeset(r"\nosuchcommand", False)
    assert mathematics.prepare(r"a \\ b").startswith(r"\begin{split}")


def test_solutions_become_native_folds():
    page = parse(
        '<div class="solution dropdown admonition"><p class="admonition-title">Solution to '
        '<a href="#x">Exercise 23.1</a></p><p>28</p></div>'
    )
    page_repairs.fold_solutions(page)
    assert page.select_one("details.solution > summary").get_text() == "Solution to Exercise 23.1"
    assert not page.select("summary a")


def test_a_figure_that_stays_folded_is_seen_without_its_code():
    page = parse(
        '<div class="cell tag_hide-cell"><details class="hide above-input"><summary aria-label="x">'
        '<p>Show the figure: rates</p></summary><div class="cell_input">plot()</div>'
        '<div class="cell_output"><figcaption><span class="caption-number">Fig. 24.9 </span>'
        "</figcaption></div></details></div>"
    )
    page_repairs.fold_figures(page)
    page_repairs.name_folded_code(page)
    figure, code = page.select("details")
    assert figure.summary.get_text() == "Show the figure: rates"
    assert code.get_text() == "Show the code of Fig. 24.9plot()"
    assert code.parent is figure
    assert "above-input" not in figure["class"]


def paragraph(*parts):
    """Return a document of one paragraph: words, and formulas where a part is a formula's text."""
    document = new_document("page")
    document += nodes.paragraph()
    for part in parts:
        document[0] += nodes.math("", part[1:-1]) if part[0] == "$" else part
    return document


def test_a_comma_stays_with_its_formula():
    text = nodes.Text
    page = paragraph(text("a ("), "$x$", text("), b "), "$y$", text(" c "), "$z$", text("; d"))
    typography.keep_punctuation(page)
    assert [keep.astext() for keep in page.findall(nodes.inline)] == ["(x),", "z;"]
    assert page.astext() == "a (x), b y c z; d"


def test_only_the_ends_of_a_kept_formula_are_held():
    with mathematics.typesetter() as typeset:
        formula = typeset("a+b=c", False)
    page = parse(mathematics.hold_ends(formula))
    assert [end.get_text() for end in page.select(".katex-html > .end")] == ["a+", "c"]
    assert page.get_text() == parse(formula).get_text()


def test_a_number_stays_with_its_figure():
    link = nodes.reference("", "", nodes.inline("", "Fig. 23.1"))
    page = paragraph(nodes.Text("Fig. 2 and "), link)
    typography.keep_numbers(page)
    assert page.astext().replace("\N{NO-BREAK SPACE}", "|") == "Fig. 2 and Fig.|23.1"


def test_formulas_and_code_come_back_to_their_places():
    code = '<div class="highlight-py notranslate"><div class="highlight"><pre>{}</pre></div></div>'
    page = f"<p>{mathematics.mark('<b>x</b>')} and {mathematics.mark('<b>y</b>')}</p>"
    page += code.format('<span class="k">def</span> <span class="n">f</span>')
    page += code.format("&lt;" * (light_pages.COLUMNS + 1))
    lifted, blocks = light_pages.lift_code(page, {"n"})
    assert "<b>" not in lifted
    assert "def" not in lifted
    back = parse(mathematics.put_formulas(light_pages.put_code(lifted, blocks)))
    assert str(back.p) == "<p><b>x</b> and <b>y</b></p>"
    assert [s["class"] for s in back.select("pre span")] == [["k"]]  # plain code loses its tags
    narrow, wide = back.select(".notranslate")
    assert narrow.get_text() == "def f"
    assert wide.get_text() == "<" * (light_pages.COLUMNS + 1)
    assert ["wide-code" in block["class"] for block in (narrow, wide)] == [False, True]


def test_plain_code_is_known_by_both_color_schemes():
    css = "".join(
        f'html[data-theme="{scheme}"] .highlight {{ color: {ink} }}\n'
        f'html[data-theme="{scheme}"] .highlight .n {{ color: {ink} }}\n'
        f'html[data-theme="{scheme}"] .highlight .k {{ color: #123456 }}\n'
        for scheme, ink in (("light", "#080808"), ("dark", "#F8F8F2"))
    )
    assert light_pages.plain_tokens(css) == {"n"}


def test_png_is_shown_in_its_inches(tmp_path):
    from matplotlib.figure import Figure

    Figure(figsize=(3, 2)).savefig(tmp_path / "a.png", dpi=192)
    assert light_pages.png_size(tmp_path / "a.png") == (288, 192)


@pytest.mark.parametrize(
    ("selector", "used"),
    [
        (".card", True),
        (".card .gone", False),
        (".gone, p > .card:hover", True),
        ("html[data-theme=dark] p", True),
        (".card:not(.gone, .away)", True),
        (".fa-bars", False),
    ],
)
def test_only_used_rules_stay(selector, used):
    kept = one_style_sheet.keep_used(f"{selector}{{color:red}}", {"card"})
    assert bool(kept) == used
    nested = one_style_sheet.keep_used(f"@media print{{{selector}{{color:red}}}}", {"card"})
    assert bool(nested) == used


def test_widgets_are_numbered_as_they_are_shown():
    first, second, unseen = "f" * 32, "a" * 32, "b" * 32
    state = {
        first: {"state": {"layout": f"IPY_MODEL_{second}"}},
        second: {"state": {}},
        unseen: {"state": {}},
    }
    notebook = notebooks.nbformat.v4.new_notebook()
    notebook.metadata["widgets"] = {notebooks.WIDGET_STATE: {"state": state}}
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": first}}
    output = notebooks.nbformat.v4.new_output("display_data", data=view)
    notebook.cells = [notebooks.nbformat.v4.new_code_cell("w", outputs=[output], id="w")]
    text = notebooks.name_widgets(notebooks.nbformat.writes(notebook))
    named = notebooks.nbformat.reads(text, 4).metadata["widgets"][notebooks.WIDGET_STATE]["state"]
    assert list(named) == [f"{1:032x}", f"{2:032x}"]
    assert named[f"{1:032x}"]["state"]["layout"] == f"IPY_MODEL_{2:032x}"


def build_small_book(folder, **environment):
    """Build a book of one chapter with the real configuration; return its chapter's page."""
    for name in ("_config.yml", "book", "references.bib", *downloads.PACKED):
        origin = ROOT / name
        (shutil.copytree if origin.is_dir() else shutil.copy)(origin, folder / name)
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: index\noptions: {numbered: true}\n"
        "chapters:\n- file: chapters/22-convolution\n"
    )
    (folder / "index.md").write_text("# A book\n\n## A section\n\nText.\n")
    (folder / "chapters").mkdir()
    notebook = notebooks.nbformat.v4.new_notebook(
        cells=[notebooks.nbformat.v4.new_markdown_cell("# A chapter\n\n## Section\n\n$x$")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    notebooks.nbformat.write(notebook, folder / "chapters" / "22-convolution.ipynb")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_") and k != "BOOK_URL"}
    program = str(Path(sys.executable).with_name("jupyter-book"))
    command = [program, "build", str(folder), "-q"]
    environment = clean | environment | {"PYTHON_IN_PAGE": "no"}  # it is long to write
    subprocess.run(command, env=environment, check=True, capture_output=True)
    html = (folder / "_build" / "html" / "chapters" / "22-convolution.html").read_text("utf-8")
    return parse(html)


def test_a_known_repository_gets_its_buttons(tmp_path):
    page = build_small_book(tmp_path, GITHUB_REPOSITORY="ada/lovelace-cnn")
    links = [a["href"] for a in page.select("a[href]")]
    launch = "https://mybinder.org/v2/gh/ada/lovelace-cnn/main?urlpath=lab/tree/"
    assert f"{launch}chapters/22-convolution.ipynb" in links
    assert "https://github.com/ada/lovelace-cnn" in links
    colab = "https://colab.research.google.com/github/ada/lovelace-cnn/blob/main/"
    assert f"{colab}chapters/22-convolution.ipynb" in links
    canonical = page.select_one("link[rel=canonical]")["href"]
    assert canonical == "https://ada.github.io/lovelace-cnn/chapters/22-convolution.html"
    assert page.select_one("meta[property='og:image']")["content"].startswith("https://ada.")
    assert (tmp_path / "_build" / "html" / "sitemap.xml").exists()


def test_an_unknown_repository_gets_none(tmp_path):
    page = build_small_book(tmp_path)
    assert not page.select("a[href*='mybinder'], .dropdown-launch-buttons")
    assert not page.select(".dropdown-source-buttons, .btn-source-repository-button")
    assert not page.select("link[rel=canonical]")
