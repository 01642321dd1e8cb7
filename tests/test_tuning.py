"""The programs of the how-to on tuning, run as they stand there."""

import re
from pathlib import Path

import keras
import pytest

import keras_acts

pytestmark = pytest.mark.usefixtures("quick_compilation")
HOWTO = Path(__file__).parents[1] / "docs" / "howto" / "tuning.md"


@pytest.fixture
def program(request, tmp_path, monkeypatch):
    """What is defined after the program below a heading has run, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    code = re.search(rf"^## {request.param}$.*?^```python\n(.*?)^```$", HOWTO.read_text("utf-8"), re.M | re.S)
    assert code
    names = {}
    exec(code[1], names)  # noqa: S102 - our own documentation
    return names


@pytest.mark.filterwarnings("ignore::DeprecationWarning:keras_tuner")  # it asks for threads by their old names
@pytest.mark.parametrize("program", ["KerasTuner"], indirect=True)
def test_keras_tuner_chooses_by_name(program):
    trials = program["tuner"].oracle.trials.values()
    assert {trial.hyperparameters.get("activation") for trial in trials} == {"relu", "prelu"}
    scores = {trial.hyperparameters.get("activation"): trial.score for trial in trials}
    assert program["best"] == max(scores, key=scores.get)
    hidden = program["build"](program["tuner"].get_best_hyperparameters()[0]).layers[0]
    expected = keras_acts.get(program["best"])
    assert type(hidden.activation) is type(expected)
    assert isinstance(expected, keras.layers.Layer) or hidden.activation is expected


@pytest.mark.parametrize("program", ["scikit-learn"], indirect=True)
def test_scikit_learn_chooses_by_name(program):
    results = program["search"].cv_results_
    tried = [each["activation"] for each in results["param_model_kwargs"]]
    assert tried == ["relu", "silu"]
    assert program["best"] == tried[results["mean_test_score"].argmax()]
    assert results["mean_test_score"].min() > 0.2  # a tenth would be chance
