"""What people do with an object of Keras, done with one activation of each kind.

The abstract layers hold what counts here; `docs/elsewhere/make_lifecycle.py` does it with every activation.
"""

import pytest
from lifecycle import FORMS, OPERATIONS, TOLERANCES, Subject
from samples import ONE_OF_EACH_KIND

from keras_acts._bases import Reshaping

pytestmark = [
    pytest.mark.usefixtures("quick_compilation"),
    pytest.mark.filterwarnings("default"),  # Keras says that activations have nothing to quantise
]
# A function in a graph is the layer, and inside Dense only an activation with weights of its own is something else.
SUBJECTS = [Subject(facts.name, "layer") for facts in ONE_OF_EACH_KIND]
SUBJECTS += [Subject("leaky_relu", form) for form in FORMS[:2]] + [Subject("prelu", FORMS[0])]


@pytest.mark.parametrize("name", OPERATIONS)
def test_it_computes_the_same_afterwards(name):
    outcomes = dict(OPERATIONS[name](SUBJECTS))
    assert outcomes.keys() == set(SUBJECTS)
    wrong = {s: off for s, off in outcomes.items() if isinstance(off, Exception) or not off <= TOLERANCES[name]}
    assert not wrong


@pytest.mark.parametrize("facts", ONE_OF_EACH_KIND, ids=lambda facts: facts.name)
def test_a_form_that_would_lose_something_is_refused_with_advice(facts):
    if issubclass(facts.layer, Reshaping):
        with pytest.raises(ValueError, match=rf"add `keras_acts.{facts.layer.__name__}\(\)` after it"):
            Subject(facts.name, FORMS[0]).made()
    if facts.holds == "weights":
        with pytest.raises(TypeError, match=rf"use `keras_acts.{facts.layer.__name__}\(\)`, which holds and trains"):
            Subject(facts.name, FORMS[1]).made()
