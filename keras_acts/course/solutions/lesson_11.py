"""Lesson 11: was a difference shown?"""

import numpy as np


def shown(a, b):
    """Return "better", "worse" or "no": what paired scores show about a against b."""
    gaps = a - b
    error = gaps.std(ddof=1) / np.sqrt(len(gaps))
    if abs(gaps.mean()) <= 3 * error:
        return "no"
    return "better" if gaps.mean() > 0 else "worse"
