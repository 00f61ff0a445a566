"""Python in the page, in two browsers: what can go wrong there, what is kept, what is loaded."""

import pytest
from page_answers import ANSWER, answer, exercises, right_answer

PAGE, EXERCISE = "chapters/22-convolution.html", "ex-22-slide"
RIGHT = """def slide(x, w):
    return np.array([w @ x[i : i + len(w)] for i in range(len(x) - len(w) + 1)])
"""
LOOP = "while True: pass"


BAD = {
    "def slide(x, w)\n    return x": ("error", "line 1\n    def slide(x, w)\n", "expected ':'"),
    "y = 1\nslide = y / 0": ("error", "line 2:\n    slide = y / 0\n", "ZeroDivisionError"),
    "import os\nos._exit(1)": ("stopped", "", "The next Check starts it anew."),
    "import matplotlib": ("error", "line 1", "The page has NumPy and tinycnn_lib."),
    "while True: print('again')": ("error", "again\nagain", "20,000 characters"),
    "big = [np.zeros((15_000, 15_000)) for _ in range(3)]": ("error", "line 1", "MemoryError"),
    "def f(): f()\nf()": ("error", "line 1, in f", "RecursionError"),
    "import sys; sys.exit(3)": ("error", "line 1", "SystemExit: 3"),
    "input('?')": ("error", "line 1", "Error"),
    "": ("error", "", "NameError: name 'slide' is not defined"),
    "1 + 1": ("error", "2", "NameError"),
}


def test_after_any_code_the_page_goes_on(open_in):
    page = open_in(PAGE)
    for code, (kind, begins, says) in BAD.items():
        said, text, _ = answer(page, EXERCISE, code)
        assert (said, says in text, begins in text) == (kind, True, True), (code, said, text)
    assert answer(page, EXERCISE, RIGHT)[0] == "right"


def begin(page, label, code):
    """Type an answer and press its button, without waiting."""
    page.evaluate(ANSWER.split("while (!")[0] + "}", [label, code])


def verdict(page, label=EXERCISE):
    return page.locator(f".answer:has(#{label}-answer) output")


def wait_for(page, text, label=EXERCISE):
    verdict(page, label).filter(has_text=text).wait_for(state="attached")


def test_a_loop_is_stopped_and_a_second_check_waits_for_the_first(open_in):
    page = open_in(PAGE)
    begin(page, EXERCISE, LOOP)
    wait_for(page, "Python is at work")
    begin(page, "ex-22-output-size", "output_size = 7")
    wait_for(page, "at work with another answer", "ex-22-output-size")
    page.locator(f".answer:has(#{EXERCISE}-answer) .answer-stop").click()
    wait_for(page, "Stopped by you.")
    wait_for(page, "output_size is not a function", "ex-22-output-size")
    assert answer(page, EXERCISE, RIGHT)[0] == "right"


def test_a_loop_without_an_end_is_stopped_after_a_while(open_page):
    page = open_page(PAGE)
    page.clock.install()
    assert answer_when(page, EXERCISE, RIGHT) == "right"
    begin(page, EXERCISE, LOOP)
    wait_for(page, "Python is at work")
    page.clock.fast_forward(19_000)
    assert verdict(page).get_attribute("data-kind") == "wait"
    page.clock.fast_forward(2_000)
    wait_for(page, "Stopped after 20 seconds. Is there a loop that does not end?")


def answer_when(page, label, code):
    """As `answer`, on a page whose clock stands still."""
    begin(page, label, code)
    output = verdict(page, label).element_handle()
    page.wait_for_function("o => o.dataset.kind && o.dataset.kind !== 'wait'", arg=output)
    return output.get_attribute("data-kind")


@pytest.mark.parametrize("cut", ["no answer", "half a file", "not found"])
def test_what_fails_on_the_way_is_said_and_tried_again(open_page, cut):
    page, asked = open_page(PAGE), []

    def fail(route):
        asked.append(route.request.url)
        if cut == "no answer":
            route.abort()
        elif cut == "not found":
            route.fulfill(status=404)
        else:
            route.fulfill(body=b"PK half")

    page.route("**/numpy.*.zip", fail)
    kind, text, heading = answer(page, EXERCISE, RIGHT)
    assert kind == "dead"
    assert heading == "⚠ Python could not be started"
    words = {"no answer": "Try again", "half a file": "arrived incomplete", "not found": "HTTP 404"}
    assert words[cut] in text
    assert len(asked) == (2 if cut == "half a file" else 1)
    page.unroute("**/numpy.*.zip")
    assert answer(page, EXERCISE, RIGHT)[0] == "right"


def test_nothing_is_loaded_before_the_first_check_and_nothing_from_elsewhere(open_in, address):
    page, asked = open_in("index.html"), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address + PAGE, wait_until="load")
    page.wait_for_timeout(300)
    assert not [url for url in asked if "_static/python/" in url]
    assert answer(page, EXERCISE, RIGHT)[0] == "right"
    assert len([url for url in asked if "_static/python/" in url]) == 8
    assert not [url for url in asked if not url.startswith((address, "blob:", "data:"))]


def test_what_is_typed_is_kept_counted_and_forgotten(open_in):
    page = open_in(PAGE)
    assert not page.locator(".answers-progress").is_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    editor = page.locator(f"#{EXERCISE}-answer")
    page.evaluate("document.querySelectorAll('article details').forEach((d) => (d.open = true))")
    skeleton = editor.input_value()
    assert skeleton.startswith("def slide(x, w):")
    assert "check_slide" not in skeleton
    editor.fill(RIGHT)
    page.locator(f".answer:has(#{EXERCISE}-answer) .answer-check").click()
    wait_for(page, "✓ Right")
    page.reload()
    assert editor.input_value() == RIGHT
    assert "1 of 10 exercises right. What you type is kept in this" in page.inner_text("article")
    assert "✓ right" in page.locator(f"#{EXERCISE} .admonition-title").inner_text()
    begin(page, EXERCISE, LOOP)  # and the page is left while it runs
    page.get_by_role("button", name="Forget all answers").click()
    page.wait_for_load_state("load")
    page.wait_for_function("document.querySelector('.answers-progress') === null")
    assert editor.input_value() == skeleton
    assert answer(page, EXERCISE, RIGHT)[0] == "right"


def test_a_piece_goes_from_page_to_page(open_in, address):
    page = open_in(PAGE)
    exercise = next(e for e in exercises("22-convolution") if e.label == "ex-22-conv2d")
    assert "Kept in my_cnn.py." in answer(page, exercise.label, right_answer(exercise))[1]
    page.goto(address + "chapters/24-training.html", wait_until="load")
    kind, text, _ = answer(page, "ex-24-my-network", "")
    assert kind == "right"
    assert "1 of 17 pieces" in text


def test_the_editor_indents_and_lets_the_keyboard_go(open_page):
    page = open_page(PAGE)
    page.evaluate("document.querySelectorAll('article details').forEach((d) => (d.open = true))")
    editor = page.locator(f"#{EXERCISE}-answer")
    focused = "document.activeElement.className"
    editor.focus()
    page.keyboard.press("Tab")  # nothing was typed: no trap
    assert page.evaluate(focused) == "answer-check"
    editor.fill("")
    editor.press_sequentially("def slide(x, w):\nif x:\nreturn 1")
    page.keyboard.press("Enter")
    page.keyboard.press("Backspace")
    editor.press_sequentially("y")
    page.keyboard.press("Tab")
    assert editor.input_value() == "def slide(x, w):\n    if x:\n        return 1\n    y   "
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "answer-check"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Control+Enter")
    wait_for(page, "✗ Not yet")
    assert editor.input_value().endswith("    y   ")


def test_without_a_script_and_on_paper_the_cell_is_what_it_was(open_page):
    page = open_page(PAGE, java_script_enabled=False)
    page.locator(f"#{EXERCISE} > summary").click()
    assert page.locator(f"#{EXERCISE} .cell_input").first.is_visible()
    page = open_page(PAGE)
    page.locator(f"#{EXERCISE} > summary").click()
    assert not page.locator(f"#{EXERCISE} .cell_input").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator(f"#{EXERCISE} .cell_input").first.is_visible()
    assert not page.locator(f"#{EXERCISE}-answer").is_visible()


def test_scratch_paper_has_the_chapter_s_names(open_page):
    page = open_page("chapters/24-training.html")
    kind, text, _ = answer(
        page, "scratch", "print(x_train.shape)\nrelu_backward(np.ones(2), np.ones(2))"
    )
    assert (kind, text) == ("ran", "(180, 1, 8, 8)\narray([1., 1.])")


def test_a_book_opened_from_a_folder_has_python_too(open_in, unpacked):
    page = open_in((unpacked / PAGE).as_uri())
    assert answer(page, EXERCISE, "slide = 7")[0] == "wrong"
    assert answer(page, EXERCISE, RIGHT)[0] == "right"


def test_a_folder_without_the_offline_script_says_what_to_do(open_in, site):
    page = open_in((site / PAGE).as_uri())
    kind, text, _ = answer(page, EXERCISE, RIGHT)
    assert kind == "dead"
    assert "offline.js is missing" in text
