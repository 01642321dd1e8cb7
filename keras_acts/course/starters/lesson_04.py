"""Lesson 4: three activations by hand."""

import numpy as np


def sigmoid(x):
    """Given: 1 / (1 + exp(-x)), written so that nothing overflows."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def leaky_relu(x, negative_slope):
    """Return x where it is positive, negative_slope * x elsewhere."""
    return x  # your code


def silu(x):
    """Return x times its sigmoid."""
    return x  # your code


def tanh(x):
    """Return the tanh, made from `sigmoid` alone."""
    return sigmoid(x)  # your code
