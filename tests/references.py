"""What the activations without a formula compute, in NumPy, one function per name, as plainly as it can be written.

Each takes `x` in float64 or wider and the function's parameters, and keeps the precision of `x`. An activation whose
entries depend on each other needs a function of its name here.
"""

import numpy as np

SHAPES = {}  # the shape of input to try where (6, 12) will not do


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def erfc(x):
    """Complementary error function, by continued fraction far out and by the series of erf near 0."""
    term, series = x, x
    for n in range(1, 120):
        term = -term * x * x / n
        series = series + term / (2 * n + 1)
    size, tail = np.maximum(np.abs(x), 2), 0 * x
    for n in range(120, 0, -1):
        tail = n / 2 / (size + tail)
    far = np.exp(-size * size) / (size + tail) / np.sqrt(np.pi)
    return np.where(np.abs(x) < 2.5, 1 - 2 / np.sqrt(np.pi) * series, np.where(x < 0, 2 - far, far))


def gated(x, axis, gate):
    """The gate half and the value half of an axis."""
    x = np.moveaxis(x, axis, -1)
    half = x.shape[-1] // 2
    if gate == "interleaved":
        halves = x[..., ::2], x[..., 1::2]
    else:
        halves = (x[..., :half], x[..., half:]) if gate == "first" else (x[..., half:], x[..., :half])
    return [np.moveaxis(part, -1, axis) for part in halves]


def glu(x, axis=-1, gate="second"):
    opens, value = gated(x, axis, gate)
    return value * sigmoid(opens)


def swiglu(x, axis=-1, gate="first"):
    opens, value = gated(x, axis, gate)
    return opens * sigmoid(opens) * value


def geglu_tanh(x, axis=-1, gate="first"):
    opens, value = gated(x, axis, gate)
    return opens / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (opens + 0.044715 * opens**3))) * value


def geglu(x, axis=-1, gate="first"):
    opens, value = gated(x, axis, gate)
    return opens / 2 * erfc(-opens / np.sqrt(2)) * value


def reglu(x, axis=-1, gate="first"):
    opens, value = gated(x, axis, gate)
    return np.maximum(opens, 0) * value


def bilinear_glu(x, axis=-1, gate="first"):
    opens, value = gated(x, axis, gate)
    return opens * value


def drelu_glu(x, axis=-1, gate="first"):
    opens, value = gated(x, axis, gate)
    return np.maximum(opens, 0) * np.maximum(value, 0)


def gtu(x, axis=-1, gate="second"):
    opens, value = gated(x, axis, gate)
    return np.tanh(value) * sigmoid(opens)


def swiglu_clamped(x, axis=-1, gate="first", limit=10.0):
    opens, value = gated(x, axis, gate)
    opens = np.minimum(opens, limit)
    return opens * sigmoid(opens) * np.clip(value, -limit, limit)


def swiglu_oai(x, axis=-1, gate="interleaved", alpha=1.702, limit=7.0):
    opens, value = gated(x, axis, gate)
    opens = np.minimum(opens, limit)
    return opens * sigmoid(alpha * opens) * (np.clip(value, -limit, limit) + 1)


def situ_glu(x, axis=-1, gate="first", gate_cap=4.0, value_cap=25.0):
    opens, value = gated(x, axis, gate)
    return gate_cap * np.tanh(opens / gate_cap) * sigmoid(opens) * value_cap * np.tanh(value / value_cap)


def rows(x, axis, mask, weigh):
    """Apply a function of one row of kept entries along one axis or several."""
    axes = sorted(a % x.ndim for a in (axis if isinstance(axis, (list, tuple)) else [axis]))
    rest = [a for a in range(x.ndim) if a not in axes]
    order = rest + axes
    moved = np.transpose(x, order)
    keep = np.ones_like(moved, bool) if mask is None else np.transpose(np.broadcast_to(mask, x.shape), order)
    size = int(np.prod([x.shape[a] for a in axes]))
    out = np.zeros_like(moved).reshape(-1, size)
    for row, entries, kept in zip(out, moved.reshape(-1, size), keep.reshape(-1, size), strict=True):
        if kept.any():
            row[kept] = weigh(entries[kept])
    return np.transpose(out.reshape(moved.shape), np.argsort(order))


def softmax(x, axis=-1, mask=None):
    def weigh(row):
        powers = np.exp(row - row.max())
        return powers / powers.sum()

    return rows(x, axis, mask, weigh)


def sparsemax(x, axis=-1, mask=None):
    def weigh(row):
        # Sort, and find how many of the largest entries stay above the threshold that their own sum gives.
        row = row - row.max()
        descending = np.sort(row)[::-1]
        thresholds = (np.cumsum(descending) - 1) / np.arange(1, row.size + 1)
        threshold = thresholds[np.flatnonzero(descending > thresholds)[-1]]
        return np.maximum(row - threshold, 0)

    return rows(x, axis, mask, weigh)


def variance_preserving(x, activation="relu"):
    deviations = {
        "relu": np.sqrt((np.pi - 1) / (2 * np.pi)),
        "linear": 1.0,
    }  # of standard normal inputs, in closed form
    return (np.maximum(x, 0) if activation == "relu" else x) / deviations[activation]


def softmin(x, axis=-1, mask=None):
    return softmax(-x, axis, mask)


def temperature_softmax(x, temperature=1.0, axis=-1, mask=None):
    return softmax(x / temperature, axis, mask)


def gumbel_softmax(x, axis=-1, temperature=1.0, hard=False, mask=None):
    return (hardmax if hard else softmax)(x / temperature, axis, mask)


def hardmax(x, axis=-1, mask=None):
    def weigh(row):
        return (np.arange(row.size) == np.argmax(row)).astype(row.dtype)

    return rows(x, axis, mask, weigh)


def entmax(x, alpha=1.5, axis=-1, mask=None):
    kept = np.ones_like(x, bool) if mask is None else np.broadcast_to(mask, x.shape)
    top = np.max(x, axis, where=kept, initial=-np.inf, keepdims=True)
    u = np.where(kept, (alpha - 1) * (x - np.where(np.isfinite(top), top, 0)), -np.inf)
    power = 1 / x.dtype.type(alpha - 1)
    # Halve the interval that the threshold lies in, until it is as narrow as numbers get.
    low, high = np.full_like(top, -1), np.zeros_like(top)
    for _ in range(80):
        middle = (low + high) / 2
        too_low = (np.maximum(u - middle, 0) ** power).sum(axis, keepdims=True) > 1
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    return np.maximum(u - low, 0) ** power


def entmax15(x, axis=-1, mask=None):
    return entmax(x, 1.5, axis, mask)


def log_softmax(x, axis=-1, mask=None):
    def weigh(row):
        return row - row.max() - np.log(np.exp(row - row.max()).sum())

    return rows(x, axis, mask, weigh)


def softmax_one(x, sink=0.0, axis=-1, mask=None):
    def weigh(row):
        top = max(row.max(), sink)
        powers = np.exp(row - top)
        return powers / (np.exp(sink - top) + powers.sum())

    return rows(x, axis, mask, weigh)


def solu(x, axis=-1, mask=None):
    return x * softmax(x, axis, mask)
