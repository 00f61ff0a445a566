"""All rules for chapters: the public functions of the four `rules_*.py`, in their order.

`test_chapters.py` holds every chapter to every rule; `test_rules.py` shows each rule a bad example.
"""

import rules_code
import rules_outputs
import rules_pages
import rules_plain

RULES = [
    rule
    for module in (rules_outputs, rules_pages, rules_plain, rules_code)
    for name, rule in vars(module).items()
    if getattr(rule, "__module__", None) == module.__name__ and not name.startswith("_")
]
