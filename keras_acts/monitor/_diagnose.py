"""The monitor's look at a model that is not being trained."""

import itertools
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import keras
import numpy as np

from keras_acts._sites import check_model
from keras_acts.monitor._callback import DyingReLUMonitor


def diagnose(
    model: keras.Model,
    data: Any,
    batch_size: int = 256,
    alarm: float = 0.2,
    extras: Collection[str] = (),
    verbose: int = 0,
) -> DyingReLUMonitor:
    """Look for dead units in a model as it is, over some data.

    Args:
        model: A built model; nothing in it changes.
        data: What the model takes: an array (or a list or dict of arrays, for several inputs); or batches of it,
            `x` or `(x, y)`, from a `keras.utils.PyDataset`, `tf.data.Dataset` or any other iterable.
        batch_size: Samples at a time, where `data` is arrays.
        alarm: Share of a layer's units from which a finding is an alarm.
        extras: Further statistics, as for `DyingReLUMonitor`; without `"gradient"`, for which there is no loss.
        verbose: 1 prints the summary.

    Returns:
        A `DyingReLUMonitor` with what it found in one epoch over the data: `dead`, `units`, `findings`, `summary()`,
        `report(path)`. "Dead" is said of these samples; with 95 % confidence, less than 3/n of others wake such a unit.

    Raises:
        ValueError: There is no data, or the model is not built.
        TypeError: The data is neither arrays nor batches.

    Examples:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "relu", name="hidden")])
        >>> model.layers[0].set_weights([np.ones((2, 3)), np.array([1.0, -9.0, 1.0])])
        >>> found = keras_acts.diagnose(model, np.ones((100, 2)), alarm=1.0)
        >>> found.dead["hidden"]
        array([1])
        >>> found.units["hidden"].bound[1]  # share of inputs that may wake it all the same
        np.float64(0.03)
    """
    check_model("diagnose", model)
    if not model.built:
        raise ValueError(
            f"diagnose looks at weights, and the model {model.name!r} has none yet; call it on data first."
        )
    monitor = DyingReLUMonitor(alarm=alarm, rise=1.0, extras=extras, verbose=0)
    monitor.is_training = False
    step = monitor.watch(lambda x: model(x, training=False), compile=False)
    batches = _batches(data, batch_size)
    first = next(batches, None)
    if first is None:
        raise ValueError("diagnose needs at least one batch of data, got none.")
    for x in itertools.chain([first], batches):
        step(keras.tree.map_structure(keras.ops.convert_to_tensor, x))
    monitor.end_epoch()
    monitor.note_unseen(model)
    if verbose:
        print(monitor.summary())
    return monitor


def _batches(data: Any, size: int) -> Iterator[Any]:
    """Inputs, batch by batch."""
    is_structure = isinstance(data, (dict, list)) and all(_is_array(part) for part in keras.tree.flatten(data))
    if _is_array(data) or is_structure:
        arrays = keras.tree.map_structure(np.asarray, data)
        samples = min((len(array) for array in keras.tree.flatten(arrays)), default=0)
        for start in range(0, samples, size):
            yield keras.tree.map_structure(lambda array, start=start: array[start : start + size], arrays)
        return
    items: Iterable[Any] = data
    if isinstance(data, keras.utils.PyDataset):
        number: int | None = getattr(data, "num_batches", None)
        if number is None:
            raise ValueError("diagnose needs data that ends; the PyDataset says that it has no number of batches.")
        items = (data[place] for place in range(number))
    elif not isinstance(data, Iterable) or isinstance(data, str):
        raise TypeError(
            f"diagnose expected data as an array, as a list or dict of arrays, or as batches of them, got "
            f"{type(data).__name__}; pass what the model takes."
        )
    for item in items:
        yield item[0] if isinstance(item, tuple) else item


def _is_array(data: Any) -> bool:
    return isinstance(data, np.ndarray) or keras.ops.is_tensor(data)
