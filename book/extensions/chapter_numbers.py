"""Number the first chapter `first_chapter`, for this book is a part of a longer course.

Sections, figures, equations, definitions and exercises take their first number from the chapter.
"""

from docutils import nodes
from sphinx.errors import ExtensionError


def count_from_first_chapter(app, env):
    """Add to each chapter's number once Sphinx has numbered them from 1."""
    offset = env.config.first_chapter - 1

    def moved(number):
        return (number[0] + offset, *number[1:]) if number else number

    chapters = [name for name, title in env.titles.items() if "secnumber" in title]
    if not chapters:
        raise ExtensionError("chapter_numbers: no chapter has a number; is its part numbered?")
    for name in chapters:
        entries = env.tocs[name].findall(nodes.reference)
        for node in (env.titles[name], *(entry for entry in entries if entry.get("secnumber"))):
            node["secnumber"] = moved(node["secnumber"])
        figures = env.toc_fignumbers.get(name, {})
        for numbers in (env.toc_secnumbers[name], *figures.values()):
            numbers.update({anchor: moved(number) for anchor, number in numbers.items()})
    return []  # no page must be read again


def setup(app):
    """Run after the collectors that number sections and figures."""
    app.add_config_value("first_chapter", 1, "env")
    app.connect("env-get-updated", count_from_first_chapter, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
