"""One capture serves many explanations, and none that it should not."""

import gc
import weakref

import pytest
import torch
from small_nets import dna
from torch import nn

import lrpgen
from lrpgen.lrp import capture, reuse


@pytest.fixture
def captures(monkeypatch):
    """Shapes captured, one for each time."""
    seen = []
    monkeypatch.setattr(reuse, "capture", lambda model, x, **kw: seen.append(x.shape) or capture(model, x, **kw))
    return seen


def net(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv1d(4, 6, 5), nn.BatchNorm1d(6), nn.ReLU(), nn.MaxPool1d(4), nn.Flatten(), nn.Linear(30, 2)
    )
    return model.double().eval()


def explained(model, **kw):
    return lrpgen.explain(model, dna(), target=0, **kw).relevance


def test_a_second_explanation_captures_nothing(captures):
    model = net()
    first = explained(model)
    assert torch.equal(first, explained(model, composite="epsilon"))
    model.train()  # a capture is made in eval mode anyway
    assert torch.equal(first, explained(model))
    assert len(captures) == 1


def half_in_place(model):
    with torch.no_grad():
        model[0].weight.mul_(0.5)


def half_through_data(model):
    model[0].weight.data.mul_(0.5)


def turned_through_data(model):
    model[0].weight.data.copy_(model[0].weight.data.flip(0).clone())  # the same values in other places


def half_of_a_buffer(model):
    model[1].running_var.mul_(0.5)


def another_parameter(model):
    model[5].weight = nn.Parameter(model[5].weight.detach() * 2)


def another_state(model):
    model.load_state_dict(net(seed=1).state_dict())


def another_module(model):
    model[2] = nn.Tanh()


def another_attribute(model):
    model[1].eps = 1.0


def a_hook(model):
    model[2].register_forward_hook(lambda module, args, output: 2 * output)


CHANGES = [
    half_in_place, half_through_data, turned_through_data, half_of_a_buffer, another_parameter, another_state,
    another_module, another_attribute, a_hook,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_model_is_noticed(change):
    model = net()
    before = explained(model)
    change(model)
    after = explained(model)
    assert not torch.equal(before, after)
    assert torch.equal(after, lrpgen.explain(capture(model, dna()), dna(), target=0).relevance)


def test_what_data_writes_to_a_weight_that_was_not_folded_is_seen_without_a_capture(captures):
    model = net()
    before = explained(model)
    model.get_parameter("5.weight").data.mul_(2.0)
    assert not torch.equal(before, explained(model))
    assert len(captures) == 1


def test_each_shape_and_type_has_its_own(captures):
    model = nn.Sequential(nn.Conv1d(4, 3, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten()).double()
    for length in (24, 32, 24, 32):
        lrpgen.explain(model, dna(length=length), target=0)
    lrpgen.explain(model.float(), dna(), target=0)
    assert [shape[-1] for shape in captures] == [24, 32, 24]


def test_a_model_is_not_kept_alive():
    model = net()
    explained(model)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
