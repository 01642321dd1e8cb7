"""Lesson 9: sparse or dead?"""


def measure(out):
    """Return the share of outputs that are exactly 0, and the share of units (columns) that are 0 for every row."""
    zeros = float((out == 0).mean())
    dead = float((out == 0).all(axis=0).mean())
    return zeros, dead
