"""TensorFlow: one graph trains a whole epoch, and every seed of a model goes through it.

Imports TensorFlow because this is what makes a study fast: a loop over the steps inside `tf.function` has no words in
Keras. The step itself is the model's own `train_step`, as in `fit`, compiled by XLA if the model is
(`jit_compile=True`). Its variables take the place of a batched state: TensorFlow cannot batch over them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_acts.study._health import health, report
from keras_acts.study._job import Job, Outcome, all_diverged, clock, order

# What a model raises that cannot be traced through a whole epoch: it asks for numbers, leaks a tensor (`ValueError`),
# or XLA cannot compile it.
UNTRACEABLE = (TypeError, AttributeError, NotImplementedError, ValueError, tf.errors.OpError)


class Program:
    """Trains the model of a job from one seed after the other.

    Args:
        job: What to train.
        width: How many seeds at most.
    """

    def __init__(self, job: Job, width: int) -> None:
        self.job = job
        self._train_set, self._val_set = _constants(job.data.training), _constants(job.data.validation)
        probe = _constants(job.probe())
        self._epoch = tf.function(self._one_epoch, jit_compile=job.model.jit_compile, autograph=False)
        self._look = tf.function(lambda: _health(job, *probe), autograph=False)

    def train(self, seeds: Sequence[int], tick: Callable[[int], None]) -> Iterator[Outcome]:
        """Train from each seed; gives each outcome as soon as it is there."""
        job = self.job
        for seed in seeds:
            job.start.assign(seed)
            before = report(*self._look())
            curves, seconds, since = [], [], clock()
            for epoch in range(job.epochs):
                logs = self._epoch(tf.constant(order(seed, epoch, job.data.samples)))
                curves.append({name: float(value) for name, value in logs.items()})
                seconds.append(since())
                tick(1)
                if all_diverged(curves[-1:]):
                    tick(job.epochs - epoch - 1)
                    break
            yield Outcome(curves, before, report(*self._look()), seconds)

    def _one_epoch(self, rows: Any) -> Any:
        model = self.job.model
        logs = _loop(model, model.train_step, self._train_set, rows, self.job.batch_size)
        if self._val_set is not None:
            everything = tf.range(keras.tree.flatten(self._val_set)[0].shape[0])
            judged = _loop(model, model.test_step, self._val_set, everything, self.job.validation_batch)
            logs |= {f"val_{name}": value for name, value in judged.items()}
        return logs


def _constants(arrays: Any) -> Any:
    return None if arrays is None else keras.tree.map_structure(tf.constant, arrays)


def _loop(model: keras.Model, step: Any, arrays: Any, rows: Any, size: int) -> Any:
    """Run `step` over batches of `rows`, the last of which may be smaller; return the metrics over all of them."""

    def take(at: Any) -> Any:
        return keras.tree.map_structure(lambda array: tf.gather(array, at), arrays)

    def advance(first: Any) -> Any:
        step(take(tf.reshape(tf.slice(rows, [first], [size]), [size])))
        return (first + size,)

    model.reset_metrics()
    samples = int(rows.shape[0])
    whole = samples // size * size
    if whole:
        tf.while_loop(lambda first: first < whole, advance, [tf.constant(0)])
    if whole < samples:
        step(take(rows[whole:]))
    return model.get_metrics_result()


def _health(job: Job, x: Any, y: Any) -> Any:
    model = job.model
    trainable = [variable.value for variable in model.trainable_variables]
    non_trainable = [variable.value for variable in model.non_trainable_variables]

    def both(look: bool) -> Any:
        with tf.GradientTape() as tape:
            values = [tf.identity(value) for value in trainable]
            tape.watch(values)
            loss, shares = health(model, values, non_trainable, x, y, look)
        wanted = [values[i] for i in job.start.kernels]
        gradients = tape.gradient(loss, wanted, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return shares, [tf.norm(gradient) for gradient in gradients]

    try:
        return both(look=True)
    except ValueError:  # TensorFlow has a class of its own for a tensor of another graph, but no public name for it
        # An activation inside a loop of the model, such as a recurrent cell's, cannot be seen from outside it.
        return both(look=False)


def health_of(job: Job) -> dict[str, Any]:
    """The health of the model as it is."""
    return report(*_health(job, *_constants(job.probe())))
