"""Print the chapters and the appendix into one tagged PDF with outline and page numbers.

    python book/pdf.py _build/html _build/a-cnn-number-by-number.pdf

The built pages are joined into one (one_page.py), and Chromium prints that. It prints twice: the
first print tells on which page each section lies, the second has these numbers in its contents.
"""

import io
import logging
import os
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

import one_page
import yaml
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import Fit, NameObject

ROOT = Path(__file__).resolve().parent.parent
PAPER = Path(__file__).parent / "static" / "paper.js"
TEXT_WIDTH = 612  # CSS pixels: A4 without print.css's margins, 210 - 2 * 24 mm
NO_CHROMIUM = """No Chromium was found, which prints the PDF. Install it:
    Debian, Ubuntu     sudo apt install chromium
    macOS, Windows     Google Chrome does as well
or set the variable CHROMIUM to the path of a Chrome or Chromium, version 131 or newer."""

# Runs in the joined page, laid out for paper at the width of the text: what is too wide is made
# smaller, and what is short is kept on one page.
FIT = """(width) => {
  const shrink = (box, element, least) => {
    const { fontSize, paddingLeft, paddingRight } = getComputedStyle(element);
    const left = parseFloat(paddingLeft), right = parseFloat(paddingRight);
    if (box.scrollWidth <= box.clientWidth - right + 1) return;
    const ratio = (box.clientWidth - left - right) / (box.scrollWidth - left + 1);
    element.style.fontSize = `${parseFloat(fontSize) * Math.max(ratio, least)}px`;
  };
  for (const box of document.querySelectorAll(".formula-scroll"))
    shrink(box, box.querySelector(".katex"), 0);
  for (const pre of document.querySelectorAll("pre")) {
    pre.style.whiteSpace = "pre"; // a line breaks only where smaller type does not help
    shrink(pre, pre, 0.75);
    pre.style.whiteSpace = "";
  }
  for (const table of document.querySelectorAll("table")) {
    const room = table.parentElement.clientWidth, wide = table.getBoundingClientRect().width;
    if (wide > room + 1) table.style.zoom = room / wide;
  }
  for (const image of document.querySelectorAll("figure img")) {
    // A tall picture shares its page with text, as long as what is written in it can be read.
    const least = image.closest(".living-picture") ? 1 : 0.72; // of 9 points
    const scale = Math.min(1, Math.max(least, 490 / image.height));
    image.style.width = `${scale * image.width}px`;
  }
  const blocks = "pre, .admonition, details, table, dd, ul, ol, .cell";
  for (const block of document.querySelectorAll(blocks))
    if (block.getBoundingClientRect().height < 220)
      block.classList.add("unbroken");
  return [...document.querySelectorAll("body *:not(svg, svg *)")]
    .filter((e) => e.getBoundingClientRect().right > width + 2)
    .map((e) => `${e.tagName} ${e.className}: ${e.textContent.trim().slice(0, 60)}`);
}"""


def find_chromium():
    """Return the path of the system's Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    return path or (mac if Path(mac).exists() else None)


def print_page(browser, html, folder):
    """Print one page of HTML and return the PDF's bytes; `folder` is for the HTML's file."""
    source = Path(folder) / "book.html"
    source.write_text(html, encoding="utf-8")
    context = browser.new_context(
        viewport={"width": TEXT_WIDTH, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    try:
        page = context.new_page()
        page.emulate_media(media="print")
        page.goto(source.as_uri(), wait_until="load")
        page.evaluate("document.fonts.ready")
        page.evaluate(PAPER.read_text(encoding="utf-8"))
        page.evaluate("document.querySelectorAll('article').forEach(answersLast)")
        too_wide = page.evaluate(FIT, TEXT_WIDTH)
        if too_wide:
            raise RuntimeError("too wide for the paper:\n" + "\n".join(too_wide[:10]))
        return page.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
    finally:
        context.close()


def page_numbers(pdf):
    """Return the number of the page on which each id that a link leads to lies."""
    reader = PdfReader(io.BytesIO(pdf))
    return {
        name.lstrip("/"): reader.get_destination_page_number(target) + 1
        for name, target in reader.named_destinations.items()
    }


def finish(pdf, headings, formulas, metadata):
    """Return the PDF with metadata, tagged formulas, and an outline that starts at the book.

    `headings` are the texts of all headings in their order: those in Chromium's outline lack the
    spaces where a line is broken. `formulas` is the LaTeX of all formulas.
    """
    reader = PdfReader(io.BytesIO(pdf))
    entries = list(flatten(reader.outline))
    if len(entries) != len(headings):
        raise RuntimeError(f"{len(entries)} entries in the outline, {len(headings)} headings")
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    del writer.root_object["/Outlines"]
    above = {}  # depth -> the last entry of that depth
    for title, (depth, entry) in zip(headings, entries, strict=True):
        depth += bool(above)  # below the book's title, which comes first
        above[depth] = writer.add_outline_item(
            title=title,
            page_number=reader.get_destination_page_number(entry),
            parent=above.get(depth - 1),
            fit=Fit.xyz(entry.left, entry.top),
            is_open=depth == 0,
        )
    for part in structure(writer.root_object["/StructTreeRoot"]):
        if part.get("/Alt") in formulas:  # Chromium knows no better name than a picture
            part[NameObject("/S")] = NameObject("/Formula")
    writer.pdf_header = "%PDF-1.7"  # pypdf writes 1.3, which knows no tags
    writer.page_mode = "/UseOutlines"
    writer.add_metadata(metadata)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def structure(root):
    """Yield the elements of a PDF's tree of tags."""
    waiting = [root]
    while waiting:
        part = waiting.pop().get_object()
        if isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            if "/S" in part:
                yield part
            waiting.extend([part.raw_get("/K")] if "/K" in part else [])


def flatten(outline, depth=0):
    """Yield (depth, entry) of an outline as pypdf gives it."""
    for entry in outline:
        if isinstance(entry, list):
            yield from flatten(entry, depth + 1)
        else:
            yield depth, entry


def print_book(browser, site, names=None):
    """Print the book that is built in the folder `site`, or the pages named; return the bytes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    version = f"Version {project['version']}"
    metadata = {
        "/Title": config["title"],
        "/Author": config["author"],
        "/Subject": config["sphinx"]["config"]["page_descriptions"]["index"],
        "/Creator": f"{config['title']}, {version.lower()}",
    }
    with tempfile.TemporaryDirectory() as folder:
        first = print_page(browser, one_page.join(site, version, names=names), folder)
        numbers = page_numbers(first)
        html = one_page.join(site, version, numbers, names)
        second = print_page(browser, html, folder)
    if page_numbers(second) != numbers:
        raise RuntimeError("the page numbers in the table of contents moved the pages themselves")
    return finish(second, *one_page.headings_and_formulas(html), metadata)


def main(site, target):
    """Print the book in `site` into the file `target`."""
    path = find_chromium()
    if not path:
        sys.exit(NO_CHROMIUM)
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it counts Chromium's objects differently
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        pdf = print_book(browser, site)
        browser.close()
    Path(target).write_bytes(pdf)
    print(f"The book on paper: {Path(target).resolve()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
