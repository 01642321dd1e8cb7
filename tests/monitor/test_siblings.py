"""The small callbacks: what they count, when they warn, and that one step serves them all."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers
from recounting import check, fit, quiet, still

import keras_acts
from keras_acts.monitor import MonitorWarning

pytestmark = pytest.mark.usefixtures("quick_compilation")
X = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
Y = np.ones((64, 1), "float32")


def mlp(activation="relu", depth=2, width=8):
    hidden = [layers.Dense(width, activation, name=f"hidden_{n}") for n in range(depth)]
    model = keras.Sequential([keras.Input((6,)), *hidden, layers.Dense(1, name="last")])
    random = np.random.default_rng(3)
    for layer in model.layers:
        layer.kernel.assign(random.normal(0, np.sqrt(2 / layer.kernel.shape[0]), layer.kernel.shape))
    return model


def test_gradient_norms_are_those_of_a_recount():
    """The gradient of the mean squared error, worked out by NumPy, and the mean of its squares over the steps."""
    model = still(mlp(depth=1))
    flow = keras_acts.GradientFlow()
    history = fit(model, X, flow, Y, batch_size=16)
    (w1, b1), (w2, b2) = (layer.get_weights() for layer in model.layers)
    squares = {"hidden_0": [], "last": []}
    for x, y in zip(np.split(X, 4), np.split(Y, 4), strict=True):
        z = x @ w1 + b1
        h = np.maximum(z, 0)
        error = 2 * (h @ w2 + b2 - y) / len(x)
        back = (error @ w2.T) * (z > 0)
        squares["last"].append(((h.T @ error) ** 2).sum() + (error.sum(0) ** 2).sum())
        squares["hidden_0"].append(((x.T @ back) ** 2).sum() + (back.sum(0) ** 2).sum())
    assert list(flow.flows) == ["hidden_0", "last"]
    for name, values in squares.items():
        np.testing.assert_allclose(flow.flows[name].gradient, np.sqrt(np.mean(values)), rtol=1e-4)
    weights = np.sqrt((w1**2).sum() + (b1**2).sum())
    np.testing.assert_allclose(flow.flows["hidden_0"].weights, weights, rtol=1e-5)
    total = np.sqrt(sum(np.mean(values) for values in squares.values()))
    np.testing.assert_allclose(history.history["gradient_norm"], [total], rtol=1e-4)
    assert not flow.findings


def test_gradients_of_mixed_precision_are_measured_without_the_loss_scale():
    """Steps that overflow are left out by the optimizer, and no fault: it lowers the scale."""
    norms = []
    for policy, scale in (("float32", 1.0), ("mixed_float16", 2.0**8), ("mixed_float16", 2.0**40)):
        keras.config.set_dtype_policy(policy)
        model = mlp(depth=1)
        scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.0), initial_scale=scale)
        model.compile(scaled, "mse", auto_scale_loss=False)
        flow = keras_acts.GradientFlow()
        fit(model, X, flow, Y, batch_size=32)
        norms.append([each.gradient for each in flow.flows.values()])
    assert len(norms[1]) == 2
    np.testing.assert_allclose(norms[1], norms[0], rtol=0.02)
    assert np.isnan(norms[2]).all()


def flow_of(model, **settings):
    flow = keras_acts.GradientFlow(**settings)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(model, X, flow, Y, batch_size=32, epochs=2)
    told = [str(w.message) for w in caught if issubclass(w.category, MonitorWarning)]
    return {finding.kind: finding.layer for finding in flow.findings}, told


def test_vanishing_exploding_and_missing_gradients_are_told_once():
    deep = mlp("sigmoid", depth=10, width=3)
    found, told = flow_of(still(deep))
    assert set(found) == {"vanishing"}
    assert found["vanishing"].startswith("hidden_0")
    assert "last" not in found["vanishing"]
    assert len(told) == 1

    steep = mlp()
    steep.get_layer("hidden_0").kernel.assign(steep.get_layer("hidden_0").kernel * 1e-6)
    assert flow_of(still(steep))[0] == {"exploding": "hidden_0"}

    dead = mlp()
    dead.get_layer("hidden_1").bias.assign(np.full(8, -99.0))
    found, told = flow_of(still(dead))
    assert found == {"zero gradient": "hidden_0, hidden_1"}
    assert "DyingReLUMonitor" in told[0]
    assert flow_of(still(mlp()))[0] == {}


def test_saturation():
    model = mlp("tanh")
    model.get_layer("hidden_0").bias.assign([9.0, -9.0, 9.0, -9.0, 9.0, 0.0, 0.0, 0.0])
    model.get_layer("hidden_1").bias.assign([9.0, -9.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    monitor = keras_acts.SaturationMonitor()
    with pytest.warns(MonitorWarning, match="5 of 8 units of layer 'hidden_0'"):
        history = fit(still(model), X, monitor, Y)
    assert [(f.layer, f.units) for f in monitor.findings] == [("hidden_0", (0, 1, 2, 3, 4))]
    assert (monitor.saturated["hidden_0"][:5] > 0.99).all()
    rows = {row["layer"]: row for row in monitor.history.rows}
    assert rows["hidden_0"]["high"] > rows["hidden_0"]["low"] > 0.2
    assert history.history["saturated_share"] == [8 / 16]


def test_sparsity_is_the_share_of_zeros():
    model = still(mlp(depth=1))
    monitor = keras_acts.SparsityMonitor()
    fit(model, X, monitor, Y)
    kernel, bias = model.get_layer("hidden_0").get_weights()
    np.testing.assert_allclose(monitor.sparsity["hidden_0"], (X @ kernel + bias <= 0).mean(0))


@pytest.mark.parametrize("stop", [True, False])
def test_guard_names_layer_and_step_and_stops(stop):
    x = X.copy()
    x[37, 2] = np.inf
    seen = []
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    guard = keras_acts.NonFiniteGuard(every=2, stop=stop)
    with pytest.warns(MonitorWarning, match=r"'hidden_0': the input of the activation was NaN or infinite in step 10"):
        fit(still(mlp()), x, guard, Y, batch_size=4, epochs=2, callbacks=[count])
    assert len(seen) == (10 if stop else 32)
    assert len(guard.findings) == 1


def test_guard_sees_a_gradient_that_overflows():
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4, name="a"), layers.Dense(1, name="last")])
    model.compile(keras.optimizers.SGD(0.0), lambda y, z: keras.ops.mean(keras.ops.sqrt(keras.ops.abs(z - z))))
    guard = keras_acts.NonFiniteGuard()
    with pytest.warns(MonitorWarning, match="'last': the gradient of the weights was NaN or infinite in step 1 of"):
        fit(model, X, guard, Y, batch_size=32)


def test_one_step_serves_all():
    model = still(mlp())
    every = [
        monitor := quiet(),
        keras_acts.GradientFlow(),
        keras_acts.SaturationMonitor(),
        keras_acts.SparsityMonitor(),
        keras_acts.NonFiniteGuard(),
    ]
    history = fit(model, X, every, Y).history
    assert len({id(each._engine) for each in every}) == 1
    kernel, bias = model.get_layer("hidden_0").get_weights()
    check(monitor, "hidden_0", X @ kernel + bias)
    assert {"dead_units", "gradient_norm", "saturated_share", "sparsity"} <= set(history)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"`vanishing` must be a finite number from 0.0 to 1.0, got 2"):
        keras_acts.GradientFlow(vanishing=2)
    with pytest.raises(TypeError, match=r"`exploding` must be a number from 1.0 to inf, got 'a'"):
        keras_acts.GradientFlow(exploding="a")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="`every` must be a finite number from 1"):
        keras_acts.NonFiniteGuard(every=0)
