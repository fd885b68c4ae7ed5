"""f(x) = f(reverse complement of x), bit for bit, wherever weights are shared between the strands."""

import pytest
import torch
from torch import nn
from zoo_nets import SMALL, counts, dna, small

import lrpgen
from lrpgen.errors import InputError
from lrpgen.models.zoo.strands import BothStrands, joined


def reverse_complement(x):
    """By letters, not by flips: A C G T pair with T G C A."""
    pairs = {"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}
    texts = ["".join(pairs[base] for base in reversed(text)) for text in lrpgen.decode(x.to(torch.int8))]
    return lrpgen.encode(texts).to(x.dtype)


@pytest.mark.parametrize("first_activation", ["relu", "exp"])
@pytest.mark.parametrize("name", SMALL)
def test_both_strands_give_the_same_output_exactly(name, first_activation):
    net, x = small(name, rc="share", first_activation=first_activation), dna(name, 4)
    here, there = net(x), net(reverse_complement(x))
    assert torch.equal(counts(here), counts(there))
    assert counts(here).std(0).min() > 0
    if name == "bpnet":
        turned = here["profile"].reshape(4, 3, 2, -1).flip(2, 3).reshape(here["profile"].shape)
        assert torch.equal(there["profile"], turned)
        assert not torch.equal(there["profile"], here["profile"])


@pytest.mark.parametrize("name", SMALL)
def test_without_sharing_the_strands_differ(name):
    net, x = small(name, rc="none"), dna(name, 4)
    assert not torch.allclose(counts(net(x)), counts(net(reverse_complement(x))), rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in SMALL if name != "deepac-rapid"])
def test_the_wrapper_adds_no_weights_and_averages(name):
    plain, shared, x = small(name), small(name, rc="share"), dna(name)
    assert {f"net.{key}" for key in plain.state_dict()} == set(shared.state_dict())
    shared.net.load_state_dict(plain.state_dict())
    mean = (counts(plain(x)) + counts(plain(reverse_complement(x)))) / 2
    torch.testing.assert_close(counts(shared(x)), mean)


def test_a_short_profile_by_hand():
    """One count, two strands, three positions: plus 1 2 3 and minus 4 5 6 read on the other strand as 6 5 4 and 3 2 1."""
    profile = torch.tensor([[[1.0, 2, 3], [4, 5, 6]]])
    net = small("bpnet")
    net.tracks = (1, 2)
    turned = net.turned({"profile": profile, "counts": torch.tensor([[7.0]])})
    assert turned["profile"].tolist() == [[[6, 5, 4], [3, 2, 1]]]
    assert turned["counts"].tolist() == [[7]]


def test_joined_strands_by_hand():
    """What one strand sees, turned round on both axes, is what the other sees."""
    forward, reverse = torch.tensor([[[1.0, 2], [3, 4]]]), torch.tensor([[[5.0, 6], [7, 8]]])
    first, second = joined(forward, reverse)
    assert first.tolist() == [[[1, 2], [3, 4], [8, 7], [6, 5]]]
    assert torch.equal(first.flip(1, 2), second)


@pytest.mark.parametrize("name", SMALL)
def test_the_strands_keep_agreeing_while_it_trains(name):
    """Gradients flow through both strands; the property is of the structure, not of the initial weights."""
    net, x = small(name, rc="share"), dna(name, 6)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    net.train()
    for _ in range(2):
        optimizer.zero_grad()
        counts(net(x)).square().sum().backward()
        optimizer.step()
    net.eval()
    assert torch.equal(counts(net(x)), counts(net(reverse_complement(x))))


class Pair(nn.Module):
    def forward(self, x):
        return x.mean(2), x.amax(2)


def test_what_cannot_be_averaged_is_an_error():
    with pytest.raises(InputError, match="cannot average what Pair returns"):
        BothStrands(Pair())(torch.zeros(1, 4, 5))
