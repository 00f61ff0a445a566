"""The book on paper: `make pdf` prints it, these tests read it.

With BOOK_PDF they read that file, the whole book. Otherwise they print one chapter and two pages
of the appendix, which have every kind of thing that is printed. The page is the truth: what a
built page holds has to be in the print.
"""

import copy
import os
import re
import shutil
import statistics
import struct
import subprocess
import unicodedata
from pathlib import Path

import one_page
import pdf
import pytest
import yaml
from bs4 import BeautifulSoup
from built_book import CONTENT, ROOT, need
from pypdf import PdfReader

POINTS_PER_MM = 72 / 25.4
MARGIN, TOP, BOTTOM = (mm * POINTS_PER_MM for mm in (24, 23, 297 - 22))  # print.css
WHOLE = "BOOK_PDF" in os.environ
SHORT = {f"{name}.html" for name in ("chapters/22-convolution", "appendix/background",
         "appendix/bibliography")}  # fmt: skip
PRINTED = [name for name in CONTENT if (name != "index.html" if WHOLE else name in SHORT)]
NAMES = [name.removesuffix(".html") for name in PRINTED]
CHAPTERS = [name for name in PRINTED if name.startswith("chapters/")]


@pytest.fixture(scope="module")
def path(request, tmp_path_factory):
    """Return the path of the printed book."""
    if WHOLE:
        return Path(os.environ["BOOK_PDF"]).resolve()
    target = tmp_path_factory.mktemp("print") / "book.pdf"
    site, browser = (request.getfixturevalue(name) for name in ("site", "browser"))
    target.write_bytes(pdf.print_book(browser, site, NAMES))
    return target


@pytest.fixture(scope="module")
def reader(path):
    return PdfReader(path)


@pytest.fixture(scope="module")
def outline(reader):
    """List (depth, title, page number) of the outline."""
    return [
        (depth, entry.title, reader.get_destination_page_number(entry) + 1)
        for depth, entry in pdf.flatten(reader.outline)
    ]


@pytest.fixture(scope="module")
def tags(reader):
    """List the elements of the tree of tags."""
    root = reader.trailer["/Root"]
    assert "/StructTreeRoot" in root, "the PDF has no tags"
    return list(pdf.structure(root["/StructTreeRoot"]))


def squeeze(text):
    """Drop spaces, line ends and invisible characters, and part ligatures: print changes them."""
    text = unicodedata.normalize("NFKC", text)
    return re.sub(r"[\s\u200b\u00ad\u2061-\u2064]", "", text)


def letters(text):
    """Keep letters and digits only: for text with formulas and ends of pages in it."""
    return re.sub(r"[\W_]", "", squeeze(text))


def pdftotext(path, option):
    need(shutil.which("pdftotext"), "pdftotext", "apt install poppler-utils (macOS: poppler)")
    done = subprocess.run(["pdftotext", option, path, "-"], capture_output=True, check=True)
    return done.stdout.decode()


@pytest.fixture(scope="module")
def words(path):
    """List (page, left, top, right, bottom, text) of all words, in points."""
    edges = " ".join(rf'{edge}="([-\d.]+)"' for edge in ("xMin", "yMin", "xMax", "yMax"))
    return [
        (number, *map(float, found[:4]), found[4])
        for number, page in enumerate(pdftotext(path, "-bbox").split("<page ")[1:], start=1)
        for found in re.findall(rf"<word {edges}>([^<]*)", page)
    ]


@pytest.fixture(scope="module")
def text(path):
    """Return the text of each page, squeezed."""
    return [squeeze(page) for page in pdftotext(path, "-raw").split("\f")[:-1]]


@pytest.fixture(scope="module")
def printed(text, outline):
    """Return the letters of the whole book in one, without the pages' heads and numbers."""
    heads = {page: squeeze(title) for depth, title, page in outline if depth == 1}
    pages, head = [], ""
    for number, page in enumerate(text, start=1):
        head = heads.get(number, head)
        pages.append(page.removeprefix(head + str(number)).removeprefix(f"{number}{head}"))
    return letters("".join(pages))


def shown_text(element):
    """Return an element's text as the eye sees it."""
    element = copy.copy(element)
    for hidden in element.select(".katex-mathml, .headerlink, .sd-summary-state-marker"):
        hidden.decompose()
    return element.get_text()


def stretches(element):
    """List what an element says of its own, between its formulas and the blocks inside it."""
    element = copy.copy(element)
    for other in element.select(".headerlink, .sd-summary-state-marker"):
        other.decompose()
    for other in element.select(".math, p, li, ul, ol, dl, details, pre"):
        other.replace_with("\f")
    return [stretch for stretch in element.get_text().split("\f") if letters(stretch)]


def test_every_chapter_and_section_is_in_the_outline(outline, soup):
    titles = [(depth, title) for depth, title, _ in outline]
    book = yaml.safe_load((ROOT / "_config.yml").read_text())["title"]
    assert titles[0] == (0, book)
    assert [depth for depth, _ in titles].count(0) == 1
    for name in PRINTED:
        headings = soup(name).select("article h1, article h2")
        wanted = [(int(h.name[1]), one_page.text_of(h)) for h in headings]
        start = titles.index(wanted[0])
        below = [entry for entry in titles[start:] if entry[0] <= 2]
        assert below[: len(wanted)] == wanted
    pages = [page for *_, page in outline]
    assert pages == sorted(pages)


def test_contents_name_the_page_of_every_chapter_and_section(outline, soup, text):
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    start, end = (
        next(page for depth, title, page in outline if (depth, title) == (1, wanted)) - 1
        for wanted in ("Contents", "Before you read")
    )
    page_of = {(depth, title): page for depth, title, page in outline}
    wanted = []
    for part in toc["parts"]:
        chapters = [chapter for chapter in part["chapters"] if chapter["file"] in NAMES]
        wanted += [part["caption"]] if chapters else []
        for chapter in chapters:
            title = one_page.text_of(soup(f"{chapter['file']}.html").select_one("article h1"))
            wanted.append(f"{title} {page_of[1, title]}")
            if (number := title.split()[0]).isdigit():
                wanted += [
                    f"{t} {page}" for d, t, page in outline if d == 2 and t.startswith(f"{number}.")
                ]
    rest = "".join(page.removeprefix(str(i)) for i, page in enumerate(text[start:end], start + 1))
    for entry in map(squeeze, ["Contents", *wanted]):
        printed, rest = rest[: len(entry)], rest[len(entry) :]
        assert printed.lower() == entry.lower()
    assert not rest


def test_every_page_but_the_title_has_its_number(words, reader):
    numbers = {}
    for page, _, top, _, _, word in words:
        if top > BOTTOM:
            numbers.setdefault(page, []).append(word)
    assert numbers == {page: [str(page)] for page in range(2, len(reader.pages) + 1)}


def test_every_page_names_its_chapter_at_the_head(words, outline, reader):
    heads = {}
    for page, _, _, _, bottom, word in words:
        if bottom < TOP:
            heads[page] = heads.get(page, "") + squeeze(word)
    starts = [(page, title) for depth, title, page in outline if depth == 1]
    ends = [page for page, _ in starts[1:]] + [len(reader.pages) + 1]
    wanted = {
        page: squeeze(f"Chapter {title}" if title[0].isdigit() else title)
        for (start, title), end in zip(starts, ends, strict=True)
        for page in range(start, end)
        if title not in ("Contents", "Before you read")
    }
    assert heads == wanted


def test_metadata_language_and_tags(reader, tags):
    root = reader.trailer["/Root"]
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert reader.pdf_header == "%PDF-1.7"
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"].get("/Marked"), "the PDF does not say that it is tagged"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == config["title"]
    assert reader.metadata.author == config["author"]
    kinds = {tag["/S"] for tag in tags}
    assert kinds >= {
        "/H1",
        "/H2",
        "/H3",
        "/P",
        "/Figure",
        "/Formula",
        "/Table",
        "/TH",
        "/L",
        "/Link",
    }


def test_every_picture_and_formula_has_its_words(tags, soup):
    told = [str(tag["/Alt"]) for tag in tags if "/Alt" in tag]
    pictures = [
        " ".join(i["alt"].split()) for name in PRINTED for i in soup(name).select("article img")
    ]
    assert pictures
    assert set(pictures) <= {" ".join(alt.split()) for alt in told}
    formulas = {
        " ".join(source.get_text().split())
        for name in PRINTED
        for source in soup(name).select("article annotation")
    }
    tagged = {str(tag["/Alt"]) for tag in tags if tag["/S"] == "/Formula" and "/Alt" in tag}
    assert tagged == formulas


def test_all_fonts_are_embedded(reader):
    missing = set()
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            font = font.get_object()
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            described = inner.get("/FontDescriptor", {})
            if font["/Subtype"] != "/Type3" and not described.keys() & {
                "/FontFile",
                "/FontFile2",
                "/FontFile3",
            }:
                missing.add(font["/BaseFont"])
    assert not missing


def test_no_word_leaves_the_text_area(words, reader):
    width = float(reader.pages[0].mediabox.width)
    out = [w for w in words if w[1] < MARGIN - 2 or w[3] > width - MARGIN + 2]
    assert not out


def test_chromium_has_not_shrunk_the_pages(words):
    """It does so, without a word, where something is wider than the paper."""
    heights = [bottom - top for _, _, top, _, bottom, _ in words]
    assert statistics.mode(round(height, 1) for height in heights) > 10  # set in 9.75 points


def test_no_page_is_blank_or_nearly(reader, text):
    assert (120 if WHOLE else 30) < len(reader.pages) < (260 if WHOLE else 90)
    empty = [
        number
        for number, (page, said) in enumerate(zip(reader.pages, text, strict=True), start=1)
        if len(said) < 150 and "/XObject" not in page["/Resources"] and number > 1
    ]
    assert not empty


def lost_words(elements, printed):
    """List what elements say that is not printed; the end of a page may part it in two."""
    lost = []
    for stretch in (s for element in elements for s in stretches(element)):
        said = letters(stretch)
        if said not in printed:
            parts = ((said[:i], said[i:]) for i in range(1, len(said)))
            if not any(first in printed and rest in printed for first, rest in parts):
                lost.append(stretch)
    return lost


@pytest.mark.parametrize("name", PRINTED)
def test_every_word_of_the_page_is_printed(name, soup, printed):
    """The words on both sides of a formula too."""
    button = "details.hide > summary"  # of the web version
    said = soup(name).select(f"article :is(p, li, summary):not({button}, {button} *)")
    assert not lost_words(said, printed)


@pytest.mark.parametrize("name", CHAPTERS)
def test_answers_hints_and_solutions_are_open(name, soup, printed):
    folds = [f for f in soup(name).select("article details") if "hide" not in f["class"]]
    kinds = {re.match(r"(A model )?(\w+)", f.summary.get_text().strip())[2] for f in folds}
    assert {kind.lower() for kind in kinds} >= {"answer", "hint", "solution"}
    for fold in folds:
        lost = lost_words(fold.select("summary, p, li"), printed)
        assert not lost, f"not printed of {fold.summary.get_text().strip()!r}: {lost}"


@pytest.fixture(scope="module")
def pictures(reader):
    """List (page, number of the object, its size in pixels, its box in points) of all pictures."""
    found = []
    for number, page in enumerate(reader.pages, start=1):
        objects = page["/Resources"].get("/XObject", {})
        images = {n: o for n, o in objects.items() if o["/Subtype"] == "/Image"}

        def look(operator, operands, matrix, _, number=number, objects=objects, images=images):
            if operator == b"Do" and operands[0] in images:
                image = images[operands[0]]
                a, _, _, d, x, y = matrix
                box = (min(x, x + a), min(y, y + d), max(x, x + a), max(y, y + d))
                size = (image["/Width"], image["/Height"])
                found.append((number, objects.raw_get(operands[0]).idnum, size, box))

        if images:
            page.extract_text(visitor_operand_before=look)
    return found


def test_no_picture_is_split_between_pages(pictures):
    drawn = [number for _, number, *_ in pictures]
    split = {page for page, number, *_ in pictures if drawn.count(number) > 1}
    assert pictures
    assert not split


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_figure_is_whole_and_above_its_caption(name, site, soup, reader, text, pictures):
    _, _, width, height = map(float, reader.pages[0].mediabox)
    captions = soup(name).select("article figcaption")
    assert captions
    for caption in captions:
        said = squeeze(shown_text(caption.select_one(".caption-text")))[:30]
        number = squeeze(caption.select_one(".caption-number").get_text())
        pages = [i for i, page in enumerate(text, start=1) if number + said in page]
        assert len(pages) == 1, f"the caption of {number} is on the pages {pages}"
        file = (site / name).parent / caption.find_parent("figure").select_one("img")["src"]
        size = struct.unpack(">II", file.read_bytes()[16:24])  # pixels of a PNG
        boxes = [box for page, _, pixels, box in pictures if (page, pixels) == (pages[0], size)]
        assert boxes, f"page {pages[0]} has the caption of {number}, not its picture"
        for left, bottom, right, top in boxes:
            assert left > MARGIN - 2, f"{number} is cut"
            assert right < width - MARGIN + 2, f"{number} is cut"
            assert bottom > height - BOTTOM - 2, f"{number} is cut"
            assert top < height - TOP + 2, f"{number} is cut"
            assert right - left > 50 * POINTS_PER_MM, f"{number} is too small to be read"


@pytest.mark.parametrize("name", CHAPTERS)
def test_code_is_whole(name, soup, text):
    """Every line of code and of output is there, however wide."""
    printed = "".join(text)
    for block in soup(name).select("article pre"):
        if block.find_parent("details", class_="above-input"):
            continue  # what draws a figure
        for line in block.get_text().splitlines():
            assert squeeze(line) in printed


def test_links_within_the_book_lead_to_places(reader):
    places = set(reader.named_destinations)
    links, dead = 0, set()
    for page in reader.pages:
        for note in page.get("/Annots", []):
            target = note.get_object().get("/Dest")
            if target is not None:
                links += 1
                if str(target) not in places:
                    dead.add(str(target))
    assert links > (300 if WHOLE else 50)
    assert not dead


def test_links_to_other_places_keep_their_address(reader, soup):
    wanted = {
        link["href"].partition("#")[0].rstrip("/")
        for name in PRINTED
        for link in soup(name).select("article a[href^=http]")
    }
    actions = (
        note.get_object().get("/A", {}) for page in reader.pages for note in page.get("/Annots", [])
    )
    printed = {str(action["/URI"]).partition("#")[0].rstrip("/") for action in actions if action}
    assert wanted
    assert not wanted - printed


def test_a_chapter_printed_from_the_browser_is_whole_and_light(open_page, soup, tmp_path):
    name = CHAPTERS[0]
    page = open_page(name, color_scheme="dark")
    page.pdf(path=tmp_path / "chapter.pdf", format="Letter")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"  # as before
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    said = letters(pdftotext(tmp_path / "chapter.pdf", "-raw"))
    assert "Showthe" not in said
    assert "Searchthisbook" not in said
    listing = "details.below-input pre:not(.above-input *)"  # not the code that draws a figure
    for block in soup(name).select(f"article :is(details:not(.hide) p, {listing})"):
        lost = [line for line in block.get_text().splitlines() if letters(line)[-25:] not in said]
        assert block.select_one(".math") or not lost, f"not printed: {lost}"


def test_paper_shows_a_question_before_its_answer_and_gives_the_page_back(open_page, tmp_path):
    page = open_page(CHAPTERS[0])
    order = """() => [...document.querySelectorAll("article details, article h2")]
      .map((block) => block.textContent)"""
    before = page.evaluate(order)
    page.pdf(path=tmp_path / "chapter.pdf", format="A4")
    printed = " ".join(pdftotext(tmp_path / "chapter.pdf", "-layout").split())
    question, _, answers = printed.partition(" Hints, answers and solutions ")
    assert "At the end of the chapter: 1 Answer: the six outputs of the row." in question
    assert "At the end of the chapter: 2 Hint 1, one row: a nudge. 3 Hint 2" in question
    assert answers.startswith("1 Answer: the six outputs of the row Six, because")
    assert "Solution to Exercise 22.10" in answers
    page.wait_for_function(f"(before) => String(({order})()) === String(before)", arg=before)


SMALL = """<html lang="en"><head><link rel="stylesheet" href="a.css"></head><body><article>
<section id="top"><h1>{title}</h1><p>{text}</p></section></article></body></html>"""
LIVING = """<a href="../index.html">home</a> <a href="two.html#deep">two</a> <a href="#top">up</a>
<a href="one.ipynb">file</a> <div class="living-figure living-now"><div class="living-picture">
<img src="../still.png" alt="The still picture" loading="lazy"></div>
<div class="living-widget">w</div>
<script type="application/vnd.jupyter.widget-view+json">{}</script></div>
<details class="hide above-input"><summary>Show the code</summary>plot()</details>
<details class="hide below-input"><summary>Show the class</summary><pre>class A</pre></details>
<details class="sd-dropdown"><summary>Answer</summary><p>It is 4.</p></details>"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A book of two pages, joined."""
    toc = "root: index\nparts: [{caption: P, chapters: [{file: c/one}, {file: c/two}]}]"
    (tmp_path / "_toc.yml").write_text(toc)
    (tmp_path / "c").mkdir()
    for name, title, text in (
        ("index", "The book", "Lead."),
        ("c/one", "One", LIVING),
        ("c/two", "Two", "<b id=deep>here</b>"),
    ):
        html = SMALL.replace("{title}", title).replace("{text}", text)
        (tmp_path / f"{name}.html").write_text(html)
    monkeypatch.setattr(one_page, "ROOT", tmp_path)
    return tmp_path


def test_a_living_figure_is_printed_as_its_picture(small):
    page = BeautifulSoup(one_page.join(small, "v"), "html.parser")
    picture = page.select_one(".living-figure img")
    assert picture["alt"] == "The still picture"
    assert picture["src"] == (small / "still.png").as_uri()
    assert "loading" not in picture.attrs
    assert not page.select("script, .living-widget")


def test_links_and_folds_of_the_joined_page(small):
    page = BeautifulSoup(one_page.join(small, "v", {"c-two": 7}), "html.parser")
    links = {a.get_text(): a["href"] for a in page.select("article a")}
    assert links == {"home": "#start", "two": "#c-two--deep", "up": "#c-one--top"}
    assert all(page.select_one(f"[id='{href[1:]}']") for href in links.values())
    assert [fold.get_text() for fold in page.select("details[open]")] == ["AnswerIt is 4."]
    assert "plot()" not in page.get_text()
    assert page.pre.get_text() == "class A"
    assert "Show the" not in page.get_text()
    assert page.select_one("nav a[href='#c-two'] .toc-page").get_text() == "7"


def test_a_book_that_is_not_built_is_named(small):
    (small / "c" / "two.html").unlink()
    with pytest.raises(FileNotFoundError, match=r"two\.html: build the book first"):
        one_page.join(small, "v")


def test_without_chromium_the_command_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(pdf, "find_chromium", lambda: None)
    with pytest.raises(SystemExit, match="sudo apt install chromium"):
        pdf.main("site", "book.pdf")
