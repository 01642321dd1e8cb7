"""Every public name has an example in its docstring, and the example shows what the active backend gives."""

import doctest
import inspect
import re

import keras
import numpy as np
import pytest

import keras_acts

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.mark.parametrize("name", keras_acts.__all__)
def test_example_in_docstring(name):
    text = inspect.getdoc(getattr(keras_acts, name))
    names = {"keras": keras, "keras_acts": keras_acts, "np": np}
    example = doctest.DocTestParser().get_doctest(text or "", names, name, None, None)
    assert example.examples, f"keras_acts.{name} has no example"
    assert re.search(r"^ *Examples:$", text or "", re.MULTILINE), (
        f"{name}: the site shows `Examples:` as code, no other word"
    )
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(example, out=report.append)
    assert not report, "".join(report)
