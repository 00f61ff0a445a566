"""Rules for what a reader sees: words, blocks, labels, folds and exercises."""

import re

from notebook_reading import (
    checker_calls,
    code_cells,
    directives,
    events,
    prose,
    split_exercises,
    without_code,
)

from tinycnn_lib import exercises


def no_exclamation(notebook, number):
    text = without_code(prose(notebook))
    text = re.sub(r"!\[|!=|<!--", " ", text)
    return [f"exclamation mark: {m.group()!r}" for m in re.finditer(r".{0,40}!", text)]


def no_forbidden_words(notebook, number):
    pattern = r"\b(simply|obviously|trivially|of course)\b"
    return [f"{m.group()!r}" for m in re.finditer(pattern, prose(notebook), re.IGNORECASE)]


def no_emoji(notebook, number):
    pattern = "[\U0001f300-\U0001faff\u2705\u274c\u2728\u2764\u26a0]"
    return [f"emoji {m.group()}" for m in re.finditer(pattern, prose(notebook))]


def no_raw_html(notebook, number):
    text = without_code(prose(notebook))
    return [
        f"raw HTML: {m.group()}" for m in re.finditer(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", text)
    ]


def no_task_list(notebook, number):
    found = re.finditer(r"^\s*[-*+] \[[ xX]\] .*", prose(notebook), re.MULTILINE)
    return [f"task list: {m.group()}" for m in found]


def no_math_fence(notebook, number):
    return [
        f"a {{math}} directive at line {start}: write $$"
        for name, _, _, start, _ in directives(prose(notebook))
        if name == "math"
    ]


def fences_are_colons_with_air(notebook, number):
    """So that JupyterLab shows the Markdown inside, with or without its MyST extension."""
    faults = []
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        lines = cell.source.splitlines()
        for name, title, options, start, end in directives(cell.source):
            where = f"{{{name}}} {title}".strip()
            if lines[start].startswith("`"):
                faults.append(f"{where}: write the fence with colons")
            if end is None:
                faults.append(f"{where}: its fence is not closed in the same cell")
                continue
            body = lines[start + 1 + len(options) : end]
            if body and (body[0].strip() or body[-1].strip()):
                faults.append(f"{where}: leave a blank line inside on both ends")
    return faults


def labels_start_with_the_chapter(notebook, number):
    text = prose(notebook)
    labels = re.findall(r"^:label:\s*(\S+)", text, re.MULTILINE)
    labels += re.findall(r"^\(([\w-]+)\)=\s*$", text, re.MULTILINE)
    labels += re.findall(r"^\$\$ \(([\w-]+)\)", text, re.MULTILINE)
    faults = [
        f"the label {label!r} does not begin with a kind and {number}"
        for label in labels
        if not re.fullmatch(rf"(sec|def|eq|ex|fig|tab|alg|thm)-{number}-[a-z0-9-]+", label)
    ]
    return faults + [
        f"the label {x!r} is there twice"
        for x in sorted({x for x in labels if labels.count(x) > 1})
    ]


def one_title(notebook, number):
    text = re.sub(r"^```.*?^```", "", prose(notebook), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^# .+", text, re.MULTILINE)
    if len(titles) != 1 or not text.lstrip().startswith("# "):
        return [f"a chapter begins with its one title, found {titles}"]
    return []


def header_says_what_awaits(notebook, number):
    headers = [
        title
        for name, title, options, _, _ in directives(prose(notebook))
        if name == "admonition" and options.get("class") == "chapter-header dropdown"
    ]
    wanted = ["In this chapter: aims, what you need, and the time"]
    return [] if headers == wanted else [f"headers of the chapter: {headers}"]


def questions_have_folded_answers(notebook, number):
    """After Predict comes a fold "Answer: ...", after Why? a fold "A model answer: ..."."""
    answers = {"predict": ("Predict", "Answer: "), "why": ("Why?", "A model answer: ")}
    seen = list(events(notebook))
    faults = []
    for here, (name, content) in enumerate(seen):
        if name != "admonition" or content[1].get("class") not in answers:
            continue
        title, beginning = answers[content[1]["class"]]
        if content[0] != title:
            faults.append(f"{content[0]!r} must be called {title!r}")
        after = seen[here + 1] if here + 1 < len(seen) else ("nothing", None)
        if after[0] != "dropdown" or not after[1][0].startswith(beginning):
            faults.append(f"{title} is not followed by a fold {beginning!r}, but by {after[0]}")
    return faults


FOLDS = {"hide-output", "hide-cell"}


def predictions_stay_secret(notebook, number):
    """After a folded answer no cell shows it in the open, be it a number or a figure."""
    faults, asked, before = [], None, None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            blocks = [(name, title) for name, title, *_ in directives(cell.source)]
            title = blocks[-1][1] if blocks and blocks[-1][0] == "dropdown" else ""
            goes_on = not blocks and before != "code" and asked
            asked = title if title.startswith("Answer: ") else goes_on or None
            if asked and re.search(r"^#", cell.source.rpartition("\n:::\n")[2], re.M):
                asked = None  # another section begins below
        elif asked and cell.outputs and not FOLDS & set(cell.metadata.get("tags", [])):
            faults.append(f"{asked!r}: tag the cell below hide-output or hide-cell")
        before = cell.cell_type
    return faults


def folds_have_names_of_their_own(notebook, number):
    """A screen reader lists them. Figures' folds are named by the build, after the figure."""
    titles = [t for name, t, _, _, _ in directives(prose(notebook)) if name == "dropdown"]
    faults = []
    for n, cell in code_cells(notebook):
        meta, tags = cell.metadata.get("mystnb", {}), cell.metadata.get("tags", [])
        if "code_prompt_show" in meta:
            titles.append(meta["code_prompt_show"])
        elif {"hide-output", "hide-cell"} & set(tags) or (
            "hide-input" in tags and "figure" not in meta
        ):
            faults.append(f"code cell {n} is folded: give it a code_prompt_show of its own")
    faults += [
        f"the fold {t!r} is there twice" for t in sorted({t for t in titles if titles.count(t) > 1})
    ]
    for title in titles:
        if len(title.split()) < 3:
            faults.append(f"the fold {title!r} needs some words of its own")
    return faults


def exercises_are_whole(notebook, number):
    """Each has two hints, then a solution whose code was run, and is closed."""
    found, faults = split_exercises(notebook)
    if not found:
        return [*faults, "there is no exercise"]
    for one in found:
        label, hints = one["label"], one["hints"]
        if len(hints) != 2 or not all(
            hint.startswith(f"Hint {n}, ") and ": " in hint for n, hint in enumerate(hints, start=1)
        ):
            faults.append(
                f"{label}: two folds 'Hint 1, name: ...' and 'Hint 2, name: ...', not {hints}"
            )
        if not one["solved"]:
            faults.append(f"{label} has no solution")
        elif not one["solution"]:
            faults.append(f"{label}: its solution has no code")
    return faults


def answers_are_checked(notebook, number):
    """The answer cell offers, behind a #, the checkers that the solution calls."""
    faults = []
    for one in split_exercises(notebook)[0]:
        offered = {x for cell in one["answers"] for x in checker_calls(cell.source, commented=True)}
        called = {
            x for cell in one["solution"] for x in checker_calls(cell.source, commented=False)
        }
        if offered != called:
            faults.append(
                f"{one['label']}: the answer offers {offered}, the solution calls {called}"
            )
        faults += [
            f"{one['label']}: no {name} in tinycnn_lib.exercises"
            for name in (offered | called) - set(exercises.__all__)
        ]
        for cell in one["answers"]:
            if not cell.source.startswith("# Your answer"):
                faults.append(f"{one['label']}: the answer's cell must begin with '# Your answer'")
            if checker_calls(cell.source, commented=False):
                faults.append(f"{one['label']}: the checker must stand behind a #")
    return faults


WORDS, LINES, BOX, EXERCISE = 120, 8, 3, 20  # words and lines a minute, minutes for one of each
MINUTES = {"three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10, "twelve": 12,
           "fifteen": 15}  # fmt: skip


HALVES = {1: "half an hour", 2: "an hour", 3: "an hour and a half", 4: "two hours",
          5: "two and a half hours", 6: "three hours", 7: "three and a half hours",
          8: "four hours"}  # fmt: skip


def _hours(minutes):
    """Return minutes in words, to the half hour."""
    return HALVES[max(1, round(minutes / 30))]


def _planned_time(notebook):
    """Return what the header says of the time: reading, your turns, exercises, from a count."""
    reading = turns = exercises_ = 0.0
    part, piece = "text", False
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if part == "text" and "hide-input" not in cell.metadata.get("tags", []):
                reading += len(cell.source.splitlines()) / LINES
            continue
        for name, _, options, *_ in directives(cell.source):
            if name == "exercise-start":
                part, piece = "exercise", "your-turn" in options.get("class", "")
                exercises_ += 0 if piece else EXERCISE
            elif name in {"solution-end"}:
                part = "text"
            elif name == "admonition" and options.get("class") in {"predict", "why"}:
                reading += BOX
        if piece and (found := re.search(r"\b(\w+) minutes", cell.source)):
            turns += MINUTES[found[1]]
            piece = False
        if part == "text":
            reading += len(without_code(cell.source).split()) / WORDS
    return (
        f"{_hours(reading)} of reading with pencil and predictions, {_hours(turns)} for the "
        f'"Your turn" exercises, and {_hours(exercises_)} for the exercises at the end.'
    )


def header_tells_the_time(notebook, number):
    """The header plans with the time that a count gives; CONTRIBUTING.md says how."""
    wanted = f"**Plan for** {_planned_time(notebook)}"
    return [] if wanted in prose(notebook) else [f"the header does not say: {wanted}"]
