"""Names beside points: those that fit, none on another, none dropped without need."""

from itertools import combinations

import pytest

from lrpgen.plots.labels import place_labels
from lrpgen.plots.style import new_figure, styled


@pytest.fixture
def axes():
    with styled():
        axes = new_figure(4, 3).subplots()
        axes.set(xlim=(0, 1), ylim=(0, 1))
        yield axes


def drawn(axes):
    axes.figure.draw_without_rendering()
    return [super(type(text), text).get_window_extent() for text in axes.texts]


def test_names_of_one_place_fan_out(axes):
    place_labels(axes, [(f"method {i}", 0.5, 0.5) for i in range(8)], [])
    boxes = drawn(axes)
    assert len(boxes) == 8
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    assert not any(box.contains(*axes.transData.transform((0.5, 0.5))) for box in boxes)


def test_a_name_at_the_edge_stays_inside_and_leaves_marks_free(axes):
    marks = [(0.9 - 0.02 * i, 0.97) for i in range(10)]
    place_labels(axes, [("a name of some length", 0.99, 0.99)], marks)
    (box,), frame = drawn(axes), axes.get_window_extent()
    assert frame.contains(*box.p0)
    assert frame.contains(*box.p1)
    assert box.count_contains(axes.transData.transform(marks)) == 0


def test_a_name_without_a_place_is_left_out(axes):
    place_labels(axes, [("wide " * 60, 0.5, 0.5), ("short", 0.2, 0.2)], [])
    assert [text.get_text() for text in axes.texts] == ["short"]
    place_labels(axes, [], [])
    assert len(axes.texts) == 1
