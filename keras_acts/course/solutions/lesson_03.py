"""Lesson 3: starting weights that let neurons differ."""

import numpy as np


def start(inputs, units):
    """Return starting weights of shape (inputs, units)."""
    return np.random.default_rng(0).normal(0, 1 / np.sqrt(inputs), (inputs, units))
