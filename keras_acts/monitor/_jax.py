"""JAX: the accumulators are one more argument of the compiled step, donated, so the model's own state is untouched.

Keras has no words for a second state beside the model's, for the trace that a tensor belongs to, or for hearing a
gradient that passes.
"""

import functools
import math

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.core import Tracer

INTEGER = "int32"  # of one step; 64 bits come in the accumulators


def evaluator(function, dtype):
    """A function from points to values and slopes of an elementwise function, computed at once."""

    @jax.jit
    def both(points):
        y, pull = jax.vjp(function, points.astype(dtype))
        (slopes,) = pull(jnp.ones_like(y))
        return y.astype("float32"), slopes.astype("float32")

    def evaluate(points):
        return [np.asarray(part) for part in both(points)]

    return evaluate


def slope(function, x):
    """The slope of an elementwise function at `x`, as part of the step."""
    return jax.lax.stop_gradient(jax.jvp(function, (x,), (jnp.ones_like(x),))[1])


def is_home(x, home):
    """Whether a tensor belongs to the step itself."""
    x = jax.lax.stop_gradient(x)  # without its tangent it is the step's own
    return (x._trace if isinstance(x, Tracer) else None) is home


def on_backward(x, hear):
    """`x`; when back-propagation passes here, `hear` is told of the gradient."""

    @jax.custom_vjp
    def identity(x):
        return x

    def backward(_, gradient):
        hear(gradient)
        return (gradient,)

    identity.defvjp(lambda x: (x, None), backward)
    return identity(x)


def may_fuse(x, is_compiled):
    """Whether reading `x` could change how the step is computed."""
    return False  # XLA fuses for any number of readers


# On a processor XLA reduces floats with vectors and truth values one by one, and each reduction is a pass of its own.


def count(condition, axes, also=None):
    """How many are true, and `also` too where it is given."""
    if math.prod(condition.shape[axis] for axis in axes) >= 2**24:  # float32 counts no further
        return jnp.sum(condition if also is None else condition & also, axis=axes, dtype="int32")
    ones = condition.astype("float32")
    return jnp.sum(ones if also is None else ones * also.astype("float32"), axis=axes).astype("int32")


def count_apart(one, other):
    """How many of each along the first axis, where no place has both: one sum, with the second in its upper half."""
    if one.shape[0] >= 2**15:
        return count(one, (0,)), count(other, (0,))
    both = jnp.sum(jnp.where(other, 2**16, one.astype("int32")), axis=0)
    return both & (2**16 - 1), both >> 16


def any_of(condition, axes):
    """Whether one is true."""
    return jnp.max(condition.astype("float32"), axis=axes) > 0


def extremes(x, positions, is_compiled):
    """Largest value over positions, and whether all are finite."""
    if not positions:
        return x, jnp.isfinite(x)
    peak = jnp.max(x, positions)  # NaN passes through both
    return peak, jnp.isfinite(peak) & jnp.isfinite(jnp.min(x, positions))


def like(kind, size):
    """What a step that did not come to a site adds to its column."""
    if kind == "sum":
        return jnp.zeros(size, "int32")
    return jnp.full(size, -jnp.inf if kind == "peak" else 0.0, "float32")


def _zeros(sizes, sharding):
    n = sizes["sum"]
    zeros = {
        "low": jnp.zeros(n, "uint32"),  # the lower and upper half of 64-bit counts
        "high": jnp.zeros(n, "uint32"),
        "first": jnp.zeros(n, "uint32"),
        "last": jnp.zeros(n, "uint32"),
        "peak": jnp.full(sizes["peak"], -jnp.inf, "float32"),
        "total": jnp.zeros(sizes["total"], "float32"),
        "rest": jnp.zeros(sizes["total"], "float32"),  # what rounding took from the total
        "steps": jnp.zeros((), "uint32"),
    }
    return jax.device_put(zeros, sharding) if sharding is not None else zeros


def _add(sums, batch):
    """Add one step; integers with carry, floats with what rounding took."""
    counts = batch["sum"].astype("uint32")
    low = sums["low"] + counts
    steps = sums["steps"] + 1
    happened = counts > 0
    term = batch["total"] + sums["rest"]
    total = sums["total"] + term
    return {
        "low": low,
        "high": sums["high"] + (low < counts).astype("uint32"),
        "first": jnp.where(happened & (sums["first"] == 0), steps, sums["first"]),
        "last": jnp.where(happened, steps, sums["last"]),
        "peak": jnp.maximum(sums["peak"], batch["peak"]),
        "total": total,
        "rest": term - (total - sums["total"]),
        "steps": steps,
    }


_add_compiled = jax.jit(_add, donate_argnums=0)


class Counters:
    """The accumulators of one engine, and the step that fills them."""

    def __init__(self, engine):
        self.engine = engine
        self.sums = None

    def build(self, model):
        """What to use in place of `model.train_function`."""
        shardings = None if keras.distribution.distribution() is None else model._get_state_sharding_spec()
        outs = None if shardings is None else (None, shardings)
        compiled = bool(model.jit_compile and not model.run_eagerly)
        return model._make_function(self.wrap(model.train_step, compiled, donated=(0,), out_shardings=outs))

    def wrap(self, step, compiled=True, donated=(), out_shardings=None):
        """A step that counts what the given one does; the given one must not be compiled yet."""
        replicated = _replicated(out_shardings)
        step = getattr(step, "__wrapped__", step) if isinstance(step, type(_add_compiled)) else step

        def observed(*args):
            home = next((leaf._trace for leaf in jax.tree.leaves(args) if isinstance(leaf, Tracer)), None)
            with self.engine.recording(compiled, home) as recorder:
                outputs = step(*args)
            return outputs, self.engine.pack(recorder)

        if not compiled:

            def eager(*args):
                outputs, batch = observed(*args)
                self._start(replicated)
                self.sums = _add_compiled(self.sums, batch)
                return outputs

            return eager

        inner = jax.jit(observed, inline=True)  # traced once: for the shapes and for the step itself

        @functools.partial(
            jax.jit,
            donate_argnums=(0, *(number + 1 for number in donated)),
            out_shardings=None if out_shardings is None else (out_shardings, replicated),
        )
        def outer(sums, *args):
            outputs, batch = inner(*args)
            return outputs, _add(sums, batch)

        def counted(*args):
            if self.sums is None:
                if self.engine.layout is None:
                    jax.eval_shape(inner, *args)
                self._start(replicated)
            outputs, self.sums = outer(self.sums, *args)
            return outputs

        return counted

    def _start(self, sharding):
        if self.sums is None:
            self.sums = _zeros(self.engine.layout.sizes, sharding)

    def read(self):
        """The accumulated vectors, or `None` before the first step."""
        if self.sums is None or self.sums["steps"].is_deleted():
            return None
        sums = jax.device_get(self.sums)
        counts = (sums["high"].astype("int64") << 32) + sums["low"]
        total = sums["total"].astype("float64") + sums["rest"]
        return {"sum": counts, "total": total, **{name: sums[name] for name in ("peak", "first", "last", "steps")}}

    def reset(self):
        """Begin again at zero."""
        self.sums = None


def _replicated(shardings):
    """On every device of the model's mesh: the sums over a sharded batch are then global ones."""
    for sharding in jax.tree.leaves(shardings):
        if isinstance(sharding, jax.sharding.NamedSharding):
            return jax.sharding.NamedSharding(sharding.mesh, jax.sharding.PartitionSpec())
    return None
