"""Lesson 12: the autopsy. This network reads digits no better than a guess. Find out why, and mend it."""

import keras


def build():
    """Return the patient, compiled: 64 numbers from 0 to 1 go in, ten hidden layers, ten scores come out.

    The targets are ten numbers for each picture, a 1 at its digit and 0 elsewhere. Keep the ten hidden layers.
    """
    model = keras.Sequential([keras.Input((64,))])
    for _ in range(10):
        start = keras.initializers.RandomNormal(stddev=0.01)  # your code, from here on
        bias = keras.initializers.Constant(-0.01)
        model.add(keras.layers.Dense(64, "relu", kernel_initializer=start, bias_initializer=bias))
    model.add(keras.layers.Dense(10, "softmax"))
    model.compile(keras.optimizers.SGD(0.01), "mse")
    return model
