"""Every public name has an example in its docstring, and each example shows what the active backend gives."""

import doctest
import inspect
import re

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import monitor, study

pytestmark = pytest.mark.usefixtures("quick_compilation")

NAMES = {"keras": keras, "keras_acts": keras_acts, "np": np}


def methods_and_helpers():
    """Examples of methods, and of classes that only a subpackage exports."""
    owners = {getattr(package, name) for package in (keras_acts, monitor, study) for name in package.__all__}
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for owner in owners if inspect.isclass(owner) for test in finder.find(owner, globs=dict(NAMES))]
    return sorted(
        (test for test in found if test.examples and test.name not in keras_acts.__all__), key=lambda t: t.name
    )


def run(example):
    report = []
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    doctest.DocTestRunner(verbose=False, optionflags=flags).run(example, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("name", keras_acts.__all__)
def test_example_in_docstring(name):
    text = inspect.getdoc(getattr(keras_acts, name)) or ""
    example = doctest.DocTestParser().get_doctest(text, dict(NAMES), name, None, None)
    assert example.examples, f"keras_acts.{name} has no example"
    assert re.search(r"^ *Examples:$", text, re.MULTILINE), f"{name}: the site shows `Examples:` as code, no other word"
    run(example)


@pytest.mark.parametrize("example", methods_and_helpers(), ids=lambda test: test.name)
def test_example_of_a_method(example):
    run(example)
