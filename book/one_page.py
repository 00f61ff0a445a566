"""Join the built pages of the chapters and the appendix into one page, to be printed.

Every id gets the name of its page in front, links between the pages become links within the one,
folds are open, a living figure is its still picture. What paper cannot use is left out: scripts,
link signs, and the code that draws the figures.
"""

import copy
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parent.parent
STYLE = Path(__file__).parent / "static" / "print.css"
START = "start"  # the id of the title page, to which links to index.html lead
ID_LISTS = ("aria-labelledby", "aria-describedby", "headers", "for")
LEFT_OUT = (
    "script, a.headerlink, .copybtn, .sd-summary-state-marker, .living-widget, "
    "details.hide.above-input, details.hide > summary"
)
ANSWERS = """
<section class="answers-last" id="answers"><h2>Hints, answers and solutions</h2></section>
"""  # paper.js fills it
PREFACE = """
<p>The hints, the answers and the solutions stand at the end of their chapter, numbered. A
figure that moves in the web version stands still. The code that draws the figures is in the
notebooks only.</p>
"""


@dataclass
class Chapter:
    """One page of the book: its name in _toc.yml, the caption of its part, its parsed article."""

    name: str
    part: str
    article: BeautifulSoup = field(repr=False)

    @property
    def slug(self):
        return self.name.replace("/", "-")

    @property
    def number(self):
        number = self.article.select_one("h1 > .section-number")
        return f"Chapter {number.get_text(strip=True)}" if number else ""

    @property
    def title(self):
        return text_of(self.article.h1).removeprefix(self.number.removeprefix("Chapter ")).strip()

    @property
    def sections(self):
        """Return (id, title) of the sections of a chapter; the appendix is listed by page."""
        if not self.number:
            return []
        found = self.article.select("section > section:not(.answers-last):has(> h2)")
        return [(section.h2["id"], text_of(section.h2)) for section in found]


def text_of(heading):
    """Return a heading's text; a formula in it as its HTML shows it."""
    heading = copy.copy(heading)
    for twin in heading.select(".katex-mathml, .headerlink"):
        twin.decompose()
    return " ".join(heading.get_text().split())


def headings_and_formulas(html):
    """Return the texts of all headings in their order, and the LaTeX of all formulas."""
    page = BeautifulSoup(html, "html.parser")
    headings = [text_of(heading) for heading in page.select("h1, h2, h3, h4, h5, h6")]
    return headings, {formula["aria-label"] for formula in page.select(".katex")}


def read_pages(site, names=None):
    """Read the landing page, and the pages of _toc.yml in their order, all or those named."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))

    def parse(name):
        path = Path(site) / f"{name}.html"
        if not path.exists():
            raise FileNotFoundError(f"no page {path}: build the book first, with `make book`")
        return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")

    listed = [(part["caption"], page["file"]) for part in toc["parts"] for page in part["chapters"]]
    chapters = [
        Chapter(name, part, parse(name).select_one("article"))
        for part, name in listed
        if names is None or name in names
    ]
    return toc["root"], parse(toc["root"]), chapters


def drop_what_paper_cannot_use(article):
    """Open the folds and leave out what is only good on a screen."""
    for useless in article.select(LEFT_OUT):
        useless.decompose()
    for source in article.select("details.hide"):
        source.unwrap()  # the library's code, which a button of the web version shows
    for fold in article.select("details"):
        fold["open"] = ""
    for image in article.select("img"):
        image.attrs.pop("loading", None)  # an image that waits to be seen is not printed
    if article.select_one("details.solution"):
        article.section.append(BeautifulSoup(ANSWERS, "html.parser"))


def describe_formulas(article):
    """Give each formula its LaTeX as the text to be read aloud, in place of the hidden MathML."""
    for formula in article.select(".katex"):
        source = " ".join(formula.select_one("annotation").get_text().split())
        formula.select_one(".katex-mathml").decompose()
        shown = formula.select_one(".katex-html")
        del shown["aria-hidden"]
        # Chromium drops the label of role "math"; pdf.py changes the tag to "formula" afterwards.
        formula["role"], formula["aria-label"] = "img", source


def join_addresses(article, name, slugs, site):
    """Turn the addresses of one page into those of the joined page; `slugs`: page -> its id."""
    slug = slugs[name]
    for section in article.select("section[id]"):  # it may begin at the end of the page before
        section.find(re.compile("^h[1-6]$"))["id"] = section.attrs.pop("id")
    for element in article.select("[id]"):
        element["id"] = f"{slug}--{element['id']}"
    for attribute in ID_LISTS:
        for element in article.select(f"[{attribute}]"):
            names = element[attribute]
            names = names.split() if isinstance(names, str) else names
            element[attribute] = " ".join(f"{slug}--{each}" for each in names)
    folder = posixpath.dirname(name)
    for image in article.select("img[src]"):
        if not image["src"].startswith("data:"):
            image["src"] = (Path(site) / folder / image["src"]).resolve().as_uri()
    for link in article.select("a[href]"):
        parts = urlsplit(link["href"])
        if parts.scheme or parts.netloc:
            continue
        path = posixpath.normpath(posixpath.join(folder, parts.path)) if parts.path else name
        target = slugs.get(path.removesuffix(".html"))
        if not target:
            link.unwrap()  # a file that goes with the pages, such as a notebook
        elif parts.fragment and target != START:
            link["href"] = f"#{target}--{parts.fragment}"
        else:
            link["href"] = f"#{target}"


def contents(chapters, pages):
    """Write the table of contents; `pages` maps an id to the number of its page, if known."""
    lines, part = [], None

    def line(kind, target, text):
        page = pages.get(target, 0)
        lines.append(
            f'<p class="toc-{kind}"><a href="#{target}"><span>{text}</span>'
            f'<span class="toc-page">{page}</span></a></p>'
        )

    for chapter in chapters:
        if chapter.part != part:
            part = chapter.part
            lines.append(f'<p class="toc-part">{part}</p>')
        number = chapter.number.removeprefix("Chapter ")
        line("chapter", chapter.slug, f"{number} {chapter.title}".strip())
        for target, title in chapter.sections:
            line("section", target, title)
    return "\n".join(lines)


def running_heads(chapters):
    """Write the rules that put each chapter's title at the head of its pages."""
    rules = ["@page { size: A4; }"]
    for chapter in chapters:
        head = f"{chapter.number}  {chapter.title}".strip()
        head = head.replace("\\", "").replace('"', "\\22 ")
        rules.append(f'@page {chapter.slug} {{ @top-left {{ content: "{head}"; }} }}')
        rules.append(f"#{chapter.slug} {{ page: {chapter.slug}; }}")
    return "\n".join(rules)


def preface(landing):
    """Take from the landing page what a reader of paper wants to know as well."""
    wanted = landing.select("article section:not([id$=how-to-read-it]) > p")[1:]
    return "\n".join(str(paragraph) for paragraph in wanted) + PREFACE


def join(site, version, pages=None, names=None):
    """Return the HTML of the joined page.

    Parameters
    ----------
    site : Path
        Folder of the built book.
    version : str
        What the title page calls this version.
    pages : dict of str to int, optional
        Page number of each id, for the table of contents; a first print has none.
    names : collection of str, optional
        The pages to join, as _toc.yml names them; all if it is left out.
    """
    root, landing, chapters = read_pages(site, names)
    slugs = {root: START} | {chapter.name: chapter.slug for chapter in chapters}
    for name, article in [(root, landing.select_one("article"))] + [
        (chapter.name, chapter.article) for chapter in chapters
    ]:
        drop_what_paper_cannot_use(article)
        describe_formulas(article)
        join_addresses(article, name, slugs, site)
    title = text_of(landing.select_one("article h1"))
    lead = landing.select_one("article p").decode_contents()
    sheets = [
        (Path(site) / sheet["href"].partition("?")[0]).resolve().as_uri()
        for sheet in landing.select("head link[rel=stylesheet]")
    ] + [STYLE.as_uri()]
    online = landing.select_one("head link[rel=canonical]")
    address = f'<p><a href="{online["href"]}">{online["href"]}</a></p>' if online else ""
    bodies = "\n".join(
        f'<article class="bd-article" id="{c.slug}">{c.article.decode_contents()}</article>'
        for c in chapters
    )
    return f"""<!DOCTYPE html>
<html lang="{landing.html["lang"]}" data-theme="light" data-mode="light"><head>
<meta charset="utf-8"><title>{title}</title>
{"".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in sheets)}
<style>{running_heads(chapters)}</style></head>
<body class="printed">
<section class="bd-article title-page" id="{START}"><h1>{title}</h1><p class="lead">{lead}</p>
<div class="imprint"><p>{version}</p>{address}
<p>Code: MIT license. Text and figures: CC BY 4.0.</p></div></section>
<section class="bd-article" id="contents"><h1>Contents</h1><nav>{contents(chapters, pages or {})}
</nav></section>
<section class="bd-article" id="preface"><h1>Before you read</h1>{preface(landing)}</section>
{bodies}
</body></html>"""
