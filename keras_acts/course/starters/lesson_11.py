"""Lesson 11: was a difference shown?"""


def shown(a, b):
    """Return "better", "worse" or "no": what paired scores show about a against b."""
    return "better" if a.mean() > b.mean() else "worse"  # your code
