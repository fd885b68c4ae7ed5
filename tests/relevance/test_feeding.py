"""Batches read ahead: in order, never many at a time, errors at their place, and no thread left."""

import threading
from contextlib import closing
from itertools import islice

import numpy as np
import pandas as pd
import pytest
import torch

from lrpgen.errors import InputError
from lrpgen.relevance.feeding import AHEAD, fed
from lrpgen.relevance.work import Asked

PARTS = np.split(np.arange(40), 20)


def asked(numbers):
    onehot = np.zeros((len(numbers), 4, 3), np.int8)
    return Asked(numbers, pd.DataFrame({"name": numbers}), onehot, torch.zeros(len(numbers)))


def readers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("lrpgen-read")]


def test_order_and_the_end_of_the_thread():
    names = set()

    def read(numbers):
        names.add(threading.current_thread().name)
        return asked(numbers)

    found = [batch.numbers.tolist() for batch in fed(read, PARTS)]
    assert found == [part.tolist() for part in PARTS]
    assert len(names) == 1
    assert threading.current_thread().name not in names
    assert readers() == []


def test_no_more_is_read_than_is_waited_for():
    seen = []
    with closing(fed(lambda numbers: seen.append(numbers[0]) or asked(numbers), PARTS)) as feed:
        for _ in islice(feed, 5):
            assert len(seen) <= 5 + AHEAD
    assert len(seen) <= 5 + AHEAD
    assert readers() == []


def test_an_error_comes_where_its_batch_would():
    def read(numbers):
        if 6 in numbers:
            raise InputError("w.h5 is damaged")
        return asked(numbers)

    feed = fed(read, PARTS)
    assert [batch.numbers.tolist() for batch in islice(feed, 3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(InputError, match="damaged"):
        next(feed)
    assert readers() == []
