"""Lesson 5: an activation that carries on a rhythm."""

import numpy as np


def unit(z):
    """Return the activation of every number in the array z."""
    return z + np.sin(z) ** 2
