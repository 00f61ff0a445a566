"""Number the first chapter `first_chapter`, for this book is a part of a longer course.

Sections, figures, equations, definitions and exercises take their first number from the chapter.
"""

from sphinx_external_toc.collectors import TocTreeCollectorWithStyles as Collector


def setup(app):
    """Start sphinx-external-toc's count of chapters where the configuration says."""
    app.add_config_value("first_chapter", 1, "env")
    from_one = Collector.assign_section_numbers

    def from_first_chapter(self, env):
        # The count is private there; a test asks for "Definition 23.1" on the built page.
        self._TocTreeCollectorWithStyles__numerical_count = env.config.first_chapter - 1
        return from_one(self, env)

    Collector.assign_section_numbers = from_first_chapter
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
