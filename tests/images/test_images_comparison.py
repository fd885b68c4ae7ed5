"""Comparisons of methods on images: pixel flipping by hand, and no DNA in it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lrpgen.errors import InputError
from lrpgen.evaluate import faithfulness
from lrpgen.evaluate.comparison import RANDOM, Comparison, Setting


class Weighted(nn.Module):
    """Output 0 is the sum of the four pixels of a 2 x 2 image by weights 4, 3, 2, 1."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2, bias=False)
        with torch.no_grad():
            self.layer.weight.copy_(torch.tensor([[4.0, 3, 2, 1], [0, 0, 0, 0]]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x.flatten(1))


IMAGES = np.array([[[[1.0, 1], [1, -3]]]] * 2, dtype=np.float32)  # mean 0
MASK = np.array([[[True, True], [False, False]]] * 2)


def test_pixel_flipping_by_hand():
    """Relevance 4, 3, 2, -3, the mean colour is 0: scores 6, 2, -1, -3, 0 as the most relevant go first."""
    relevance = np.array([[[4.0, 3], [2, -3]]] * 2)
    predict = lambda x: (x.reshape(len(x), 4) * [4, 3, 2, 1]).sum(1)  # noqa: E731
    replacement = faithfulness.mean_colours(IMAGES, 1)
    deleted = faithfulness.deletion(predict, IMAGES, relevance, replacement, steps=4)
    np.testing.assert_allclose(deleted.score, [[6, 2, -1, -3, 0]] * 2)
    inserted = faithfulness.insertion(predict, IMAGES, relevance, replacement, steps=4)
    np.testing.assert_allclose(inserted.score, [[0, 4, 7, 9, 6]] * 2)
    assert faithfulness.aopc(deleted) == pytest.approx([(0 + 4 + 7 + 9 + 6) / 5] * 2)


def test_blur_keeps_a_constant_image_and_spreads_a_point():
    constant = np.full((1, 3, 20, 30), 0.7, dtype=np.float32)
    np.testing.assert_allclose(faithfulness.blurred(constant, 2)[:, 1], constant, rtol=1e-5)
    point = np.zeros((1, 1, 21, 21), dtype=np.float32)
    point[0, 0, 10, 10] = 1
    soft = faithfulness.blurred(point, 1)[0, 0, 0]
    assert soft.sum() == pytest.approx(1, rel=1e-3)
    assert soft.argmax() == 10 * 21 + 10
    assert soft.max() < 0.1


def test_a_comparison_of_images_has_the_measures_of_images():
    setting = Setting(draws=1, steps=4, checks=0)
    methods = ["epsilon", "plrp-lambda:0.5:epsilon"]
    rows = {
        r.method.text: r for r in Comparison(Weighted(), IMAGES, torch.tensor([0, 0]), MASK, (), setting).rows(methods)
    }
    assert list(rows) == [RANDOM, *methods]
    values = {name: found[0] for name, found in rows["epsilon"].values.items()}
    assert values["rma"] == pytest.approx(7 / 9)
    assert (values["rra"], values["pointing"], values["zeros"]) == (1, 1, 0)
    assert values["aopc_mean"] == pytest.approx(26 / 5)
    assert not {"ism", "aopc_shuffles", "reverse_complement"} & set(values)
    for control in rows[methods[1]].controls.values():  # the layer reads the input, which is not pruned
        np.testing.assert_allclose(control["rma"], [7 / 9] * 2, rtol=1e-5)


def test_relevance_of_another_shape_is_refused():
    with pytest.raises(InputError, match=r"\(N, H, W\) for images"):
        faithfulness.deletion(lambda x: x.sum((1, 2, 3)), IMAGES, np.ones((2, 4)), faithfulness.mean_colours(IMAGES))
