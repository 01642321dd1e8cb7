"""Training on several devices gives what one gives, with layers that learn, draw, and keep statistics."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
from samples import BACKEND

COMMON = """
import json
import keras
import keras_acts
import numpy as np

def trained(x, batch_size):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, name="first"),
            keras_acts.PReLU(name="trained"),
            keras.layers.Dense(8, name="second"),
            keras_acts.Dice(name="statistics"),
            keras.layers.Dense(8, name="third"),
            keras_acts.RReLU(0.05, 0.95, seed=3, name="drawn"),
            keras.layers.Dense(1, name="last"),
        ],
        name="model",
    )
    model.compile(keras.optimizers.SGD(0.05), "mse", jit_compile=keras.backend.backend() == "jax")
    y = x[:, :1] - x[:, 1:2] ** 2
    model.fit(x, y, batch_size=batch_size, epochs=3, shuffle=False, verbose=0)
    return {w.path: keras.ops.convert_to_numpy(w.value).tolist() for w in model.weights}

x = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")
"""

PROGRAMS = {
    "jax": """
        keras.distribution.set_distribution(None)
        found = {"one": trained(x, 8)}
        assert len(keras.distribution.list_devices()) == 2
        keras.distribution.set_distribution(keras.distribution.DataParallel())
        found["each a part of the batch"] = trained(x, 8)
        layout = keras.distribution.LayoutMap(keras.distribution.DeviceMesh((1, 2), ["batch", "model"]))
        layout["(first|second|third)/kernel"] = (None, "model")
        layout["trained/alpha"] = ("model",)
        keras.distribution.set_distribution(keras.distribution.ModelParallel(layout_map=layout))
        found["each a part of the model"] = trained(x, 8)
        """,
    # Each device is given the same half, so that the statistics over its batch, which are its own as those of
    # BatchNormalization are, agree with those of one device.
    "tensorflow": """
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        found = {"one": trained(x, 8)}
        with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
            found["each a part of the batch"] = trained(np.concatenate([x[:8], x[:8], x[8:], x[8:]]), 16)
        """,
}


if BACKEND in PROGRAMS:  # Keras spreads no training over devices on torch

    def test_training_on_several_devices_is_training_on_one():
        code = COMMON + textwrap.dedent(PROGRAMS[BACKEND]) + "\nprint(json.dumps(found))"
        flags = (
            os.environ.get("XLA_FLAGS", "")
            + " --xla_force_host_platform_device_count=2 --xla_backend_optimization_level=0"
        )
        environment = {**os.environ, "KERAS_BACKEND": BACKEND, "XLA_FLAGS": flags, "TF_CPP_MIN_LOG_LEVEL": "3"}
        child = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        assert child.returncode == 0, child.stderr[-3000:]
        found = json.loads(child.stdout.splitlines()[-1])
        one = found.pop("one")
        assert found
        for how, weights in found.items():
            for path, expected in one.items():
                np.testing.assert_allclose(weights[path], expected, rtol=1e-4, atol=1e-5, err_msg=f"{path}, {how}")
