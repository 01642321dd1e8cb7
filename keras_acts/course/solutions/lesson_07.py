"""Lesson 7: the slope of a function with kinks."""

import numpy as np


def hat(x):
    """Given: a hat of height 1 over 0, and 0 beyond -1 and 1."""
    return np.maximum(0.0, 1.0 - np.abs(x))


def slope(x):
    """Return the slope of `hat`; at a kink, the mean of the slopes on its left and right."""
    left = np.where((x > -1) & (x <= 0), 1.0, np.where((x > 0) & (x <= 1), -1.0, 0.0))
    right = np.where((x >= -1) & (x < 0), 1.0, np.where((x >= 0) & (x < 1), -1.0, 0.0))
    return (left + right) / 2
