"""Lesson 8: raise the dead units of a ruined network."""


def revive(w, b, v, times):
    """Return new (w, b, v): no unit dead at all `times`, and the same output as before.

    A hidden unit gives max(w * time + b, 0); the output adds up v * unit. All three are arrays with one entry per unit.
    """
    dead = []  # your code: the numbers of the units that are on at no time
    w, b, v = w.copy(), b.copy(), v.copy()
    for unit in dead:
        w[unit] = 1.0  # your code: a better w, and b and v too
    return w, b, v
