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
        slopes = tape.gradient(y, x, unconnected_gradients="zero")
        return [tf.cast(part, "float32").numpy() for part in (y, slopes)]

    return evaluate


def slope(function, x):
    """The slope of an elementwise function at `x`, as part of the step."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tf.stop_gradient(tape.gradient(y, x, unconnected_gradients="zero"))


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


def count(condition, axes):
    """How many are true."""
    return tf.math.count_nonzero(condition, axis=axes, dtype="int64")


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
        compiled = bool(model.jit_compile and not model.run_eagerly)
        original = model.train_step

        def observed(data):
            home = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
            with self.engine.recording(compiled, home) as recorder:
                logs = original(data)
            self._add(self.engine.pack(recorder))
            return logs

        held = model.__dict__.get("train_step")
        train_function = model.train_function
        object.__setattr__(model, "train_step", observed)
        try:
            model.make_train_function(force=True)
            return model.train_function
        finally:
            object.__delattr__(model, "train_step")
            if held is not None:
                object.__setattr__(model, "train_step", held)
            model.train_function = train_function

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
        return None if self.variables is None else {name: v.numpy() for name, v in self.variables.items()}

    def reset(self):
        """Begin again at zero."""
        for name, variable in (self.variables or {}).items():
            variable.assign(tf.fill(variable.shape, tf.cast(-np.inf if name == "peak" else 0, variable.dtype)))


def _variables(sizes):
    n = sizes["sum"]
    return {
        "sum": tf.Variable(tf.zeros(n, "int64"), trainable=False),
        "first": tf.Variable(tf.zeros(n, "int64"), trainable=False),
        "last": tf.Variable(tf.zeros(n, "int64"), trainable=False),
        "peak": tf.Variable(tf.fill([sizes["peak"]], -np.inf), trainable=False, dtype="float32"),
        "total": tf.Variable(tf.zeros(sizes["total"], "float64"), trainable=False),
        "steps": tf.Variable(tf.zeros((), "int64"), trainable=False),
    }
