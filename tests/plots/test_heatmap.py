"""Sites of a class: aligned where they should be, in the order that was asked for, zero in the middle of the colours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lrpgen.errors import InputError
from lrpgen.plots.heatmap import full_colour, heatmap_figure
from lrpgen.plots.sites import boundaries, clustered, read_sites
from lrpgen.sequences.splice import KINDS, Frame, position_of_g


def test_sites_are_cut_around_the_boundary_of_either_strand(store):
    sites = read_sites(store, "donor", align="boundary", flank=3, sort="position")
    # Site 0: its G at 50 is base 10 of the window from 40. Site 1: the G at 54, read from 64 down, is base 10 too.
    assert sites.origin == 3
    assert sites.values[0].tolist() == pytest.approx([0.07, 0.08, 0.09, 0.10, 0.11, 0.12])
    assert sites.values[1].tolist() == pytest.approx([1.07, 1.08, 1.09, 1.10, 1.11, 1.12])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strand", ["+", "-"])
def test_boundaries_are_where_windows_were_cut(kind, strand):
    frame = Frame.of(exon=3, intron=17)
    start = int(frame.start(kind, np.array([100]), strand == "-")[0])
    name = f"{kind}:chr1:a:{position_of_g(kind, 100, strand)}:{strand}"  # contigs may hold colons
    regions = pd.DataFrame({"name": [name, "decoy-GT:chr1:5:+"], "start": start, "end": start + 20})
    assert boundaries(regions).tolist() == [frame.before[kind], -1]


def test_orders(store):
    assert read_sites(store, "donor", sort="output").output.tolist() == [3.0, 1.0]
    assert read_sites(store, "donor", sort="position").output.tolist() == [1.0, 3.0]
    rows = np.array([[1.0, 0, 0], [0, 0, 5], [9, 0, 0], [0, 0, 0.1]])
    order = clustered(rows).tolist()
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}


def test_a_draw_of_sites_says_so_and_repeats(store):
    sites = read_sites(store, "donor", most=1, seed=3)
    assert (len(sites.values), sites.found) == (1, 2)
    assert (sites.values == read_sites(store, "donor", most=1, seed=3).values).all()
    labels = [ax.get_ylabel() for ax in heatmap_figure(sites).axes]
    assert "1 of 2 sites" in labels


def test_colours_are_even_around_zero_and_leave_outliers_out():
    values = np.concatenate([np.zeros(1000), np.full(199, -1.0), [100.0]])
    assert full_colour(values) == 1.0
    assert full_colour(np.zeros(5)) == 1.0


def test_the_image_has_zero_in_the_middle(store):
    figure = heatmap_figure(read_sites(store, "donor"), title="relevance of donor")
    (image,) = [image for ax in figure.axes for image in ax.get_images()]
    low, high = image.get_clim()
    assert low == -high
    assert image.get_cmap()(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.01)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"target": "enhancer"}, "no class 'enhancer'"),
        (
            {"target": "decoy", "align": "boundary"},
            "1 of 1 windows, such as 'decoy-GT:chr1:110:\\+', are no splice sites",
        ),
        ({"target": "donor", "align": "left"}, "choose one of middle, boundary"),
        ({"target": "donor", "sort": "size"}, "choose one of output, cluster, position"),
    ],
)
def test_what_cannot_be_drawn(store, asked, words):
    with pytest.raises(InputError, match=words):
        read_sites(store, **asked)
