"""Models and data for the tests of studies: at the top of a module, so that worker processes can import them."""

from typing import Any

import keras
import numpy as np

SAMPLES = 90  # two whole batches and a smaller one


def data(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(SAMPLES + 40, 6)).astype("float32")
    y = (x[:, 0] * x[:, 1] > 0).astype("int32")
    return x[:SAMPLES], y[:SAMPLES], x[SAMPLES:], y[SAMPLES:]


def build(activation):
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(8), activation(), keras.layers.Dense(2)])


def build_with_noise(activation):
    return keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(
                8, use_bias=False, kernel_regularizer="l2"
            ),  # a bias before BatchNorm gets noise for a gradient
            keras.layers.BatchNormalization(),
            activation(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(2),
        ]
    )


def compile_arguments(rate=0.01) -> dict[str, Any]:
    return {
        "optimizer": keras.optimizers.Adam(rate),
        "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "metrics": ["accuracy"],
    }


def settings(**changes) -> dict[str, Any]:
    """Arguments of `compare` for a short study."""
    return {"epochs": 3, "batch_size": 32, "verbose": 0, "compile": compile_arguments(), **changes}


def record(variant, seed, backend="jax") -> dict[str, Any]:
    """What training one run leaves behind, without the training."""
    return {
        **variant.settings(),
        "seed": seed,
        "status": "finished",
        "epochs": 1,
        "curves": {"loss": [0.5 + seed]},
        "before": None,
        "after": None,
        "seconds": 0.1,
        "weights": 1,
        "steps": 1,
        "how": "compiled",
        "backend": backend,
    }
