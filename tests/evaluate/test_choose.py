"""The choice of p: the criterion by hand on AOPCs, and networks where the right share can be argued."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from torch import nn

from lrpgen.errors import InputError
from lrpgen.evaluate.choose import choose_prune, decide
from lrpgen.evaluate.methods import SHARES

WIDTH = 24
NAN = float("nan")


def constant(*values):
    """AOPCs of twenty inputs that agree, so that an interval is its mean."""
    return tuple(np.full(20, value) for value in values)


def failures(choice):
    return {row["share"]: row["failed"] for row in choice.tried}


def test_the_criterion_by_hand():
    tried = {
        0.1: constant(9.6, 9.6),  # 4 % less than the base, equal to the control
        0.25: constant(9.4, 9.0),  # 6 % less
        0.5: constant(9.9, 9.8),
        0.75: constant(9.7, 9.8),  # 3 % less, but the base cut at the input does better
        0.9: constant(7.0, 8.0),
    }
    choice = decide(*constant(10.0), tried)
    assert failures(choice) == {0.1: [], 0.25: ["base"], 0.5: [], 0.75: ["control"], 0.9: ["base", "control"]}
    assert choice.share == 0.5  # the largest that passes, though a smaller one did not
    assert choice.base["mean"] == 10
    row = choice.tried[0]
    assert (row["aopc"], row["control_aopc"]) == pytest.approx((9.6, 9.6))
    assert row["to_base"]["interval"] == pytest.approx([-0.4, -0.4])
    assert json.loads(json.dumps(asdict(choice))) == asdict(choice)


def test_no_pruning_where_no_share_passes():
    assert decide(*constant(10.0), {0.05: constant(9.0, 9.0), 0.9: constant(8.0, 8.0)}).share == 0


def test_a_base_map_that_explains_nothing_leaves_nothing_to_lose():
    assert decide(*constant(0.0), {0.5: constant(0.0, 0.0)}).share == 0
    assert decide(*constant(-10.0), {0.25: constant(-9.4, -9.4), 0.5: constant(-9.6, -9.6)}).share == 0.25


def test_conditions_are_of_the_intervals_not_of_the_means():
    base = np.full(20, 10.0)
    noise = np.tile([-2.0, 2.0], 10)
    assert failures(decide(base, {0.5: (base - 0.1 + noise, base - 0.1 + noise)})) == {0.5: ["base"]}  # may lose 5 %
    assert failures(decide(base, {0.5: (base, base + 0.1 + noise)})) == {0.5: []}  # not known to be worse


def test_inputs_without_a_control_are_left_out_of_that_pair():
    base, (pruned, control) = np.full(20, 10.0), constant(10.0, 10.0)
    control[:15] = NAN
    choice = decide(base, {0.5: (pruned, control)})
    assert (choice.share, choice.tried[0]["to_control"]["inputs"], choice.tried[0]["to_base"]["inputs"]) == (0.5, 5, 20)
    control[:] = NAN
    assert failures(decide(base, {0.5: (pruned, control)})) == {0.5: ["control"]}
    assert decide(control, {0.5: (control, control)}).share == 0


class Additive(nn.Module):
    """One hidden unit per position, 1 where an A stands there, and one that counts all bases, which is WIDTH always. The
    first output adds them up by their weights; the second is 0."""

    def __init__(self, weights, everywhere=0.0):
        super().__init__()
        self.conv = nn.Conv1d(4, WIDTH + 1, WIDTH, bias=False)
        self.conv.weight.data.zero_()
        for place in range(WIDTH):
            self.conv.weight.data[place, 0, place] = 1
        self.conv.weight.data[WIDTH] = 1
        self.head = nn.Linear(WIDTH + 1, 2, bias=False)
        self.head.weight.data = torch.tensor([[*weights, everywhere], [0.0] * (WIDTH + 1)])

    def forward(self, x):
        return self.head(self.conv(x).relu().flatten(1))


def sequences(count=60):
    """Random bases, half of them A."""
    drawn = np.random.default_rng(3).choice(4, (count, WIDTH), p=[0.5, 0.2, 0.2, 0.1])
    return np.eye(4, dtype=np.int8)[drawn].transpose(0, 2, 1).copy()


RISING = [float(weight) for weight in range(1, WIDTH + 1)]
TWO = [5, 17]


def test_where_pruning_is_cutting_only_faithfulness_decides():
    """Of a sum over positions pruning keeps the largest terms, as the control does: the two never differ, and the more is
    dropped, the more is lost."""
    choice = choose_prune(Additive(RISING), sequences(), 0)
    aopc = [choice.base["mean"], *(row["aopc"] for row in choice.tried)]
    assert [row["share"] for row in choice.tried] == list(SHARES)
    assert aopc == sorted(aopc, reverse=True)
    assert all(row["to_control"]["interval"] == [0, 0] for row in choice.tried)
    assert all(row["failed"] == ["base"] for row in choice.tried)
    assert choice.share == 0


def test_the_largest_share_that_spares_what_the_output_depends_on():
    """Two terms of 50 beside small ones: half of the mass holds the small ones and not yet one of the two; 75 % does."""
    onehot = sequences()
    onehot[:, :, TWO] = np.eye(4)[0][:, None]
    weights = np.full(WIDTH, 0.05)
    weights[TWO] = 50
    choice = choose_prune(Additive(weights.tolist()), onehot, 0)
    assert choice.share == 0.5
    assert {share for share, failed in failures(choice).items() if failed} == {0.75, 0.9}


def test_no_pruning_where_it_drops_all_that_the_output_depends_on():
    """The unit that is the same for all inputs has 99 % of the mass; what varies lies within the first 5 %."""
    net = Additive(RISING, everywhere=100 * sum(RISING) / WIDTH)
    choice = choose_prune(net, sequences(), 0)
    assert choice.share == 0
    assert all(row["failed"] == ["base", "control"] for row in choice.tried)
    assert choice.base["mean"] > 10 * max(row["aopc"] for row in choice.tried)


def test_members_outputs_and_the_users_model():
    onehot, net = sequences(12), Additive(RISING).train()
    options = {"shares": (0.05, 0.5), "seed": 4}
    one = choose_prune(net, onehot, 0, **options)
    assert net.training
    assert choose_prune([net, Additive(RISING)], onehot, np.zeros(12, dtype=int), **options, batch_size=5) == one
    mixed = choose_prune(net, onehot, np.array([0, 1] * 6), **options)
    assert mixed.base["mean"] < one.base["mean"]  # the second output is 0 whatever is deleted
    assert choose_prune(net, onehot, 0, shares=(0.5,), negative=0.5).tried[0]["share"] == 0.5


@pytest.mark.parametrize(
    ("inputs", "options", "words"),
    [
        (1, {}, "p cannot be chosen on 1 input"),
        (3, {"shares": (2,)}, "outside 0..1"),
        (3, {"redistribute": "x"}, "choose lambda or matrix"),
        (3, {"redistribute": "matrix", "composite": "epsilon_plus"}, "matrix redistribution is defined for"),
    ],
)
def test_bad_input(inputs, options, words):
    with pytest.raises(InputError, match=words):
        choose_prune(Additive(RISING), sequences(inputs), 0, **options)
