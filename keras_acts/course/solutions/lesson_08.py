"""Lesson 8: raise the dead units of a ruined network."""

import numpy as np


def revive(w, b, v, times):
    """Return new (w, b, v): no unit dead at all `times`, and the same output as before.

    A hidden unit gives max(w * time + b, 0); the output adds up v * unit. All three are arrays with one entry per unit.
    """
    inputs = np.outer(times, w) + b
    dead = np.flatnonzero((inputs <= 0).all(axis=0))
    w, b, v = w.copy(), b.copy(), v.copy()
    hinges = np.linspace(times.min(), times.max(), len(dead) + 2)[1:-1]  # inside the data, evenly
    for i, (unit, hinge) in enumerate(zip(dead, hinges, strict=True)):
        w[unit] = np.sqrt(2) if i % 2 else -np.sqrt(2)  # some open to the right, some to the left
        b[unit] = -w[unit] * hinge
        v[unit] = 0.0  # silent at first, so the output stays
    return w, b, v
