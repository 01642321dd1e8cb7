"""The same counts in every way of training that Keras offers."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers
from recounting import check, fit, quiet, still

import keras_acts

BACKEND = keras.backend.backend()


def small(**settings):
    model = keras.Sequential([keras.Input((5,)), layers.Dense(9, "relu", name="hidden"), layers.Dense(1)], **settings)
    model.get_layer("hidden").bias.assign(np.linspace(-6, 1, 9))
    return model


def inputs_of(model, x):
    kernel, bias = model.get_layer("hidden").get_weights()
    return x.astype("float32") @ kernel + bias


@pytest.mark.parametrize(
    "compiled", [{"jit_compile": BACKEND != "torch"}, {"jit_compile": False}, {"run_eagerly": True}]
)
def test_compiled_and_eager(rows, compiled):
    model = still(small(), **compiled)
    monitor = quiet(extras=["positions", "gradient"])
    fit(model, rows, monitor, np.ones((40, 1)))
    check(monitor, "hidden", inputs_of(model, rows))
    is_graph = BACKEND == "tensorflow" and not compiled.get("jit_compile") and not compiled.get("run_eagerly")
    assert monitor.units["hidden"].site.is_fused == is_graph
    assert np.isnan(monitor.units["hidden"].columns["peak"]).any() == is_graph


def test_steps_per_execution(rows):
    model = still(small(), steps_per_execution=1 if BACKEND == "torch" else 3)  # Keras has no more on torch
    monitor = quiet()
    fit(model, rows, monitor, batch_size=4, epochs=2)
    check(monitor, "hidden", inputs_of(model, rows))


def test_mixed_precision(rows):
    keras.config.set_dtype_policy("mixed_float16")
    model = still(small())
    monitor = quiet()
    fit(model, rows, monitor)
    layer = model.get_layer("hidden")
    layer.activation, activation = None, layer.activation
    inputs = keras.ops.convert_to_numpy(layer(rows))
    layer.activation = activation
    assert inputs.dtype == "float16"
    check(monitor, "hidden", inputs, rtol=2**-10)  # a fused kernel rounds to float16 once, not after each step


def test_weights_of_samples_and_validation_do_not_count(rows):
    model = still(small())
    monitor = quiet()
    fit(model, rows, monitor, sample_weight=np.zeros(40), validation_data=(rows[:8] + 9, np.zeros((8, 1))))
    check(monitor, "hidden", inputs_of(model, rows))


def test_gradient_accumulation(rows):
    model = small()
    model.compile(keras.optimizers.SGD(0.0, gradient_accumulation_steps=2), "mse")
    monitor = quiet()
    fit(model, rows, monitor)
    check(monitor, "hidden", inputs_of(model, rows))


def test_masked_steps_do_not_count():
    x = np.random.default_rng(4).normal(size=(12, 6, 3)).astype("float32")
    x[:, 4:] = 0
    x[:3] = 0  # three samples are masked altogether
    model = still(
        keras.Sequential(
            [
                keras.Input((6, 3)),
                layers.Masking(),
                layers.Dense(7, "relu", name="hidden"),
                layers.LSTM(2, name="recurrent"),
                layers.Dense(1),
            ]
        )
    )
    layer = model.get_layer("hidden")
    layer.bias.assign(np.linspace(-3, 2, 7))
    monitor = quiet(extras=["positions"])
    fit(model, x, monitor)
    kernel, bias = layer.get_weights()
    check(monitor, "hidden", (x @ kernel + bias)[3:, :4])
    assert list(monitor.dead) == ["hidden"]
    assert list(monitor.unobserved) == ["recurrent"]


def test_channels_first_counts_channels():
    keras.config.set_image_data_format("channels_first")
    x = np.random.default_rng(0).normal(size=(6, 3, 5)).astype("float32")
    model = still(
        keras.Sequential(
            [keras.Input((3, 5)), layers.DepthwiseConv1D(1, name="conv"), layers.ReLU(name="act"), layers.Flatten()]
        ),
        run_eagerly=True,
    )
    model.get_layer("conv").bias.assign([-9.0, 0.0, 1.0])
    monitor = quiet()
    fit(model, x, monitor)
    check(monitor, "act", model.get_layer("conv")(x), axis=1)


def test_custom_train_step(rows):
    class Twice(keras.Sequential):
        def train_step(self, *args):
            super().train_step(*args)
            return super().train_step(*args)

    model = Twice([keras.Input((5,)), layers.Dense(9, "relu", name="hidden"), layers.Dense(1)])
    still(model)
    monitor = quiet()
    fit(model, rows, monitor)
    inputs = inputs_of(model, rows)
    check(monitor, "hidden", np.concatenate([inputs, inputs]))


def test_several_monitors(rows):
    model = still(small())
    monitors = [quiet(), quiet(extras=["positions"]), quiet(layers=lambda layer: False)]
    for _ in range(2):
        fit(model, rows, monitors)
        for monitor in monitors[:2]:
            check(monitor, "hidden", inputs_of(model, rows))
        assert monitors[2].dead == {}
    assert len({id(monitor._engine) for monitor in monitors}) == 1


def test_fit_again_counts_anew_and_traces_no_more(rows):
    traces = []

    class Counted(layers.Dense):
        def call(self, x):
            traces.append(1)
            return super().call(x)

    model = still(keras.Sequential([keras.Input((5,)), Counted(9, "relu", name="hidden"), layers.Dense(1)]))
    monitor = quiet()
    fit(model, rows, monitor)
    if BACKEND != "torch":
        before = len(traces)
        fit(model, rows, monitor, epochs=2)
        assert len(traces) == before
    check(monitor, "hidden", inputs_of(model, rows))
    still(model)
    fit(model, rows[:20], monitor)
    check(monitor, "hidden", inputs_of(model, rows[:20]))


def test_step_rebuilt_by_another_callback(rows):
    class Rebuild(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                self._model.make_train_function(force=True)

    model = still(small())
    monitor = quiet()
    fit(model, rows, [Rebuild(), monitor], batch_size=8, epochs=2)
    check(monitor, "hidden", inputs_of(model, rows))


def test_train_on_batch_is_outside(rows):
    class Extra(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.train_on_batch(rows + 5, np.zeros((40, 1)))

    model = still(small())
    monitor = quiet()
    fit(model, rows, [Extra(), monitor], epochs=2)
    check(monitor, "hidden", inputs_of(model, rows))


def test_other_callbacks_see_the_logs(rows, tmp_path):
    model = still(small())
    path = tmp_path / "log.csv"
    stopping = keras.callbacks.EarlyStopping("dead_units", mode="min", patience=1)
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # on torch, Keras turns a loss with a gradient into a number
        history = fit(model, rows, quiet(), epochs=9, callbacks=[keras.callbacks.CSVLogger(str(path)), stopping])
    assert history.history["dead_units"] == [model_dead := history.history["dead_units"][0]] * 2
    assert model_dead > 0
    assert "dead_layers" in path.read_text().splitlines()[0]


def test_large_counts_are_exact():
    """Counts go on beyond 2^32, where 32-bit counters start again and floats lose the units."""
    from keras_acts.monitor._engine import native

    class Layout:
        sizes = {"sum": 2, "peak": 0, "total": 0}  # noqa: RUF012

    class Engine:
        layout = Layout()

    counters = native().Counters(Engine())
    like = native().like
    batch = {
        "sum": keras.ops.cast([2**31 - 1, 1], native().INTEGER),
        "peak": like("peak", 0),
        "total": like("total", 0),
    }
    if BACKEND == "jax":
        counters._start(None)
        for _ in range(5):
            counters.sums = native()._add(counters.sums, batch)
    else:
        for _ in range(5):
            counters._add(batch)
    np.testing.assert_array_equal(counters.read()["sum"], [5 * (2**31 - 1), 5])


def test_layers_to_observe(rows):
    model = still(
        keras.Sequential([keras.Input((5,)), layers.Dense(3, "relu", name="a"), layers.Dense(4, "relu", name="b")])
    )
    named, asked = quiet(layers="a"), quiet(layers=lambda layer: layer.name == "b")
    fit(model, rows, named)
    fit(model, rows, asked)
    assert list(named.dead) == ["a"]
    with pytest.raises(ValueError, match=r"names \['c'\], .* expected names out of \['a', 'b'\]"):
        fit(model, rows, quiet(layers="c"))
    assert list(asked.dead) == ["b"]


def test_arguments_are_checked():
    with pytest.raises(ValueError, match=r"`alarm` must be a finite number from 0 to 1, got 20"):
        keras_acts.DyingReLUMonitor(alarm=20)
    with pytest.raises(ValueError, match=r"`stop` is a share above 0"):
        keras_acts.DyingReLUMonitor(stop=0)
    with pytest.raises(TypeError, match=r"`rise` must be a number from 0 to 1, got 'fast'"):
        keras_acts.DyingReLUMonitor(rise="fast")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match=r"names from"):
        keras_acts.DyingReLUMonitor(extras=["everything"])
