"""Every public name has an example in its docstring, and the example shows what the active backend gives."""

import doctest
import importlib
import inspect

import keras
import numpy as np
import pytest
from samples import BACKEND

import keras_acts


@pytest.fixture(scope="module", autouse=True)
def quick_compilation():
    """Each example is compiled for its own shape and runs once, so optimising it would be most of the time."""
    if BACKEND != "jax":
        yield
        return
    config = importlib.import_module("jax").config
    config.update("jax_disable_most_optimizations", True)
    yield
    config.update("jax_disable_most_optimizations", False)


@pytest.mark.parametrize("name", keras_acts.__all__)
def test_example_in_docstring(name):
    text = inspect.getdoc(getattr(keras_acts, name))
    names = {"keras": keras, "keras_acts": keras_acts, "np": np}
    example = doctest.DocTestParser().get_doctest(text or "", names, name, None, None)
    assert example.examples, f"keras_acts.{name} has no example"
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(example, out=report.append)
    assert not report, "".join(report)
