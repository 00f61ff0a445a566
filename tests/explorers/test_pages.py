"""The figures in a built page, used as a reader uses them: clicked, typed into, read."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinycnn_lib import (
    CLASS_NAMES,
    Conv2D,
    TinyCNN,
    base_pattern,
    make_dataset_bundle,
    softmax,
    softmax_cross_entropy,
    traced_image,
)
from tinycnn_lib.explorers.sliding_window import IMAGE, KERNEL

WINDOW, NETWORK, GRADIENT, REPLAY = range(4)
AXE = Path(__file__).parents[1] / "site" / "vendor" / "axe-core" / "axe.min.js"
RUN_AXE = """async (only) => (await scrollTo(0, 0), await axe.run({include: [".living-figure"]}, {
  preload: false, // nothing is fetched anew, which a page opened from a file may not
  runOnly: only ?? {type: "tag",
    values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}))
  .violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target).join(" | ")}`)"""
TOO_LONG = """(grids) => grids.flatMap((grid) => [...grid.querySelectorAll(".lf-cell")])
  .filter((cell) => {
    const text = document.createRange();
    text.selectNodeContents(cell);
    return text.getBoundingClientRect().width > cell.getBoundingClientRect().width;
  }).map((cell) => cell.textContent)"""
TOO_SMALL = """(figure) => [...figure.querySelectorAll("*")]
  .filter((part) => part.getClientRects().length
    && [...part.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
  .map((part) => [part.textContent, parseFloat(getComputedStyle(part).fontSize)
    * (part.ownerSVGElement ? part.getScreenCTM().a : 1)])
  .filter(([, size]) => size < 10.99)"""
PLACES = "(cells) => cells.map((cell) => cell.dataset.place)"
HEIGHTS = """async (figure) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  await frame();
  const heights = [];
  const look = () => heights.push(figure.getBoundingClientRect().height);
  look();
  const layers = [...figure.querySelectorAll(".lf-radios")].at(-1);
  for (const layer of layers.querySelectorAll("input")) {
    layer.click();
    look();
    const count = figure.querySelectorAll(".lf-cell").length;
    for (let n = 0; n < count; n++) {
      figure.querySelectorAll(".lf-cell")[n].click();
      look();
    }
  }
  return heights;
}"""
MINUS = "\N{MINUS SIGN}"


def shown(number, digits):
    """Return `number` as a page writes it."""
    text = f"{abs(number):.{digits}f}"
    return MINUS + text if number < 0 and float(text) else text


def texts(grid):
    return [row.locator(".lf-cell").all_inner_texts() for row in grid.locator(".lf-row").all()]


def exact(number, digits):
    """Return `number` as the figure of the gradient writes it: zero and nearly zero apart."""
    if number == 0:
        return "0"
    text = shown(number, digits)
    return "≈0" if float(text.replace(MINUS, "-")) == 0 else text


def assert_shows(grid, values, digits, write=shown):
    assert texts(grid) == [[write(value, digits) for value in row] for row in np.atleast_2d(values)]


def forward(model, image):
    """Return the outputs of the five layers, in order."""
    outputs = []
    for layer in model.layers:
        image = layer.forward(image)
        outputs.append(image)
    return outputs


def choose(figure, label):
    """Choose the radio button whose label begins so, as a pointer does."""
    figure.locator(".lf-radios label").filter(has_text=re.compile("^" + re.escape(label))).click()


def cell(grid, row, column):
    return grid.locator(".lf-row").nth(row).locator(".lf-cell").nth(column)


def framed(figure, frame):
    """Return the places of the cells with such a frame, a set for each map."""
    return [
        {tuple(map(int, place.split(","))) for place in grid.locator(frame).evaluate_all(PLACES)}
        for grid in figure.locator(".lf-grid").all()
    ]


def panel(figure, name):
    return figure.locator(".lf-panel").filter(has_text=name).locator(".lf-grid")


# --- the page ---------------------------------------------------------------------------------


def test_all_figures_run_from_a_file_without_a_request_or_a_complaint(open_page):
    page = open_page()
    for number in range(4):
        page.figure(number)
    assert page.complaints == []
    assert page.foreign == []
    assert page.page.locator(".living-picture:visible").count() == 0


def test_without_javascript_every_picture_stands_with_its_alternative_text(open_page):
    page = open_page(java_script_enabled=False).page
    images = page.locator(".living-picture img")
    assert images.count() == 4
    for image in images.all():
        assert image.is_visible()
        assert len(image.get_attribute("alt")) > 20
    assert page.locator(".lf").count() == 0


def test_print_shows_the_pictures_and_not_the_widgets(open_page):
    page = open_page()
    for number in range(4):
        page.figure(number)
    page.page.emulate_media(media="print")
    assert page.page.locator(".living-picture img:visible").count() == 4
    assert page.page.locator(".lf:visible").count() == 0


def test_a_figure_far_below_costs_nothing_until_the_reader_comes_near(open_page):
    page = open_page(viewport={"width": 1000, "height": 500})
    page.figure(WINDOW)
    assert page.page.locator(".living-figure").nth(REPLAY).locator(".lf").count() == 0
    page.figure(REPLAY)


def test_a_figure_that_cannot_start_leaves_its_picture(browser, site):
    broken = site / "broken.html"
    html = (site / "figures.html").read_text()
    assert "export default { render };" in html
    broken.write_text(html.replace("export default { render };", "throw new Error('on purpose');"))
    page = browser.new_page()
    page.goto(broken.as_uri())
    page.wait_for_timeout(1000)
    assert page.locator(".living-picture img").first.is_visible()
    assert page.locator(".living-widget").count() == 0
    page.close()


@pytest.mark.parametrize("width", [320, 1200])
def test_nothing_is_wider_than_the_screen(open_page, width):
    page = open_page(viewport={"width": width, "height": 800}, has_touch=width < 400)
    for number in range(4):
        figure = page.figure(number)
        labels = figure.locator(".lf-radios label")
        for index in range(labels.count()):
            labels.nth(index).click()
            assert page.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("number", range(4))
def test_one_tab_stop_for_each_grid(open_page, number):
    figure = open_page().figure(number)
    for grid in figure.locator(".lf-grid").all():
        assert grid.locator('[tabindex="0"]').count() == 1
        assert grid.get_attribute("aria-label")


@pytest.mark.parametrize("width", [1200, 320])
def test_colors_can_be_told_apart_in_the_dark(open_page, width):
    """Of what axe asks, only the colors differ between the schemes."""
    page = open_page(color_scheme="dark", viewport={"width": width, "height": 900})
    for number in range(4):
        page.figure(number)
    page.page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    assert page.page.evaluate(RUN_AXE, ["color-contrast"]) == []


@pytest.mark.parametrize("number", range(4))
def test_accessible_before_and_after_interaction(open_page, number):
    # The width of a phone: there the figures have most rules, for what folds and scrolls.
    page = open_page(color_scheme="light", viewport={"width": 320, "height": 900})
    figure = page.figure(number)
    page.page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    assert page.page.evaluate(RUN_AXE) == []
    labels = figure.locator(".lf-radios label")
    for index in range(labels.count()):
        labels.nth(index).click()
        if index % 3 == 0:
            figure.locator(".lf-cell").nth(2).click()
            assert page.page.evaluate(RUN_AXE) == []
    for box in figure.locator("select").all():
        box.select_option(index=1)
    step = figure.get_by_role("button", name="Step", exact=True)
    if step.count():
        step.click()
    assert page.page.evaluate(RUN_AXE) == []
    assert page.complaints == []


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("number", [NETWORK, GRADIENT])
def test_every_number_fits_its_cell(open_page, number, width):
    figure = open_page(viewport={"width": width, "height": 800}).figure(number)
    labels = figure.locator(".lf-radios label")
    for index in range(labels.count()):
        labels.nth(index).click()
        assert figure.locator(".lf-grid").evaluate_all(TOO_LONG) == []


@pytest.mark.parametrize("number", range(4))
def test_a_figure_is_a_group_with_a_name(open_page, number):
    figure = open_page().figure(number)
    assert figure.get_attribute("role") == "group"
    assert len(figure.get_attribute("aria-label")) > 10


@pytest.mark.parametrize("number", [WINDOW, REPLAY])
def test_the_last_step_keeps_the_focus_and_play_begins_anew(open_page, number):
    page = open_page()
    figure = page.figure(number)
    step = figure.get_by_role("button", name="Step", exact=True)
    step.focus()
    for _ in range(20):
        page.page.keyboard.press("Enter")
    assert step.get_attribute("aria-disabled") == "true"
    assert step.evaluate("(button) => button === document.activeElement")
    figure.get_by_role("button", name="Play").click()
    assert step.get_attribute("aria-disabled") == "false"


def test_chosen_switches_are_seen_in_forced_colors(open_page):
    """What is painted counts; the styles tell the colors asked for, not the forced ones."""
    page = open_page(forced_colors="active", reduced_motion="reduce")
    for number in range(3):
        painted = {True: set(), False: set()}
        for label in page.figure(number).locator(".lf-radios label").all():
            picture = Image.open(io.BytesIO(label.screenshot())).convert("RGB")
            most = max(picture.getcolors(picture.width * picture.height))[1]
            painted[label.locator("input").is_checked()].add(most)
        assert len(painted[True]) == 1
        assert not painted[True] & painted[False]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_arithmetic_is_seen_in_forced_colors(open_page, scheme):
    page = open_page(forced_colors="active", color_scheme=scheme, reduced_motion="reduce")
    for number in (WINDOW, NETWORK, GRADIENT):
        figure = page.figure(number)
        figure.locator(".lf-cell").nth(7).click()
        entry = figure.locator(".lf-matrix td:nth-child(2)").first  # no bracket beside it
        picture = Image.open(io.BytesIO(entry.screenshot())).convert("L")
        darkest, brightest = picture.getextrema()
        assert brightest - darkest > 120  # ink on a ground


# --- the sliding window -------------------------------------------------------------------------


def output_of(image, kernel, padding=0, stride=1):
    conv = Conv2D(1, 1, len(kernel))
    conv.weights[0, 0] = kernel
    return conv.forward(np.pad(image, padding)[None, None])[0, 0, ::stride, ::stride]


def test_window_shows_the_librarys_numbers_for_every_setting(open_page):
    figure = open_page().figure(WINDOW)
    corner = np.zeros((3, 3))
    corner[0, 0] = 1
    for kernel, name in ((KERNEL, "vertical edge"), (corner, "impulse in a corner")):
        figure.get_by_role("combobox", name="Kernel").select_option(name)
        for padding in (0, 1, 2):
            figure.get_by_role("combobox", name="Padding").select_option(str(padding))
            for stride in (1, 2, 3):
                figure.get_by_role("combobox", name="Stride").select_option(str(stride))
                for operation, used in (
                    ("convolution", kernel[::-1, ::-1]),
                    ("cross-correlation", kernel),
                ):
                    choose(figure, operation)
                    expected = output_of(IMAGE, used, padding, stride)
                    assert_shows(panel(figure, "Output"), expected, 0)


def test_window_typed_numbers_reach_the_output_and_the_arithmetic(open_page):
    page = open_page()
    figure = page.figure(WINDOW)
    cell(panel(figure, "Image"), 1, 1).click()
    page.page.keyboard.press("5")
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("7")
    page.page.keyboard.press("-")
    figure.get_by_label("image, row 1, column 2").fill("-6")
    cell(panel(figure, "Kernel"), 0, 0).click()
    page.page.keyboard.press("PageUp")
    image, kernel = IMAGE.copy(), KERNEL.copy()
    image[1, 1:3], kernel[0, 0] = (5, -6), 0
    expected = output_of(image, kernel)
    assert_shows(panel(figure, "Output"), expected, 0)
    cell(panel(figure, "Output"), 1, 0).click()
    assert figure.locator(".lf-sum .lf-result").inner_text() == shown(expected[1, 0], 0)
    assert figure.locator(".lf-matrix").nth(0).locator("td").all_inner_texts() == [
        shown(x, 0) for x in image[1:4, 0:3].ravel()
    ]


def test_window_steps_through_all_cells_forth_and_back_and_plays(open_page):
    page = open_page(reduced_motion="reduce")
    figure = page.figure(WINDOW)
    step = figure.get_by_role("button", name="Step", exact=True)
    assert "cell 2 of 16" in figure.inner_text()  # the first that is not 0
    for number in range(3, 17):
        step.click()
        assert f"cell {number} of 16" in figure.inner_text()
    assert step.is_disabled()
    figure.get_by_role("button", name="Step back").click()
    assert "cell 15 of 16" in figure.inner_text()
    figure.get_by_role("button", name="Play").click()
    figure.get_by_text("cell 16 of 16").wait_for()
    figure.get_by_role("button", name="Play").wait_for()  # it has stopped by itself


@pytest.mark.parametrize("width", [320, 1200])
def test_window_does_not_move_when_a_number_is_chosen(open_page, width):
    figure = open_page(viewport={"width": width, "height": 800}).figure(WINDOW)
    assert figure.locator(".lf-field input[type=number]:visible").count() == 0
    before = figure.bounding_box()["height"], panel(figure, "Output").bounding_box()
    cell(panel(figure, "Image"), 1, 1).click()
    assert figure.get_by_label("image, row 1, column 1").is_visible()
    assert (figure.bounding_box()["height"], panel(figure, "Output").bounding_box()) == before


def test_window_stays_in_one_row_on_a_wide_page(open_page):
    figure = open_page(viewport={"width": 1400, "height": 900}).figure(WINDOW)
    figure.get_by_role("combobox", name="Padding").select_option("2")
    tops = {round(box.bounding_box()["y"]) for box in figure.locator(".lf-panel").all()}
    assert len(tops) == 1
    cell(panel(figure, "Output"), 0, 0).click()
    assert f"rows {MINUS}2 to 0, columns {MINUS}2 to 0" in figure.locator(".lf-detail").inner_text()


def test_window_takes_a_minus_before_its_digit_and_says_the_result(open_page):
    page = open_page()
    figure = page.figure(WINDOW)
    cell(panel(figure, "Kernel"), 0, 1).click()  # a 0
    for key in "-5":
        page.page.keyboard.press(key)
    kernel = KERNEL.copy()
    kernel[0, 1] = -5
    expected = output_of(IMAGE, kernel)
    assert_shows(panel(figure, "Output"), expected, 0)
    said = f"Kernel, row 0, column 1 is now {MINUS}5; 16 of 16 outputs changed."
    figure.get_by_role("status").get_by_text(said).wait_for(state="attached")
    figure.get_by_role("button", name="Step", exact=True).click()
    said = f"Output at row 0, column 2: {shown(expected[0, 2], 0)}."
    assert figure.get_by_role("status").inner_text() == said


def test_window_number_box_shows_what_the_cell_holds(open_page):
    page = open_page()
    figure = page.figure(WINDOW)
    cell(panel(figure, "Image"), 0, 0).click()
    box = figure.get_by_label("image, row 0, column 0")
    for typed, held in (("150", "99"), ("", "99"), ("-7", "-7")):
        box.fill(typed)
        page.page.keyboard.press("Tab")
        assert box.input_value() == held
    assert cell(panel(figure, "Image"), 0, 0).inner_text() == f"{MINUS}7"


def test_window_keeps_the_readers_numbers_as_a_choice(open_page):
    page = open_page()
    figure = page.figure(WINDOW)
    picture = figure.get_by_role("combobox", name="Image")
    cell(panel(figure, "Image"), 0, 0).click()
    page.page.keyboard.press("9")
    assert picture.input_value() == "yours"
    picture.select_option("step")
    assert cell(panel(figure, "Image"), 0, 0).inner_text() == shown(IMAGE[0, 0], 0)


def test_window_makes_room_for_long_numbers(open_page):
    figure = open_page(viewport={"width": 320, "height": 800}).figure(WINDOW)
    for grid in ("Image", "Kernel"):
        for place in range(9):
            cell(panel(figure, grid), place // 3, place % 3).click()
            figure.get_by_label(re.compile(f"^{grid.lower()}, row")).fill("99")
    assert cell(panel(figure, "Output"), 0, 0).inner_text() == "88209"
    assert figure.locator(".lf-grid").evaluate_all(TOO_LONG) == []


@pytest.mark.parametrize("width", [320, 1200])
def test_window_keeps_its_height(open_page, width):
    """Padding and stride change the grids; what stands below must not jump."""
    page = open_page(viewport={"width": width, "height": 800})
    figure = page.figure(WINDOW)
    page.page.wait_for_timeout(300)  # the room is measured
    heights = set()
    for padding in "012":
        figure.get_by_role("combobox", name="Padding").select_option(padding)
        for stride in "123":
            figure.get_by_role("combobox", name="Stride").select_option(stride)
            for index in range(0, figure.locator(".lf-cell").count(), 7):
                figure.locator(".lf-cell").nth(index).click()
                heights.add(figure.bounding_box()["height"])
    assert len(heights) == 1


def test_window_marks_what_no_window_reads_and_paints_padding_gray(open_page):
    page = open_page()
    figure = page.figure(WINDOW)
    figure.get_by_role("combobox", name="Stride").select_option("2")
    unread = {(i, j) for i, j in np.ndindex(6, 6) if 5 in (i, j)}
    assert framed(figure, ".lf-quiet")[0] == unread
    figure.get_by_role("combobox", name="Padding").select_option("1")
    unread = {(i, j) for i, j in np.ndindex(8, 8) if 7 in (i, j)}
    assert framed(figure, ".lf-quiet")[0] == unread
    corner = cell(panel(figure, "Image"), 0, 0)
    picture = Image.open(io.BytesIO(corner.screenshot())).convert("L")
    most = max(picture.getcolors())[1]
    assert 180 < most < 240
    before = texts(panel(figure, "Image"))
    cell(panel(figure, "Image"), 1, 1).click()
    corner.click()
    page.page.keyboard.press("5")
    assert texts(panel(figure, "Image")) == before
    assert figure.get_by_role("status").inner_text().startswith("Padding stays 0.")


@pytest.mark.parametrize("width", [320, 1200])
def test_no_text_is_smaller_than_11_pixels(open_page, width):
    page = open_page(viewport={"width": width, "height": 800})
    for number in range(4):
        figure = page.figure(number)
        page.page.wait_for_timeout(100)
        assert figure.evaluate(TOO_SMALL) == []


@pytest.mark.parametrize("number", range(4))
def test_a_figure_keeps_the_description_of_its_picture(open_page, number):
    page = open_page()
    figure = page.figure(number)
    about = page.page.locator("#" + figure.get_attribute("aria-describedby"))
    alt = page.page.locator(".living-picture img").nth(number).get_attribute("alt")
    assert about.text_content() == alt


def test_on_a_phone_maps_fade_where_there_are_more(open_page):
    page = open_page(viewport={"width": 320, "height": 800}, has_touch=True)
    layer = page.figure(NETWORK).locator(".lf-layer")
    seen = {}
    for name, left in (("first", 0), ("middle", 150), ("last", 9999)):
        layer.evaluate("(layer, left) => layer.scrollTo(left, 0)", left)
        page.page.wait_for_timeout(100)
        classes = layer.get_attribute("class")
        seen[name] = [side for side in ("left", "right") if f"lf-more-{side}" in classes]
    assert seen == {"first": ["right"], "middle": ["left", "right"], "last": ["left"]}


def test_on_a_phone_the_prediction_stays_beside_the_numbers(open_page):
    page = open_page(viewport={"width": 360, "height": 740}, has_touch=True)
    for number, last in ((NETWORK, "Softmax"), (GRADIENT, "logits")):
        figure = page.figure(number)
        choose(figure, last)
        figure.locator(".lf-detail").evaluate("(detail) => detail.scrollIntoView({block: 'end'})")
        for part in (".lf-verdict", ".lf-layers input:checked + span"):
            box = figure.locator(part).bounding_box()
            assert 0 <= box["y"] < 740
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 360


# --- the network and the gradient -------------------------------------------------------------


@pytest.mark.parametrize("number", [NETWORK, GRADIENT])
def test_the_panel_asks_for_a_number_until_one_is_chosen(open_page, number):
    page = open_page()
    figure = page.figure(number)
    detail = figure.locator(".lf-detail")
    if number == NETWORK:
        assert detail.inner_text().startswith("Choose a number. Click on one")
        assert figure.locator("[aria-selected=true]").count() == 0
    else:  # the chapter has followed one
        assert detail.inner_text().startswith("d kernels, filter 0, row 0, column 0 = ")
    figure.locator('.lf-cell[tabindex="0"]').first.focus()
    page.page.keyboard.press("Enter")
    assert "row 0, column 0 = " in detail.inner_text()
    page.page.keyboard.press("ArrowRight")
    assert "row 0, column 1 = " in detail.inner_text()
    choose(figure, "Flatten")  # there, the arithmetic would be that of another layer
    assert "Choose a number of" in detail.inner_text()
    assert detail.locator("table").count() == 0
    figure.get_by_role("button", name=re.compile("^Back to")).click()
    assert detail.locator("table").count() > 0
    assert page.page.evaluate("document.activeElement.ariaSelected") == "true"


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("number", [NETWORK, GRADIENT])
def test_a_chosen_number_moves_nothing_below_the_figure(open_page, number, width):
    figure = open_page(viewport={"width": width, "height": 800}).figure(number)
    heights = figure.evaluate(HEIGHTS)
    assert len(heights) > 300
    assert max(heights) - min(heights) < 1


@pytest.mark.parametrize("number", [NETWORK, GRADIENT])
def test_products_have_the_sign_of_the_notation_and_say_it(open_page, number):
    figure = open_page().figure(number)
    figure.locator(".lf-cell").first.click()
    sign = figure.get_by_role("img", name="times, entry by entry")
    assert sign.first.inner_text() == "⊙"
    assert "⊙ multiplies entry by entry" in figure.inner_text()


# --- the whole network --------------------------------------------------------------------------


def test_network_shows_the_librarys_numbers_in_every_layer(open_page):
    figure = open_page().figure(NETWORK)
    for name, model in (("first", TinyCNN()), ("second", TinyCNN(3))):
        choose(figure, name)
        for picture in ("given", *CLASS_NAMES):
            figure.get_by_role("combobox", name="Picture").select_option(picture)
            figure.get_by_label("Move down").select_option("0" if picture == "given" else "-1")
            image = traced_image() if picture == "given" else base_pattern(picture)[None, None]
            if picture != "given":
                image = np.roll(image, -1, axis=2)
            conv, relu, pool, flat, logits = forward(model, image)
            stages = [
                ("Input", image[0]),
                ("Conv2D", conv[0]),
                ("ReLU", relu[0]),
                ("MaxPool2D", pool[0]),
                ("Flatten", flat.reshape(1, 9, 3)),
                ("Dense", logits[None]),
                ("Softmax", softmax(logits)[None]),
            ]
            for layer, maps in stages:
                choose(figure, layer)
                grids = figure.locator(".lf-grid")
                assert grids.count() == len(maps)
                for grid, values in zip(grids.all(), maps, strict=True):
                    assert_shows(grid, values, 4 if layer in ("Dense", "Softmax") else 2)
            best = int(softmax(logits)[0].argmax())
            assert CLASS_NAMES[best] in figure.locator(".lf-verdict").inner_text()


def test_network_marks_the_winner_of_each_window(open_page):
    figure = open_page().figure(NETWORK)
    choose(figure, "ReLU")
    model = TinyCNN()
    model.forward(traced_image())
    for grid, mask in zip(figure.locator(".lf-grid").all(), model.pool.last_mask[0], strict=True):
        rings = [
            [
                bool(re.search(r"\blf-ring\b", c.get_attribute("class")))
                for c in row.locator(".lf-cell").all()
            ]
            for row in grid.locator(".lf-row").all()
        ]
        np.testing.assert_array_equal(rings, mask == 1)


def test_network_walks_from_a_probability_back_to_a_pixel(open_page):
    figure = open_page().figure(NETWORK)
    choose(figure, "Softmax")
    figure.locator(".lf-cell").first.click()
    seen = []
    back = figure.get_by_role("button", name=re.compile("^Walk back"))
    while back.count():
        seen.append(back.inner_text().removeprefix("Walk back to ").partition(",")[0])
        back.click()
        focused = figure.page.evaluate("document.activeElement.getAttribute('aria-selected')")
        assert focused == "true"
    assert seen == ["Dense", "Flatten", "MaxPool2D", "ReLU", "Conv2D", "Input"]


def test_network_arithmetic_of_a_number_is_the_librarys(open_page):
    figure = open_page().figure(NETWORK)
    model = TinyCNN()
    conv, _, pool, _, logits = forward(model, traced_image())
    choose(figure, "Conv2D")
    cell(figure.locator(".lf-grid").nth(2), 4, 1).click()
    detail = figure.locator(".lf-detail")
    assert detail.locator(".lf-result").inner_text() == shown(conv[0, 2, 4, 1], 4)
    patch, kernel, products = (
        t.locator("td").all_inner_texts() for t in detail.locator("table").all()
    )
    values = traced_image()[0, 0, 4:7, 1:4]
    assert patch == [shown(x, 2) for x in values.ravel()]
    assert kernel == [shown(x, 2) for x in model.conv.weights[2, 0].ravel()]
    assert products == [shown(x, 2) for x in (values * model.conv.weights[2, 0]).ravel()]
    choose(figure, "Dense")
    figure.locator(".lf-cell").nth(1).click()
    assert detail.locator(".lf-result").inner_text() == shown(logits[0, 1], 4)
    products = [t.locator("td").all_inner_texts() for t in detail.locator("table").all()][2::3]
    terms = pool[0] * model.dense.weights[:, 1].reshape(3, 3, 3)
    assert products == [[shown(x, 2) for x in part.ravel()] for part in terms]


def test_network_picture_is_drawn_by_keys_and_by_pointer(open_page):
    page = open_page(viewport={"width": 1000, "height": 1400})
    figure = page.figure(NETWORK)
    figure.get_by_role("combobox", name="Picture").select_option("blank")
    choose(figure, "Input")
    grid = figure.locator(".lf-grid")
    cell(grid, 2, 2).click()
    for key in ("5", "ArrowDown", "9", "+", "ArrowRight", "3", "-", "Home", "1"):
        page.page.keyboard.press(key)
    image = np.zeros((8, 8))
    image[2, 2], image[3, 2], image[3, 3], image[3, 0] = 0.5, 1, 0.2, 0.1
    figure.get_by_label("Pencil").check()
    start, end = (cell(grid, 6, column).bounding_box() for column in (1, 4))
    page.page.mouse.move(start["x"] + 9, start["y"] + 9)
    page.page.mouse.down()
    page.page.mouse.move(end["x"] + 9, end["y"] + 9, steps=12)
    page.page.mouse.up()
    image[6, 1:5] = 1
    assert_shows(grid, image, 2)
    choose(figure, "Dense")
    assert_shows(figure.locator(".lf-grid"), TinyCNN().forward(image[None, None]), 4)


def test_network_noise_keeps_the_levels_of_an_image(open_page):
    figure = open_page().figure(NETWORK)
    figure.get_by_role("combobox", name="Picture").select_option("diagonal")
    figure.get_by_label("Noise").check()
    choose(figure, "Input")
    noise = np.random.default_rng(0).normal(0, 0.15, (8, 8)).round(2)
    image = np.clip(base_pattern("diagonal") + noise, 0, 1)
    assert_shows(figure.locator(".lf-grid"), image, 2)


def test_network_keeps_the_chosen_number_when_another_layer_is_shown(open_page):
    """What it reads is framed in that layer, named in the cells' labels, and said in words."""
    figure = open_page().figure(NETWORK)
    choose(figure, "MaxPool2D")
    cell(figure.locator(".lf-grid").nth(1), 2, 0).click()
    model = TinyCNN()
    model.forward(traced_image())
    window = model.pool.last_mask[0, 1, 4:6, 0:2]
    row, column = np.argwhere(window == 1)[0] + (4, 0)
    choose(figure, "Input")
    path = {(row + u, column + v) for u in range(3) for v in range(3)}
    assert framed(figure, ".lf-lit") == [path]
    assert framed(figure, ".lf-faint") == [set(np.ndindex(8, 4)) - set(np.ndindex(4, 4)) - path]
    for frame, more in ((".lf-lit", ""), (".lf-faint", " only through losers")):
        label = figure.locator(frame).first.get_attribute("aria-label")
        assert label.endswith(f", read by the chosen number{more}")
    text = figure.locator(".lf-detail").inner_text()
    assert text.startswith("MaxPool2D, map 1, row 2, column 0 = ")
    window = "map 1 (rows 4 to 5, columns 0 to 1)"
    assert (
        f"It reads 4 numbers of ReLU, {window}, through 1 winner; 4 numbers of Conv2D, {window}, "
        "1 behind the winner; 16 numbers of Input (rows 4 to 7, columns 0 to 3), "
        "9 behind the winner."
    ) in text
    choose(figure, "MaxPool2D")
    described = figure.locator("[aria-selected=true]").get_attribute("aria-describedby")
    assert figure.locator(f"#{described}").inner_text().startswith("It reads")


def test_network_frames_the_winners_path_and_the_rest_of_each_window(open_page):
    """A logit reads every pixel; only those behind a winner made it, and the frames differ."""
    figure = open_page().figure(NETWORK)
    choose(figure, "Dense")
    figure.locator(".lf-cell").first.click()
    model = TinyCNN()
    model.forward(traced_image())
    winners = [set(map(tuple, np.argwhere(mask == 1))) for mask in model.pool.last_mask[0]]
    every = set(np.ndindex(6, 6))
    pixels = {(i + u, j + v) for i, j in set.union(*winners) for u, v in np.ndindex(3, 3)}
    assert 0 < len(pixels) < 64
    assert (
        "all 108 numbers of ReLU, through 27 winners; all 108 numbers of Conv2D, "
        f"27 behind the winners; all 64 numbers of Input, {len(pixels)} behind the winners."
    ) in figure.locator(".lf-detail").inner_text()
    for layer in ("ReLU", "Conv2D"):
        choose(figure, layer)
        assert framed(figure, ".lf-lit") == winners
        assert framed(figure, ".lf-faint") == [every - won for won in winners]
    choose(figure, "Input")
    assert framed(figure, ".lf-lit") == [pixels]
    assert framed(figure, ".lf-faint") == [set(np.ndindex(8, 8)) - pixels]


def test_network_says_that_a_tie_is_no_prediction(open_page):
    figure = open_page().figure(NETWORK)
    figure.get_by_role("combobox", name="Picture").select_option("blank")
    assert figure.locator(".lf-verdict").inner_text() == (
        f"No prediction: a tie of {', '.join(CLASS_NAMES)}, each with probability 0.3333."
    )


def test_network_drawing_can_be_moved_and_left_and_found_again(open_page):
    page = open_page()
    figure = page.figure(NETWORK)
    picture = figure.get_by_role("combobox", name="Picture")
    picture.select_option("blank")
    choose(figure, "Input")
    grid = figure.locator(".lf-grid")
    cell(grid, 2, 2).click()
    page.page.keyboard.press("7")
    page.page.keyboard.press("-")
    assert picture.input_value() == "yours"
    verdict = figure.locator(".lf-verdict").inner_text()
    figure.get_by_role("status").get_by_text(verdict).wait_for(state="attached")
    figure.get_by_label("Move down").select_option("1")
    image = np.zeros((8, 8))
    image[3, 2] = 0.6
    assert_shows(grid, image, 2)
    picture.select_option("given")
    picture.select_option("yours")
    assert_shows(grid, image, 2)


# --- the gradient ---------------------------------------------------------------------------------


def gradients(model, image, target):
    outputs = forward(model, image)
    loss, probabilities, d = softmax_cross_entropy(outputs[-1], np.array([target]))
    found = {"logits": d.T[None]}
    names = ("Flatten", "MaxPool2D", "ReLU", "Conv2D", "input")
    for layer, name in zip(reversed(model.layers), names, strict=True):
        d = layer.backward(d)
        found[name] = d[0] if d.ndim == 4 else d.reshape(1, 9, 3)
    found["kernels"] = model.conv.d_weights[:, 0]
    found["conv bias"] = model.conv.d_bias[None, :, None]
    found["dense weights"] = model.dense.d_weights.T.reshape(3, 9, 3)
    found["dense bias"] = model.dense.d_bias[None, :, None]
    return loss, probabilities[0], found


def test_gradient_shows_the_librarys_numbers_for_every_target(open_page):
    figure = open_page().figure(GRADIENT)
    for target, name in enumerate(CLASS_NAMES):
        figure.get_by_label("Target class").select_option(name)
        loss, probabilities, found = gradients(TinyCNN(), traced_image(), target)
        verdict = figure.locator(".lf-verdict").inner_text()
        assert shown(loss, 4) in verdict
        assert shown(probabilities[target], 4) in verdict
        for layer, maps in found.items():
            choose(figure, layer)
            for grid, values in zip(figure.locator(".lf-grid").all(), maps, strict=True):
                assert_shows(grid, values, 2 if layer == "input" else 3, exact)


def test_gradient_of_a_pixel_is_the_same_sum_in_both_views(open_page):
    figure = open_page().figure(GRADIENT)
    _, _, found = gradients(TinyCNN(), traced_image(), 0)
    choose(figure, "input")
    cell(figure.locator(".lf-grid"), 3, 2).click()
    products = {}
    for view in ("scatter", "turned kernel"):
        choose(figure.locator(".lf-detail"), view)
        tables = figure.locator(".lf-detail table").all()[2::3]
        products[view] = [sorted(t.locator("td").all_inner_texts()) for t in tables]
        total = figure.locator(".lf-detail .lf-sum").filter(has_text="one sum for each filter")
        assert f"= {shown(found['input'][0][3, 2], 4)}," in total.inner_text()
    assert products["scatter"] == products["turned kernel"]


def test_gradient_predicts_a_nudge_and_says_by_how_much_it_is_off(open_page):
    figure = open_page().figure(GRADIENT)
    model = TinyCNN()
    loss, _, found = gradients(model, traced_image(), 0)
    choose(figure, "dense weights")
    cell(figure.locator(".lf-grid").nth(2), 4, 0).click()  # number 12, to the third class
    figure.get_by_label(re.compile("^Nudge")).fill("-0.4")
    slope = found["dense weights"][2][4, 0]
    model.dense.weights[12, 2] -= 0.4
    after, _, _ = softmax_cross_entropy(model.forward(traced_image()), np.array([0]))
    text = figure.locator(".lf-nudge .lf-sum").inner_text()
    predicted = loss - 0.4 * slope
    for value in (loss, after, predicted, slope, after - predicted):
        assert shown(value, 4) in text
    assert f"{MINUS}0.40" in text


def slopes(change, step=1e-6):
    """Return the loss's slopes to the left and right of the picture, along one changed number."""
    found = []
    for by in (-step, step):
        model = TinyCNN()
        image = traced_image().astype(float)
        before, _, _ = softmax_cross_entropy(model.forward(image), np.array([0]))
        change(model, image, by)
        after, _, _ = softmax_cross_entropy(model.forward(image), np.array([0]))
        found.append((after - before) / by)
    return found


def test_gradient_says_where_the_loss_has_a_corner(open_page):
    figure = open_page().figure(GRADIENT)

    def bias(model, image, by):
        model.conv.bias[1] += by

    def pixel(model, image, by):
        image[0, 0, 0, 3] += by

    def weight(model, image, by):
        model.conv.weights[2, 0, 0, 1] += by

    choose(figure, "conv bias")
    cell(figure.locator(".lf-grid"), 1, 0).click()
    left, right = slopes(bias)
    assert abs(left - right) > 1
    beside = figure.locator(".lf-slopes td")
    assert beside.all_inner_texts() == [shown(left, 4), shown(left, 4), shown(right, 4)]
    assert "The gradient is the slope to the left" in figure.locator(".lf-corner").inner_text()
    choose(figure, "picture")
    cell(figure.locator(".lf-grid"), 0, 3).click()
    left, right = slopes(pixel)
    assert beside.all_inner_texts() == [shown(left, 4), "0", shown(right, 4)]
    assert "not one of the two slopes" in figure.locator(".lf-corner").inner_text()
    choose(figure, "kernels")
    cell(figure.locator(".lf-grid").nth(2), 0, 1).click()
    left, right = slopes(weight)
    assert abs(left - right) < 1e-3
    assert figure.locator(".lf-corner").count() == 0
    assert beside.all_inner_texts() == [shown(left, 4)] * 3


def test_gradient_shows_the_picture_and_frames_what_belongs_to_a_pixel(open_page):
    figure = open_page().figure(GRADIENT)
    choose(figure, "picture")
    assert_shows(figure.locator(".lf-grid"), traced_image()[0, 0], 2)
    cell(figure.locator(".lf-grid"), 3, 2).click()
    choose(figure, "input")
    assert framed(figure, ".lf-lit") == [{(3, 2)}]
    figure.get_by_role("button", name="Back to the picture, row 3, column 2").click()
    figure.get_by_role("button", name=re.compile("to d input, row 3, column 2$")).click()
    choose(figure, "kernels")
    cell(figure.locator(".lf-grid").first, 1, 2).click()
    choose(figure, "picture")  # the pixels that the weight lay on
    assert framed(figure, ".lf-lit") == [{(1 + i, 2 + j) for i, j in np.ndindex(6, 6)}]


def test_gradient_tells_zero_from_nearly_zero(open_page):
    """To see, in a cell and hatched or not; to hear, in its label; and where it is explained."""
    figure = open_page().figure(GRADIENT)
    _, _, found = gradients(TinyCNN(), traced_image(), 0)
    values = found["input"][0]
    choose(figure, "input")
    for test, text, label in (
        (values == 0, "0", "exactly 0"),
        ((values != 0) & (np.abs(values) < 0.005), "≈0", ", nearly 0"),
    ):
        place = cell(figure.locator(".lf-grid"), *np.argwhere(test)[0])
        assert place.inner_text() == text
        assert place.get_attribute("aria-label").endswith(label)
        assert bool(re.search("lf-zero", place.get_attribute("class"))) == (text == "0")
    cell(figure.locator(".lf-grid"), *np.argwhere(values == 0)[0]).click()
    assert figure.locator(".lf-detail .lf-result").inner_text() == "exactly 0"


def test_gradient_curve_has_axes_with_names_and_numbers(open_page):
    figure = open_page().figure(GRADIENT)
    cell(figure.locator(".lf-grid").first, 0, 0).click()
    words = figure.locator(".lf-curve text").all_text_contents()
    assert words[:2] == ["loss", "nudge"]
    assert words[-5:] == [f"{MINUS}1.0", f"{MINUS}0.5", "0.0", "0.5", "1.0"]
    losses = [float(word) for word in words[2:-5]]
    assert len(losses) >= 2
    loss, _, _ = gradients(TinyCNN(), traced_image(), 0)
    assert min(losses) - 0.2 < loss < max(losses) + 0.2


def test_gradient_at_a_border_shows_only_the_weights_that_met_the_pixel(open_page):
    figure = open_page().figure(GRADIENT)
    choose(figure, "input")
    cell(figure.locator(".lf-grid"), 0, 5).click()
    for table in figure.locator(".lf-detail .lf-matrix").all():
        rows = [row.locator("td").all_inner_texts() for row in table.locator("tr").all()]
        assert "·" not in rows[0]
        assert rows[1:] == [["·"] * 3] * 2


def test_gradient_stops_where_relu_is_closed(open_page):
    figure = open_page().figure(GRADIENT)
    model = TinyCNN()
    before = model.conv.forward(traced_image())[0]
    for sign, words in ((-1, "below 0: nothing passes"), (0, "exactly 0, its corner")):
        f, i, j = np.argwhere(np.sign(before) == sign)[0]
        choose(figure, "Conv2D")
        cell(figure.locator(".lf-grid").nth(f), i, j).click()
        assert words in figure.locator(".lf-detail").inner_text()
        assert figure.get_by_role("button", name=re.compile("^Walk on")).count() == 0
        assert "It reads" not in figure.inner_text()


# --- the replay -----------------------------------------------------------------------------------


def test_replay_shows_the_recorded_numbers_of_every_epoch(open_page):
    figure = open_page().figure(REPLAY)
    x_train, y_train, x_val, y_val, _ = make_dataset_bundle(val_per_class=10)
    for epoch in (0, 3, 1):
        figure.get_by_label(re.compile("^Epoch")).fill(str(epoch))
        assert figure.locator(".lf-numbers th").first.inner_text() == f"epoch {epoch}"
        rows = figure.locator(".lf-numbers tbody tr").all()
        numbers = np.array([row.locator("td").all_inner_texts() for row in rows])
        assert numbers.shape == (4, 2)
        for run, seed in enumerate((1, 2)):
            model = TinyCNN(seed + 10 * epoch)
            found = numbers[:, run]
            for column, (x, y) in enumerate(((x_train, y_train), (x_val, y_val))):
                logits = model.forward(x)
                right = int((logits.argmax(1) == y).sum())
                assert found[column] == shown(softmax_cross_entropy(logits, y)[0], 4)
                assert found[column + 2] == f"{100 * right / len(y):.1f} % ({right} of {len(y)})"
            kernels = figure.locator(".lf-kernels").nth(run).locator("table")
            for table, kernel in zip(kernels.all(), model.conv.weights[:, 0], strict=True):
                assert table.locator("td").all_inner_texts() == [
                    shown(x, 2) for x in kernel.ravel()
                ]
            wrong = np.flatnonzero(model.predict(x_val) != y_val)
            names = figure.locator(".lf-thumbs").nth(run).locator("canvas")
            assert names.count() == min(len(wrong), 24)
            first = names.first.get_attribute("title")
            guess = CLASS_NAMES[model.predict(x_val)[wrong[0]]]
            assert first == f"picture {wrong[0]}: {CLASS_NAMES[y_val[wrong[0]]]}, taken for {guess}"


def test_replay_steps_and_plays_to_the_end(open_page):
    figure = open_page().figure(REPLAY)
    figure.get_by_role("button", name="Step", exact=True).click()
    assert "Epoch 2 of 3" in figure.inner_text()
    figure.get_by_role("button", name="Step back").click()
    assert "Epoch 1 of 3" in figure.inner_text()
    figure.get_by_role("button", name="Play").click()
    figure.get_by_text("Epoch 3 of 3").wait_for()
    figure.get_by_role("button", name="Play").wait_for()


@pytest.mark.parametrize("width", [320, 1200])
def test_replay_keeps_its_height(open_page, width):
    """Pictures come and go while it plays; what stands below must not jump."""
    figure = open_page(viewport={"width": width, "height": 800}).figure(REPLAY)
    heights, pictures = set(), set()
    for epoch in range(4):
        figure.get_by_label(re.compile("^Epoch")).fill(str(epoch))
        heights.add(figure.bounding_box()["height"])
        pictures.add(figure.locator(".lf-thumbs").first.locator("canvas").count())
    assert len(heights) == 1
    assert len(pictures) > 1


def test_replay_does_not_leave_an_old_message(open_page):
    figure = open_page().figure(REPLAY)
    figure.get_by_role("button", name="Step", exact=True).click()
    assert figure.get_by_role("status").inner_text().startswith("Epoch 2. seed 1: validation loss ")
    figure.get_by_label(re.compile("^Epoch")).fill("3")
    assert figure.get_by_role("status").inner_text() == ""


def test_on_a_phone_the_chosen_map_is_in_view(open_page):
    page = open_page(viewport={"width": 320, "height": 800}, has_touch=True)
    figure = page.figure(NETWORK)
    layer = figure.locator(".lf-layer")
    choose(figure, "MaxPool2D")
    cell(figure.locator(".lf-grid").nth(2), 1, 1).click()
    for name in ("Conv2D", "ReLU", "MaxPool2D"):
        choose(figure, name)
        room = layer.bounding_box()
        frame = figure.locator(".lf-selected, .lf-lit").first.bounding_box()
        assert frame["x"] >= room["x"] - 1
        assert frame["x"] + frame["width"] <= room["x"] + room["width"] + 1
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 320
