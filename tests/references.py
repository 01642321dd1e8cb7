"""What the activations without a formula compute, in NumPy, one function per name, as plainly as it can be written.

Each takes `x` in float64 or wider and the function's parameters, and keeps the precision of `x`. An activation whose
entries depend on each other needs a function of its name here.
"""

import numpy as np

SHAPES = {"funnel_relu": (2, 3, 4, 2)}  # the shape of input to try where (6, 12) will not do
NUMBERS = np.random.default_rng(4)


def some(*shape, low=-1.0, high=1.0):
    """Numbers that float32 holds exactly."""
    return np.round(NUMBERS.uniform(low, high, shape) * 256) / 256


# The trained parameters to try, where the function has no defaults for them.
ARGUMENTS = {
    "poly_norm": {"a1": 0.5, "a2": -0.25, "a3": 1.5, "bias": 0.125},
    "pau": {"numerator": some(12, 6), "denominator": some(12, 4)},
    "group_rational": {"numerator": some(1, 6), "denominator": some(5, 4)},
    "apl": {"slopes": some(12, 3), "hinges": some(12, 3)},
    "kan_bspline": {"coefficients": some(12, 8), "base_scale": some(12), "spline_scale": some(12)},
    "hermite": {"coefficients": some(12, 5)},
    "dice": {"alpha": some(12), "moving_mean": some(12), "moving_variance": some(12, low=0.5, high=2.0)},
    "funnel_relu": {
        "kernel": some(3, 3, 2),
        "gamma": some(2),
        "beta": some(2),
        "moving_mean": some(2),
        "moving_variance": some(2, low=0.5, high=2.0),
    },
    "dynamic_relu": {
        "reduce_kernel": some(12, 3),
        "reduce_bias": some(3),
        "expand_kernel": some(3, 48),
        "expand_bias": some(48),
    },
    "meta_acon": {
        "p1": some(12),
        "p2": some(12),
        "reduce_kernel": some(12, 4),
        "reduce_bias": some(4),
        "expand_kernel": some(4, 12),
        "expand_bias": some(12),
    },
}


def sigmoid(x):
    return 1 / (1 + np.exp(np.minimum(-x, 700)))


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


def squash(x, offset=1.0, axis=-1):
    norm = np.sqrt((x**2).sum(axis, keepdims=True))
    return x * norm / (offset + norm**2)


def kwta(x, ratio=0.2, axis=-1):
    least = np.sort(x, axis).take([-max(1, int(ratio * x.shape[axis] + 1e-9))], axis)
    return np.where(x < least, 0, x)


def gaussian_topk(x, sparsity=0.95, axis=-1):
    quantile = {0.95: np.longdouble("1.6448536269514722")}[sparsity]
    return np.maximum(x - x.mean(axis, keepdims=True) - quantile * x.std(axis, keepdims=True), 0)


def poly_norm(x, a1, a2, a3, bias, epsilon=1e-6, axis=-1):
    def normalised(power):
        return power / np.sqrt((power**2).mean(axis, keepdims=True) + epsilon)

    return a1 * normalised(x) + a2 * normalised(x**2) + a3 * normalised(x**3) + bias


def maxout(x, pieces=2, axis=-1, adjacent=True):
    x = np.moveaxis(x, axis, -1)
    parts = x.reshape(*x.shape[:-1], -1, pieces) if adjacent else x.reshape(*x.shape[:-1], pieces, -1).swapaxes(-1, -2)
    return np.moveaxis(parts.max(-1), -1, axis)


def crelu(x, axis=-1):
    return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis)


def groupsort(x, group_size=2, axis=-1):
    x = np.moveaxis(x, axis, -1)
    return np.moveaxis(np.sort(x.reshape(*x.shape[:-1], -1, group_size)).reshape(x.shape), -1, axis)


def polynomial(x, coefficients):
    return sum(coefficients[..., place] * x**place for place in range(coefficients.shape[-1]))


def pau(x, numerator, denominator, safe="A"):
    terms = [denominator[..., place] * x ** (place + 1) for place in range(denominator.shape[-1])]
    return polynomial(x, numerator) / (1 + (sum(np.abs(term) for term in terms) if safe == "A" else np.abs(sum(terms))))


def group_rational(x, numerator, denominator, axis=-1):
    x = np.moveaxis(x, axis, -1)
    parts = [row.repeat(size, 0) for row, size in zip(denominator[:, None], (3, 2, 3, 2, 2), strict=True)]
    return np.moveaxis(pau(x, numerator, np.concatenate(parts)), -1, axis)


def apl(x, slopes, hinges):
    return np.maximum(x, 0) + (slopes * np.maximum(hinges - x[..., None], 0)).sum(-1)


def kan_bspline(x, coefficients, base_scale, spline_scale, low=-1.0, high=1.0):
    # The recursion of de Boor on the knots, three of them beyond either end.
    count = coefficients.shape[-1]
    step = (high - low) / (count - 3)
    knots = low + step * np.arange(-3, count + 1)
    x_ = x[..., None]
    basis = ((knots[:-1] <= x_) & (x_ < knots[1:])).astype(x.dtype)
    for order in (1, 2, 3):
        left = (x_ - knots[: -order - 1]) / (step * order) * basis[..., :-1]
        basis = left + (knots[order + 1 :] - x_) / (step * order) * basis[..., 1:]
    return base_scale * x * sigmoid(x) + spline_scale * (coefficients * basis).sum(-1)


def hermite(x, coefficients):
    basis = [1 + 0 * x, x]
    for k in range(2, coefficients.shape[-1]):
        basis.append((x * basis[k - 1] - np.sqrt(x.dtype.type(k - 1)) * basis[k - 2]) / np.sqrt(x.dtype.type(k)))
    return sum(coefficients[..., k] * part for k, part in enumerate(basis))


def dice(x, alpha, moving_mean, moving_variance, epsilon=1e-8, axis=-1):
    x = np.moveaxis(x, axis, -1)
    p = sigmoid((x - moving_mean) / np.sqrt(moving_variance + epsilon))
    return np.moveaxis(p * x + (1 - p) * alpha * x, -1, axis)


def funnel_relu(x, kernel, gamma, beta, moving_mean, moving_variance, epsilon=1e-3, axis=-1):
    x = np.moveaxis(x, axis, -1)
    height, width = kernel.shape[:2]
    padded = np.pad(x, ((0, 0), (height // 2, height // 2), (width // 2, width // 2), (0, 0)))
    places = [(i, j) for i in range(height) for j in range(width)]
    seen = sum(kernel[i, j] * padded[:, i : i + x.shape[1], j : j + x.shape[2]] for i, j in places)
    seen = gamma * (seen - moving_mean) / np.sqrt(moving_variance + epsilon) + beta
    return np.moveaxis(np.maximum(x, seen), -1, axis)


def dynamic_relu(x, reduce_kernel, reduce_bias, expand_kernel, expand_bias, pieces=2, per_channel=True, axis=-1):
    x = np.moveaxis(x, axis, -1)
    mean = x.mean(tuple(range(1, x.ndim - 1)))
    theta = np.maximum(mean @ reduce_kernel + reduce_bias, 0) @ expand_kernel + expand_bias
    theta = 2 * sigmoid(theta.reshape(len(x), *[1] * (x.ndim - 2), -1, 2 * pieces)) - 1
    slopes = theta[..., :pieces] + (np.arange(pieces) == 0)
    return np.moveaxis((x[..., None] * slopes + theta[..., pieces:] / 2).max(-1), -1, axis)


def meta_acon(x, p1, p2, reduce_kernel, reduce_bias, expand_kernel, expand_bias, axis=-1):
    x = np.moveaxis(x, axis, -1)
    mean = x.mean(tuple(range(1, x.ndim - 1)), keepdims=True)
    beta = sigmoid((mean @ reduce_kernel + reduce_bias) @ expand_kernel + expand_bias)
    return np.moveaxis((p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x, -1, axis)
