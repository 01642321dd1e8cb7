"""Torch: the step runs eagerly, so the counts are added to plain tensors right after it.

Keras has no words for hearing a gradient that passes, or for a tensor that no model owns.
"""

import torch

INTEGER = "int64"


def evaluator(function, dtype):
    """A function from points to values and slopes of an elementwise function."""

    def evaluate(points):
        with torch.enable_grad():
            x = torch.tensor(points).to(getattr(torch, dtype)).requires_grad_()
            y = function(x)
            slopes = torch.autograd.grad(y, x, torch.ones_like(y), allow_unused=True)[0] if y.requires_grad else None
            slopes = torch.zeros_like(x) if slopes is None else slopes
            return [part.detach().float().numpy() for part in (y, slopes)]

    return evaluate


def slope(function, x):
    """The slope of an elementwise function at `x`."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        y = function(x)
        return torch.autograd.grad(y, x, torch.ones_like(y))[0]


def is_home(x, home):
    """Whether a tensor belongs to the step itself."""
    return x.device.type != "meta"


def on_backward(x, hear):
    """`x`; when back-propagation passes here, `hear` is told of the gradient."""
    if x.requires_grad:
        x.register_hook(lambda gradient: hear(gradient.detach()))
    return x


def may_fuse(x, is_compiled):
    """Whether reading `x` could change how the step is computed."""
    return False


def count(condition, axes, also=None):
    """How many are true, and `also` too where it is given."""
    return (condition if also is None else condition & also).sum(axes)


def count_apart(one, other):
    """How many of each along the first axis."""
    return count(one, (0,)), count(other, (0,))


def any_of(condition, axes):
    """Whether one is true."""
    return condition.any(axes)


def extremes(x, positions, is_compiled):
    """Largest value over positions, and whether all are finite."""
    if not positions:
        return x, torch.isfinite(x)
    peak = x.amax(positions)
    return peak, torch.isfinite(peak) & torch.isfinite(x.amin(positions))


def like(kind, size):
    """What a step that did not come to a site adds to its column."""
    if kind == "sum":
        return torch.zeros(size, dtype=torch.int64)
    return torch.full((size,), -torch.inf if kind == "peak" else 0.0)


class Counters:
    """The accumulators of one engine, and the step that fills them."""

    def __init__(self, engine):
        self.engine = engine
        self.sums = None

    def build(self, model):
        """What to use in place of `model.train_function`."""
        step = self.wrap(model.train_step)
        return lambda data: step(data[0])

    def wrap(self, step, compiled=False):
        """A step that counts what the given one does; it runs uncompiled."""

        def observed(*args):
            with self.engine.recording(False, None) as recorder:
                outputs = step(*args)
            with torch.no_grad():
                self._add(self.engine.pack(recorder))
            return outputs

        return observed

    def _add(self, batch):
        counts = batch["sum"]
        if self.sums is None:
            zeros = torch.zeros_like(counts)
            total = torch.zeros_like(batch["total"], dtype=torch.float64)
            peak = torch.full_like(batch["peak"], -torch.inf)
            steps = torch.zeros((), dtype=torch.int64)
            self.sums = {"sum": zeros, "first": zeros, "last": zeros, "peak": peak, "total": total, "steps": steps}
        sums, happened = self.sums, counts > 0
        steps = sums["steps"] + 1
        self.sums = {
            "sum": sums["sum"] + counts,
            "first": torch.where(happened & (sums["first"] == 0), steps, sums["first"]),
            "last": torch.where(happened, steps, sums["last"]),
            "peak": torch.maximum(sums["peak"], batch["peak"]),
            "total": sums["total"] + batch["total"],
            "steps": steps,
        }

    def read(self):
        """The accumulated vectors, or `None` before the first step."""
        return None if self.sums is None else {name: v.cpu().numpy() for name, v in self.sums.items()}

    def reset(self):
        """Begin again at zero."""
        self.sums = None
