"""Rules for readers without MyST, as on GitHub, nbviewer or Colab: plain Markdown and MathJax."""

import re

from downloads import LAB, LAB_LINK, PAGE, PAGE_LINK
from notebook_reading import code_cells, prose

ENVIRONMENT = r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}|\\substack\{[^{}]*\}|\\&"


def says_where_it_looks_right(notebook, number):
    """The cell below the title, which the page leaves out, links to the page and JupyterLab."""
    if len(notebook.cells) < 2:
        return ["there is no cell below the title"]
    cell = notebook.cells[1]
    links = (f"[{PAGE}]({PAGE_LINK})", f"[{LAB}]({LAB_LINK})")
    if cell.cell_type != "markdown" or not all(link in cell.source for link in links):
        return ["the cell below the title does not say where the chapter looks right"]
    if cell.metadata.get("tags") != ["remove-cell"]:
        return ["the cell below the title is not tagged remove-cell"]
    return []


def columns_stand_in_an_environment(notebook, number):
    r"""Plain MathJax and KaTeX read & and \\ inside \begin{aligned} and the like, nowhere else."""
    faults = []
    for formula in re.findall(r"\$\$(.+?)\$\$", prose(notebook), re.DOTALL):
        bare = re.sub(ENVIRONMENT, " ", formula, flags=re.DOTALL)
        if "&" in bare or r"\\" in bare:
            faults.append(rf"put \begin{{aligned}} around the formula {formula.strip()!r}")
    return faults


def figures_are_mentioned(notebook, number):
    """Where captions are missing, a figure that no text mentions stands without a word."""
    text = prose(notebook)
    names = [cell.metadata.get("mystnb", {}).get("figure", {}) for _, cell in code_cells(notebook)]
    return [
        f"the text does not mention {figure['name']}: link to it, as [the figure below](#name)"
        for figure in names
        if "name" in figure
        and not re.search(rf"\]\(#{figure['name']}\)|\}}`{figure['name']}`", text)
    ]
