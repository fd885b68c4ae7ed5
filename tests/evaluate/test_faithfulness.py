"""Faithfulness on models whose right order is known: sums of one weight per base and position."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from lrpgen.errors import InputError
from lrpgen.evaluate import faithfulness
from lrpgen.evaluate.faithfulness import aopc, area, deletion, insertion, mutagenesis, rank_correlation, shuffles, zeros


def linear(weights):
    return lambda onehot: (onehot * weights).sum(axis=(1, 2))


def spearman(a, b):
    found: Any = stats.spearmanr(a, b)
    return found.statistic


def hand():
    """Four As that contribute 4, 3, 2, 1; all else contributes nothing."""
    onehot, weights = np.zeros((1, 4, 4), dtype=np.int8), np.zeros((4, 4))
    onehot[:, 0], weights[0] = 1, [4, 3, 2, 1]
    return onehot, linear(weights)


def drawn(count=6, width=40, seed=1):
    """Random sequences (N, 4, L), a linear model and the contributions (N, L) that the right order has."""
    rng = np.random.default_rng(seed)
    onehot = np.eye(4, dtype=np.int8)[rng.integers(4, size=(count, width))].transpose(0, 2, 1)
    weights = rng.normal(size=(4, width))
    return onehot, weights, (onehot * weights).sum(axis=1)


def test_curves_by_hand():
    onehot, predict = hand()
    right = [[4.0, 3.0, 2.0, 1.0]]
    deleted = deletion(predict, onehot, right, zeros(onehot), steps=4)
    inserted = insertion(predict, onehot, right, zeros(onehot), steps=4)
    assert deleted.share.tolist() == [0, 0.25, 0.5, 0.75, 1]
    np.testing.assert_allclose(deleted.score, [[10, 6, 3, 1, 0]])
    np.testing.assert_allclose(inserted.score, [[0, 4, 7, 9, 10]])
    assert aopc(deleted).item() == pytest.approx((0 + 4 + 7 + 9 + 10) / 5)
    assert area(deleted).item() == pytest.approx(3.75)
    assert area(inserted).item() == pytest.approx(6.25)
    wrong = deletion(predict, onehot, [[1.0, 2.0, 3.0, 4.0]], zeros(onehot), steps=4)
    np.testing.assert_allclose(wrong.score, [[10, 9, 7, 4, 0]])


def test_a_sparse_map_is_a_random_order_once_its_positions_are_spent():
    onehot, predict = hand()
    found = deletion(predict, onehot, [[1.0, 0.0, 0.0, 0.0]], zeros(onehot, draws=500), steps=4).score[0]
    np.testing.assert_allclose(found[[0, 1, 4]], [10, 6, 0])
    assert found[2:4] == pytest.approx([4, 2], abs=0.15)  # the rest, 3 2 1, in the mean over its orders


def test_negative_relevance_is_deleted_last():
    onehot, predict = hand()
    found = deletion(predict, onehot, [[-4.0, 0.0, 0.5, 1.0]], zeros(onehot, draws=1), steps=4)
    np.testing.assert_allclose(found.score, [[10, 9, 7, 4, 0]])


@pytest.mark.parametrize("made", [zeros, shuffles])
def test_on_a_linear_model_deletion_and_insertion_add_up_and_the_right_order_is_best(made):
    onehot, weights, contribution = drawn()
    predict, replacement = linear(weights), made(onehot, 3)
    deleted = deletion(predict, onehot, contribution, replacement)
    inserted = insertion(predict, onehot, contribution, replacement)
    whole, gone = predict(onehot), np.mean([predict(replacement[:, draw]) for draw in range(3)], axis=0)
    np.testing.assert_allclose(deleted.score + inserted.score, np.tile((whole + gone)[:, None], 21), atol=1e-4)
    np.testing.assert_allclose(deleted.score[:, [0, -1]], np.stack([whole, gone], axis=1), atol=1e-4)
    chance = np.random.default_rng(2).normal(size=contribution.shape)
    assert (aopc(deleted) > aopc(deletion(predict, onehot, chance, replacement))).all()
    assert (area(inserted) > area(insertion(predict, onehot, chance, replacement))).all()
    if made is zeros:  # what is lost is then the contribution itself, so that no order is better at any step
        assert (deleted.score <= deletion(predict, onehot, chance, replacement).score + 1e-4).all()


def test_seeds_decide():
    onehot, weights, _ = drawn(count=2)
    tied = np.zeros((2, 40))
    first, again, other = (
        deletion(linear(weights), onehot, tied, zeros(onehot), seed=seed).score for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_shuffles_keep_composition():
    onehot, _, _ = drawn(count=2)
    made = shuffles(onehot, 3)
    assert made.shape == (2, 3, 4, 40)
    assert (made.sum(axis=3) == onehot.sum(axis=2)[:, None]).all()


class Linear(torch.nn.Module):
    """Two outputs; the second is the one asked for."""

    def __init__(self, weights):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.from_numpy(weights).float())

    def forward(self, x):
        score = (x * self.weight).sum(dim=(1, 2))
        return torch.stack([torch.zeros_like(score), score], dim=1)


def test_mutagenesis_of_a_linear_model_is_the_weight_less_its_mean():
    onehot, weights, contribution = drawn(count=3, width=12)
    onehot = onehot.copy()
    onehot[0, :, 5] = 0  # N
    found = mutagenesis(Linear(weights), onehot, output=1)
    expected = contribution - weights.mean(axis=0)
    expected[0, 5] = 0
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert not mutagenesis(Linear(weights), onehot, output=0).any()


def test_mutagenesis_of_a_network_is_what_every_single_change_says():
    torch.manual_seed(1)
    network = torch.nn.Sequential(
        torch.nn.Conv1d(4, 6, 5), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Dropout(0.5), torch.nn.Linear(6 * 8, 3)
    ).train()
    onehot, _, _ = drawn(count=2, width=12)
    found = mutagenesis(network, onehot, output=2)
    assert network.training  # and yet no dropout above
    network.eval()
    for row in range(2):
        for position in range(12):
            changed = np.repeat(onehot[row : row + 1], 4, axis=0).astype(np.float32)
            changed[:, :, position] = np.eye(4)
            score = network(torch.from_numpy(changed))[:, 2].detach().numpy()
            present = onehot[row, :, position].argmax()
            assert found[row, position] == pytest.approx(score[present] - score.mean(), abs=1e-5)


def test_rank_correlation_by_hand():
    reference = [[1.0, 2.0, 3.0, 4.0]]
    assert rank_correlation([[2.0, 4.0, 6.0, 8.0]], reference).item() == pytest.approx(1)
    assert rank_correlation([[0.0, -1.0, -2.0, -3.0]], reference).item() == pytest.approx(-1)
    sparse = np.array([[0.0, 0.0, 0.0, 5.0]])
    assert rank_correlation(sparse, reference).item() == pytest.approx(3 / np.sqrt(15))  # ranks 2 2 2 4
    assert np.isnan(rank_correlation(sparse, reference, where=sparse != 0)).all()  # one position says no order


def test_zeros_cost_a_sparse_map_nothing_among_what_it_keeps():
    reference = np.random.default_rng(1).normal(size=(5, 30))
    sparse = np.where(reference > 0, reference, 0)
    among = rank_correlation(sparse, reference, where=sparse != 0)
    np.testing.assert_allclose(among, 1)
    assert (rank_correlation(sparse, reference) < 0.99).all()


def test_rank_correlation_is_scipys():
    rng = np.random.default_rng(3)
    a, b, where = rng.integers(-2, 3, size=(8, 20)), rng.normal(size=(8, 20)), rng.random((8, 20)) < 0.6
    for row, found in enumerate(rank_correlation(a, b)):
        assert found == pytest.approx(spearman(a[row], b[row]))
    for row, found in enumerate(rank_correlation(a, b, where)):
        assert found == pytest.approx(spearman(a[row, where[row]], b[row, where[row]]))


def test_rank_correlation_without_an_order_is_nan():
    a = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0], [np.nan, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    b = np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0], [1.0, 2.0, 3.0], [1.0, np.inf, 3.0], [1.0, 2.0, 3.0]])
    assert np.isnan(rank_correlation(a, b)).tolist() == [True, True, True, True, False]
    assert np.isnan(rank_correlation(a[:, 1:], b[:, 1:])).all()  # of two positions it could only be 1 or -1


def test_inputs_that_cannot_be_used():
    onehot, predict = hand()
    r, replacement = np.ones((1, 4)), zeros(onehot)
    with pytest.raises(InputError, match="does not fit inputs"):
        deletion(predict, onehot, np.ones((1, 5)), replacement)
    with pytest.raises(InputError, match=r"give \(N, draws, ..."):
        deletion(predict, onehot, r, onehot)
    with pytest.raises(InputError, match="input 0 has a NaN"):
        insertion(predict, onehot, np.full((1, 4), np.nan), replacement)
    with pytest.raises(InputError, match="at least one"):
        insertion(predict, onehot, r, replacement, steps=0)
    with pytest.raises(InputError, match="one score per input"):
        deletion(lambda x: x, onehot, r, replacement)
    with pytest.raises(InputError, match="relevance and reference"):
        faithfulness.rank_correlation(r, np.ones((1, 3)))
