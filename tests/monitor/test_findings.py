"""What the monitor says of a model that is sick: what, since when, why; and that it says nothing of a sound one."""

import keras
import numpy as np
import pytest
from keras import layers
from recounting import fit

import keras_acts
from keras_acts.monitor import DyingReLUWarning

RANDOM = np.random.default_rng(7)
X = RANDOM.normal(size=(640, 6)).astype("float32")
Y = (X @ RANDOM.normal(size=(6, 1)) + 0.1 * RANDOM.normal(size=(640, 1))).astype("float32")


def model(first=None, **settings):
    """Two hidden layers that start the same on every backend."""
    built = keras.Sequential(
        [keras.Input((6,)), layers.Dense(24, "relu", name="a"), layers.Dense(16, "relu", name="b"), layers.Dense(1)]
    )
    random = np.random.default_rng(3)
    for layer in built.layers:
        fan_in = layer.kernel.shape[0]
        layer.kernel.assign(random.normal(0, np.sqrt(2 / fan_in), layer.kernel.shape))
    if first is not None:
        first(built.layers[0])
    return built


def train(built, x=X, y=Y, optimizer=None, epochs=3, **settings):
    built.compile(optimizer or keras.optimizers.Adam(1e-3), "mse")
    monitor = keras_acts.DyingReLUMonitor(verbose=0, **settings)
    fit(built, x, monitor, y, epochs=epochs, batch_size=32)
    return monitor


def warned(*args, **settings):
    with pytest.warns(DyingReLUWarning):
        return train(*args, **settings)


def first_alarm(monitor, layer):
    return next(f for f in monitor.findings if f.is_alarm and f.layer == layer)


def test_a_sound_model_gives_no_alarm():
    monitor = train(model())
    assert not [finding for finding in monitor.findings if finding.is_alarm]


def test_a_bias_far_below_zero():
    monitor = warned(model(lambda layer: layer.bias.assign(np.full(24, -30.0))))
    finding = first_alarm(monitor, "a")
    assert (finding.kind, finding.epoch, finding.cause) == ("dead layer", 0, "bias")
    assert finding.units == tuple(range(24))
    assert "never fired" in finding.when
    assert "-30" in finding.evidence
    assert first_alarm(monitor, "b").cause == "upstream"
    assert "'a'" in first_alarm(monitor, "b").cure
    assert [f.layer for f in monitor.findings if f.kind == "silent at start"] == ["a", "b"]


def test_weights_of_zero():
    finding = first_alarm(warned(model(lambda layer: layer.kernel.assign(np.zeros((6, 24))))), "a")
    assert (finding.kind, finding.cause) == ("dead layer", "start")


def test_inputs_far_from_zero():
    finding = first_alarm(warned(model(), X + 20), "a")
    assert (finding.kind, finding.epoch, finding.cause) == ("dead units", 0, "input")
    assert "mean 20" in finding.evidence


def test_a_rate_far_too_high():
    monitor = warned(model(), optimizer=keras.optimizers.SGD(3.0, clipnorm=1.0))
    finding = next(f for f in monitor.findings if f.is_alarm)
    assert finding.cause == "rate"
    assert finding.epoch <= 1
    assert "learning rate 3" in finding.evidence
    assert finding.cure == "learning_rate=0.3 in the optimizer"
    assert "steps" in finding.when
    assert str(finding) in monitor.summary()


def test_a_layer_that_falls_silent_is_found_in_the_same_epoch():
    built = model()

    class Kill(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 4:
                self.model.get_layer("b").bias.assign(np.full(16, -50.0))

    built.compile(keras.optimizers.SGD(0.0), "mse")
    monitor = keras_acts.DyingReLUMonitor(verbose=0)
    with pytest.warns(DyingReLUWarning, match="has fired for the last 480 samples"):
        fit(built, X, [monitor, Kill()], Y, batch_size=32)
    finding = first_alarm(monitor, "b")
    assert finding.epoch == 0
    assert "of 20" in finding.when
    assert monitor.dead["b"].size == 0
    assert (monitor.units["b"].states == "suspect").all()
    np.testing.assert_allclose(monitor.units["b"].bound, 3 / 480, rtol=0.1)


def test_nan_is_told_of_once_with_the_layer_that_saw_it_first():
    x = X.copy()
    x[100, 2] = np.nan
    monitor = warned(model(), x)
    found = [f for f in monitor.findings if f.kind == "non-finite"]
    assert [(f.layer, f.epoch) for f in found] == [("a", 0)]
    assert "from step 4 of 20" in found[0].when


def test_zombies_and_missing_gradient():
    """The layer below a dead one fires, but nothing comes back to it."""
    built = model()
    built.get_layer("b").bias.assign(np.full(16, -50.0))
    monitor = warned(built, extras=["gradient"])
    states = monitor.units["a"].states
    assert np.isin(states, ("zombie", "dead", "rare")).all()
    assert (states == "zombie").sum() > 20
    finding = next(f for f in monitor.findings if f.layer == "a" and f.kind in ("zombie", "no gradient"))
    assert not finding.is_alarm


def test_saturated_hidden_layer():
    built = keras.Sequential(
        [keras.Input((6,)), layers.Dense(12, "tanh", name="a"), layers.Dense(4, "tanh", name="b"), layers.Dense(1)]
    )
    random = np.random.default_rng(0)
    built.get_layer("a").kernel.assign(30 * random.normal(size=(6, 12)))
    built.get_layer("b").kernel.assign(0.1 * random.normal(size=(12, 4)))
    monitor = train(built, extras=["saturation"], epochs=1)
    assert [f.layer for f in monitor.findings if f.kind == "saturated"] == ["a"]


def test_dormant_units_are_named_but_no_alarm():
    built = model()
    kernel, bias = built.get_layer("a").get_weights()
    kernel[:, 5] *= 1e-4
    built.get_layer("a").set_weights([kernel, bias])
    monitor = train(built, optimizer=keras.optimizers.SGD(0.0), extras=["mean"], epochs=1)
    finding = next(f for f in monitor.findings if f.kind == "dormant" and f.layer == "a")
    assert finding.units == (5,)
    assert not finding.is_alarm


def killing(*counts):
    """Of layer "a", with 24 units, as many are dead in the second epoch and so on; findings that are alarms."""
    built = model()

    class Kill(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            bias = self.model.get_layer("a").bias
            values = keras.ops.convert_to_numpy(bias).copy()
            values[: counts[min(epoch, len(counts) - 1)]] = -50
            bias.assign(values)

    built.compile(keras.optimizers.SGD(0.0), "mse")
    monitor = keras_acts.DyingReLUMonitor(verbose=0)
    fit(built, X, [monitor, Kill()], Y, epochs=len(counts) + 1)
    return monitor


def test_a_few_dead_units_are_no_alarm_and_a_rise_is():
    """2 of 24 units die, then 2 more: from 0 to 17 %."""
    with pytest.warns(DyingReLUWarning, match="units keep dying"):
        monitor = killing(0, 2, 4)
    assert [(f.kind, f.epoch) for f in monitor.findings if f.is_alarm] == [("dying", 3)]
    assert first_alarm(monitor, "a").units == (0, 1, 2, 3)


def test_what_dies_as_the_weights_leave_their_start_is_no_rise():
    """4 of 24 units die at the end of the first epoch and none later: below the share that is an alarm."""
    monitor = killing(4, 4)
    assert monitor.dead["a"].tolist() == [0, 1, 2, 3]
    assert not [f for f in monitor.findings if f.is_alarm]


def test_findings_are_told_once_and_begin_anew_with_the_next_fit():
    built = model(lambda layer: layer.bias.assign(np.full(24, -30.0)))
    monitor = warned(built)
    once = len(monitor.findings)
    with pytest.warns(DyingReLUWarning):
        fit(built, X, monitor, Y, epochs=5)
    assert len(monitor.findings) == once
