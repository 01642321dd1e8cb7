"""Lesson 12: the autopsy. This network read digits no better than a guess; four faults are mended."""

import keras

import keras_acts


def build():
    """Return the patient, compiled: 64 numbers from 0 to 1 go in, ten hidden layers, ten scores come out.

    The targets are ten numbers for each picture, a 1 at its digit and 0 elsewhere. Keep the ten hidden layers.
    """
    model = keras.Sequential([keras.Input((64,))])
    for _ in range(10):
        start = keras_acts.initializer_for("leaky_relu")  # fits the activation; biases start at 0
        model.add(keras.layers.Dense(64, keras_acts.leaky_relu, kernel_initializer=start))
    model.add(keras.layers.Dense(10))  # raw scores, and a loss that knows it
    rate = keras.optimizers.schedules.CosineDecay(0.002, 570)  # smaller and smaller steps, so that no seed ends badly
    model.compile(keras.optimizers.Adam(rate), keras.losses.CategoricalCrossentropy(from_logits=True))
    return model
