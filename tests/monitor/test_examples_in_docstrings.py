"""The examples of what only the monitor's own module exports, and of its methods."""

import doctest

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import monitor

OWNERS = [monitor.History, monitor.DyingReLUMonitor.watch]


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.__name__)
def test_example(owner):
    names = {"keras": keras, "keras_acts": keras_acts, "np": np}
    example = doctest.DocTestParser().get_doctest(owner.__doc__, names, owner.__name__, None, None)
    assert example.examples
    report = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example, out=report.append)
    assert not report, "".join(report)
