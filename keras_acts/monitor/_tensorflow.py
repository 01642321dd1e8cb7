"""TensorFlow: the accumulators are variables outside the model, one per kind of count, added to in the traced step.

Keras has no words for 64-bit variables that no model owns, for the graph that a tensor belongs to, or for hearing a
gradient that passes.
"""

import numpy as np
import tensorflow as tf

INTEGER = "int64"


def evaluator(function, dtype):
    """A function from points to values and slopes of an elementwise function, computed at once."""

    def evaluate(points):
        x = tf.cast(tf.constant(points), dtype)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        slopes = tf.convert_to_tensor(tape.gradient(y, x, unconnected_gradients=tf.UnconnectedGradients.ZERO))
        return [tf.cast(part, "float32").numpy() for part in (y, slopes)]

    return evaluate


def slope(function, x):
    """The slope of an elementwise function at `x`, as part of the step."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tf.stop_gradient(tape.gradient(y, x, unconnected_gradients=tf.UnconnectedGradients.ZERO))


def is_home(x, home):
    """Whether a tensor belongs to the step itself."""
    return (None if tf.executing_eagerly() else x.graph) is home


def on_backward(x, hear):
    """`x`; when back-propagation passes here, `hear` is told of the gradient."""

    @tf.custom_gradient
    def identity(x):
        def backward(gradient):
            hear(gradient)
            return gradient

        return tf.identity(x), backward

    return identity(x)


_PRODUCTS = ("MatMul", "Conv2D", "Conv3D", "DepthwiseConv2dNative")
_SUMS = ("Add", "AddV2", "BiasAdd")
# Activations that TensorFlow fuses with a product, and how to get from the largest output to the largest input; where
# the curve is flat, to an infinity, which says that the input is not known.
_INVERSES = {
    "Relu": lambda y: tf.where(y > 0, y, -np.inf),
    "Relu6": lambda y: tf.where(y > 0, tf.where(y < 6, y, np.inf), -np.inf),
    "Elu": lambda y: tf.where(y > 0, y, tf.math.log1p(y)),
    "Tanh": tf.math.atanh,
    "Sigmoid": lambda y: tf.math.log(y) - tf.math.log1p(-y),
}


def _product(x):
    """The product behind a tensor and what was added to it, or `None`."""
    if x.op.type in _PRODUCTS:
        return x.op, None
    if x.op.type in _SUMS:
        left, right = x.op.inputs
        if left.op.type in _PRODUCTS:
            return left.op, right
        if right.op.type in _PRODUCTS:
            return right.op, left
    return None


def may_fuse(x, is_compiled):
    """Whether reading `x` could change how the step is computed."""
    return not (is_compiled or tf.executing_eagerly()) and _product(x) is not None


def fused(x, y):
    """What to ask in place of the input of an activation that is fused with the product before it, or `None`."""
    product, inverse = _product(x), _INVERSES.get(y.op.type)
    return _Fused(*product, inverse) if product and inverse and y.op.inputs[0].op is x.op else None


class _Fused:
    """A product, an addition and an activation in one kernel, which may turn a NaN into 0."""

    def __init__(self, product, added, inverse):
        self.product, self.added, self.inverse = product, added, inverse

    def finite(self):
        """For each sample and unit whether the numbers that went in are finite; an overflow inside stays hidden."""
        inputs, kernel = self.product.inputs[:2]
        axes = (0, 1) if self.product.type == "DepthwiseConv2dNative" else tuple(range(len(kernel.shape) - 1))
        samples = tf.reduce_all(tf.math.is_finite(inputs), tuple(range(1, len(inputs.shape))))
        units = tf.reshape(tf.reduce_all(tf.math.is_finite(kernel), axes), (-1,))
        finite = samples[:, None] & units
        if self.added is None:
            return finite
        if len(self.added.shape) == len(inputs.shape) and self.added.shape[0] != 1:  # a shortcut, not a bias
            return finite & tf.reduce_all(tf.math.is_finite(self.added), tuple(range(1, len(inputs.shape) - 1)))
        return finite & tf.reshape(tf.math.is_finite(self.added), (-1,))


def count(condition, axes, also=None):
    """How many are true, and `also` too where it is given."""
    both = condition if also is None else condition & also
    return tf.math.count_nonzero(both, axis=axes, dtype="int64")


def count_apart(one, other):
    """How many of each along the first axis."""
    return count(one, (0,)), count(other, (0,))


def any_of(condition, axes):
    """Whether one is true."""
    return tf.reduce_any(condition, axes)


def extremes(x, positions, is_compiled):
    """Largest value over positions, and whether all are finite."""
    if not positions:
        return x, tf.math.is_finite(x)
    sizes = [x.shape[axis] for axis in positions]
    if is_compiled or None in sizes or positions[-1] == len(x.shape) - 1 or x.dtype != tf.float32:
        return tf.reduce_max(x, positions), tf.reduce_all(tf.math.is_finite(x), positions)
    # Without a compiler every reduction is a pass over the feature map, and a slow one. These two are vectorised: a
    # pool over the whole map, and a product with a row whose entries are so small that finite values cannot overflow.
    size = int(np.prod(sizes))
    x = tf.reshape(x, (-1, size, x.shape[-1]))
    peak = tf.nn.max_pool2d(x[:, :, None], (size, 1), 1, "VALID")[:, 0, 0]
    row = tf.fill((1, size), np.float32(0.5 / size))
    finite = tf.math.is_finite(tf.matmul(row, x)[:, 0])
    return peak, finite


def like(kind, size):
    """What a step that did not come to a site adds to its column."""
    if kind == "sum":
        return tf.zeros(size, "int64")
    return tf.fill([size], -np.inf if kind == "peak" else 0.0)


class Counters:
    """The accumulators of one engine, and the step that fills them."""

    def __init__(self, engine):
        self.engine = engine
        self.variables = None

    def build(self, model):
        """What to use in place of `model.train_function`."""
        observed = self._observed(model.train_step, bool(model.jit_compile and not model.run_eagerly))
        held, train_function = model.__dict__.get("train_step"), model.train_function
        object.__setattr__(model, "train_step", observed)
        try:
            model.make_train_function(force=True)
            return model.train_function
        finally:
            object.__delattr__(model, "train_step")
            if held is not None:
                object.__setattr__(model, "train_step", held)
            model.train_function = train_function

    def wrap(self, step, compiled=True):
        """A step that counts what the given one does."""
        observed = self._observed(getattr(step, "python_function", step), False)
        return tf.function(observed) if compiled else observed

    def _observed(self, step, compiled):
        def observed(*args):
            home = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
            with self.engine.recording(compiled, home) as recorder:
                outputs = step(*args)
            self._add(self.engine.pack(recorder))
            return outputs

        return observed

    def _add(self, batch):
        with tf.init_scope():
            if self.variables is None:
                self.variables = _variables(self.engine.layout.sizes)
        v = self.variables
        counts = batch["sum"]
        happened = counts > 0
        steps = v["steps"].assign_add(1)
        v["sum"].assign_add(counts)
        v["first"].assign(tf.where(happened & (v["first"] == 0), steps, v["first"]))
        v["last"].assign(tf.where(happened, steps, v["last"]))
        v["peak"].assign(tf.maximum(v["peak"], batch["peak"]))
        if self.engine.layout.sizes["total"]:
            v["total"].assign_add(tf.cast(batch["total"], "float64"))

    def read(self):
        """The accumulated vectors, or `None` before the first step."""
        if self.variables is None:
            return None
        replicas = {name: np.stack([part.numpy() for part in _parts(v)]) for name, v in self.variables.items()}
        first = np.where(replicas["first"] == 0, np.iinfo("int64").max, replicas["first"]).min(0)
        return {
            **{name: replicas[name].sum(0) for name in ("sum", "total")},
            **{name: replicas[name].max(0) for name in ("last", "peak", "steps")},
            "first": np.where(replicas["first"].any(0), first, 0),
        }

    def reset(self):
        """Begin again at zero."""
        for name, variable in (self.variables or {}).items():
            for part in _parts(variable):
                part.assign(tf.fill(part.shape, tf.cast(-np.inf if name == "peak" else 0, part.dtype)))


def _parts(variable):
    """The variable of each replica."""
    return getattr(variable, "values", (variable,))


def _variables(sizes):
    n = sizes["sum"]
    starts = {
        "sum": tf.zeros(n, "int64"),
        "first": tf.zeros(n, "int64"),
        "last": tf.zeros(n, "int64"),
        "peak": tf.fill([sizes["peak"]], np.float32(-np.inf)),
        "total": tf.zeros(sizes["total"], "float64"),
        "steps": tf.zeros((), "int64"),
    }
    # Each replica adds to its own; they come together when read.
    apart = {"synchronization": tf.VariableSynchronization.ON_READ, "aggregation": tf.VariableAggregation.SUM}
    settings = apart if tf.distribute.has_strategy() else {}
    return {name: tf.Variable(start, trainable=False, **settings) for name, start in starts.items()}
