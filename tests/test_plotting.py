"""The book's figure style: legible on its panel, in gray, and for color-blind readers."""

import itertools

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")

import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb

from tinycnn_lib import plotting
from tinycnn_lib.plotting import (
    BLUE,
    DIVERGING,
    INK,
    MUTED,
    ORANGE,
    PANEL,
    SERIES,
    circle_cells,
    outline,
    show_image,
    show_map,
    show_windows,
    use_book_style,
    write_values,
)


@pytest.fixture
def ax():
    with mpl.rc_context():
        use_book_style()
        figure, axes = plt.subplots()
        yield axes
        plt.close(figure)


def linear(color):
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    """WCAG 2.2 contrast ratio."""
    low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("color", [INK, MUTED, *SERIES])
def test_text_and_line_colors_stand_out_on_the_panel(color):
    assert contrast(color, PANEL) >= 4.5


# Viénot, Brettel & Mollon 1999: what a reader without red or green cones sees, in linear RGB.
DICHROMACY = {
    "protan": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    "deutan": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
}


@pytest.mark.parametrize("kind", DICHROMACY)
def test_negative_and_positive_stay_apart_for_color_blind_readers(kind):
    blue, orange = (np.array(DICHROMACY[kind]) @ linear(c) for c in (BLUE, ORANGE))
    assert np.linalg.norm(blue - orange) > 0.25


def test_series_differ_by_more_than_color(ax):
    lines = [ax.plot([0, 1], [n, n])[0] for n in range(len(SERIES))]
    for a, b in itertools.combinations(lines, 2):
        assert a.get_color() != b.get_color()
        assert a.get_linestyle() != b.get_linestyle()


def test_a_map_is_symmetric_about_zero(ax):
    drawn = show_map(ax, [[-3.0, 1.0], [0.0, 2.0]], title="map")
    assert drawn.get_clim() == (-3.0, 3.0)
    np.testing.assert_allclose(DIVERGING(drawn.norm(0.0))[:3], to_rgb(PANEL), atol=0.01)
    np.testing.assert_allclose(DIVERGING(drawn.norm(-3.0))[:3], to_rgb(BLUE))
    np.testing.assert_allclose(DIVERGING(drawn.norm(3.0))[:3], to_rgb(ORANGE))
    assert ax.get_title() == "map"
    assert show_map(ax, [[1.0]], limit=4).get_clim() == (-4, 4)


def test_a_map_of_zeros_is_drawn_in_the_middle_of_the_scale(ax):
    drawn = show_map(ax, np.zeros((2, 2)))
    assert drawn.norm(0.0) == 0.5


def test_an_image_runs_from_black_to_white_with_row_0_on_top(ax):
    drawn = show_image(ax, [[0.0, 1.0], [0.5, 0.5], [0.0, 0.0]])
    assert drawn.get_clim() == (0.0, 1.0)
    assert drawn.cmap(0.0)[:3] == (0, 0, 0)
    assert drawn.cmap(1.0)[:3] == (1, 1, 1)
    bottom, top = ax.get_ylim()
    assert bottom > top
    assert not len(ax.get_xticks())


@pytest.mark.parametrize("value", np.linspace(0, 1, 11))
def test_a_written_number_is_legible_on_every_gray(ax, value):
    drawn = show_image(ax, [[value]])
    write_values(ax, [[value]])
    (text,) = ax.texts
    assert contrast(text.get_color(), drawn.cmap(drawn.norm(value))) >= 4.5 or 0.4 <= value <= 0.6
    assert contrast(text.get_color(), drawn.cmap(drawn.norm(value))) >= 3.5


def test_written_numbers_stand_in_their_cells_with_a_real_minus(ax):
    values = np.array([[1.0, -2.0, 3.0], [-0.01, 0.5, -0.25]])
    write_values(ax, values, form="{:.1f}")
    found = {t.get_position(): t.get_text() for t in ax.texts}
    assert found[(1, 0)] == "\N{MINUS SIGN}2.0"
    assert found[(2, 0)] == "3.0"
    assert found[(0, 1)] == "0.0"
    assert len(found) == 6


def test_windows_cover_only_what_pooling_keeps(ax):
    show_windows(ax, (5, 7), 2)
    corners = sorted((p.get_y(), p.get_x()) for p in ax.patches)
    assert corners == [(r - 0.5, c - 0.5) for r in (0, 2) for c in (0, 2, 4)]
    assert {(p.get_height(), p.get_width()) for p in ax.patches} == {(2, 2)}


def test_an_outline_frames_whole_cells(ax):
    outline(ax, 1, 2, height=3, width=4)
    (frame,) = ax.patches
    assert frame.get_xy() == (1.5, 0.5)
    assert (frame.get_height(), frame.get_width()) == (3, 4)


def test_rings_mark_the_cells_of_a_mask(ax):
    circle_cells(ax, [[0, 1.0], [0, 0], [1.0, 0]])
    assert {tuple(p.center) for p in ax.patches} == {(1, 0), (0, 2)}


def test_the_module_draws_nothing_when_imported():
    assert not plt.get_fignums()
    assert callable(plotting.use_book_style)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_dark_text_is_legible_on_every_cell_of_a_sequential_map(value):
    assert contrast(INK, plotting.SEQUENTIAL(value)) >= 4.5
