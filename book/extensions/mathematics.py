"""Typeset formulas while the book is built, so that a reader's browser runs no script for them.

KaTeX writes each formula twice: as HTML for the eye and as MathML for screen readers and copying.
It runs inside Python (mini-racer), from the copy in book/static/vendor/katex: the extension that
does the same, sphinxcontrib-katex, wants Node. A formula that it cannot read is a warning with its
place, and so fails the strict build.

A page is written with a mark for each formula. A formula has fifty tags, and `page_repairs`, which
parses the page, puts the formulas in when it is done.
"""

import re
from contextlib import contextmanager
from pathlib import Path

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

KATEX = Path(__file__).resolve().parent.parent / "static" / "vendor" / "katex" / "katex.min.js"
logger = logging.getLogger(__name__)
formulas = []  # of this build; the mark of formulas[17] is MARK.format(17)
MARK = "\N{SYMBOL FOR SUBSTITUTE}{}\N{SYMBOL FOR SUBSTITUTE}"


def mark(html):
    """Return what stands for a typeset formula until the pages are repaired."""
    formulas.append(html)
    return MARK.format(len(formulas) - 1)


def put_formulas(page):
    """Return a page's HTML with the formulas in the places of their marks."""
    return re.sub(MARK.format(r"(\d+)"), lambda found: formulas[int(found[1])], page)


@contextmanager
def typesetter():
    """Yield a function (formula, display) -> HTML; it raises ValueError for a bad formula."""
    with MiniRacer() as javascript:
        javascript.eval(KATEX.read_text(encoding="utf-8"))

        def typeset(formula, display):
            options = {"displayMode": display, "output": "htmlAndMathml", "strict": "error"}
            try:
                html = javascript.call("katex.renderToString", formula, options)
                return re.sub(r' \w+=""', "", html)  # MathML allows no empty columnspacing
            except JSEvalException as error:
                reason = str(error).partition("ParseError: ")[2].splitlines() or [str(error)]
                raise ValueError(reason[0]) from None

        yield typeset


def prepare(formula):
    """Bring a display formula of several lines into a form that KaTeX aligns."""
    if "\\\\" in formula and "\\begin" not in formula:
        return f"\\begin{{split}}{formula}\\end{{split}}"
    return formula.strip()


def typeset_page(app, doctree, docname):
    """Typeset all formulas of one page and keep the result on their nodes."""
    formulas = list(doctree.findall(lambda n: isinstance(n, nodes.math | nodes.math_block)))
    if app.builder.format != "html" or not formulas:
        return
    with typesetter() as typeset:
        for node in formulas:
            display = isinstance(node, nodes.math_block)
            text = prepare(node.astext()) if display else node.astext()
            try:
                node["html"] = typeset(text, display)
            except ValueError as error:
                logger.warning("cannot typeset %r: %s", text, error, location=node)
                node["html"] = ""


def hold_ends(html):
    """Wrap the first and the last box of a formula: there a line may not break (typography.py)."""
    head, *boxes = html.split('<span class="katex-base">')
    boxes = [f'<span class="katex-base">{box}' for box in boxes]
    tail = "</span></span>"  # of the formula, after its last box
    boxes[-1] = boxes[-1].removesuffix(tail)
    for position in {0, len(boxes) - 1}:
        boxes[position] = f'<span class="end">{boxes[position]}</span>'
    return "".join((head, *boxes, tail))


def visit_inline(translator, node):
    """Write a formula that stands in a line of text."""
    html = node.get("html")
    if html is None:  # in a title that another page shows
        with typesetter() as typeset:
            html = typeset(node.astext(), False)
    if "keep" in node.parent.get("classes", ()):
        html = hold_ends(html)
    translator.body.append(f'<span class="math notranslate nohighlight">{mark(html)}</span>')
    raise nodes.SkipNode


def visit_display(translator, node):
    """Write a formula that stands alone, with its number if it has a label."""
    # Spans, for a display formula may stand within a paragraph.
    translator.body.append(
        translator.starttag(node, "span", "", CLASS="math notranslate nohighlight formula")
    )
    translator.body.append(f'<span class="formula-scroll">{mark(node["html"])}</span>')
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</span>")
    raise nodes.SkipNode


def setup(app):
    """Register KaTeX as Sphinx's renderer of formulas."""
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_display, None))
    app.connect("doctree-resolved", typeset_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
