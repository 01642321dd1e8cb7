"""Training loops of one's own, and several devices."""

import contextlib
import json
import os
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
from keras import layers
from recounting import check, quiet, recount

BACKEND = keras.backend.backend()


def jax_step(model, optimizer):
    import jax

    def loss(trainable, rest, x, y):
        out, rest = model.stateless_call(trainable, rest, x, training=True)
        return keras.ops.mean((out - y) ** 2), rest

    @jax.jit
    def step(state, x, y):
        trainable, rest, moments = state
        (value, rest), grads = jax.value_and_grad(loss, has_aux=True)(trainable, rest, x, y)
        trainable, moments = optimizer.stateless_apply(moments, grads, trainable)
        return (trainable, rest, moments), value

    state = [v.value for v in model.trainable_variables], [v.value for v in model.non_trainable_variables]
    return step, (*state, [v.value for v in optimizer.variables])


def tensorflow_step(model, optimizer):
    import tensorflow as tf

    @tf.function
    def step(state, x, y):
        with tf.GradientTape() as tape:
            value = keras.ops.mean((model(x, training=True) - y) ** 2)
        optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
        return state, value

    return step, ()


def torch_step(model, optimizer):
    def step(state, x, y):
        model.zero_grad()
        value = keras.ops.mean((model(x, training=True) - y) ** 2)
        value.backward()
        optimizer.apply([v.value.grad for v in model.trainable_variables], model.trainable_variables)
        return state, value

    return step, ()


@pytest.mark.parametrize("compile", [True, False])
def test_loop_of_ones_own(rows, compile):
    model = keras.Sequential([keras.Input((5,)), layers.Dense(9, "relu", name="hidden"), layers.Dense(1)])
    model.get_layer("hidden").bias.assign(np.linspace(-6, 1, 9))
    optimizer = keras.optimizers.SGD(0.0)
    optimizer.build(model.trainable_variables)
    step, state = {"jax": jax_step, "tensorflow": tensorflow_step, "torch": torch_step}[BACKEND](model, optimizer)
    kernel, bias = model.get_layer("hidden").get_weights()
    monitor = quiet(extras=["gradient"])
    step = monitor.watch(step, compile=compile)
    for epoch in range(2):
        for batch in np.split(rows[: 20 * (epoch + 1)], 4):
            x = keras.ops.convert_to_tensor(batch)
            state, _ = step(state, x, keras.ops.ones((len(batch), 1)))
        logs = monitor.end_epoch()
        check(monitor, "hidden", rows[: 20 * (epoch + 1)] @ kernel + bias)
    assert logs["dead_units"] == monitor.dead["hidden"].size > 0


DEVICES = {
    "jax": """
        assert len(keras.distribution.list_devices()) == 2
        keras.distribution.set_distribution(keras.distribution.DataParallel())
        scope = contextlib.nullcontext()
        """,
    "tensorflow": """
        import tensorflow as tf
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        scope = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope()
        """,
    "torch": "scope = contextlib.nullcontext()",  # Keras trains on one
}
X = np.random.default_rng(6).normal(size=(16, 6, 6, 2)).astype("float32")


def trained(scope):
    """What a monitor counts of each layer, as lists, and the first layer's weights."""
    with scope:
        model = keras.Sequential(
            [
                keras.Input((6, 6, 2)),
                layers.Conv2D(7, 3, activation="relu", name="conv"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(5, "relu", name="hidden"),
                layers.Dense(1),
            ]
        )
        rng = np.random.default_rng(5)
        model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
        model.get_layer("conv").bias.assign(np.linspace(-14, 0, 7))
        model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=BACKEND == "jax")
    monitor = quiet(extras=["positions", "mean", "gradient"])
    model.fit(X, np.zeros((16, 1)), batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=[monitor])
    counts = {n: {k: v.tolist() for k, v in units.columns.items()} for n, units in monitor.units.items()}
    return counts, [w.tolist() for w in model.get_layer("conv").get_weights()]


def trained_on_two_devices():
    """The same in a process of its own, since a backend's devices are settled when it starts."""
    program = f"""
import contextlib, json, sys, keras
{textwrap.dedent(DEVICES[BACKEND])}
sys.path.insert(0, {os.path.dirname(__file__)!r})
import test_loops
print(json.dumps(test_loops.trained(scope)[0]))
"""
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
    environment = {**os.environ, "KERAS_BACKEND": BACKEND, "XLA_FLAGS": flags, "TF_CPP_MIN_LOG_LEVEL": "3"}
    result = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.strip().splitlines()[-1])


def test_two_devices_count_as_one():
    one, (kernel, bias) = trained(contextlib.nullcontext())
    for layer, columns in trained_on_two_devices().items():
        assert columns.keys() == one[layer].keys()
        for name, values in columns.items():
            if name in ("output", "peak"):
                np.testing.assert_allclose(values, one[layer][name], rtol=1e-5)
            else:
                assert values == one[layer][name], (layer, name)
    windows = np.lib.stride_tricks.sliding_window_view(X, (3, 3), (1, 2))
    inputs = np.einsum("bxyckl,klcu->bxyu", windows, np.float32(kernel)) + np.float32(bias)
    assert one["conv"]["fired"] == recount(inputs, lambda x: x <= 0)["fired"].tolist()
    assert set(one) == {"conv", "hidden"}
