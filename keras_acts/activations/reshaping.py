"""Functions that move channels about: they pool, sort or concatenate along an axis."""

from keras import ops

from keras_acts._bases import Reshaping, Rows, check_axis
from keras_acts._core import Tensor, activation, exported
from keras_acts.activations.rectifiers import relu


def _check_division(shape: tuple[int | None, ...], axis: int, parts: int, owner: str, name: str) -> int | None:
    """The size of `shape` along `axis` divided by `parts`; raises `ValueError` where that leaves a rest."""
    check_axis(axis, len(shape), owner, several=False)
    size = shape[axis]
    if size is None:
        return None
    if size % parts:
        raise ValueError(
            f"{owner}: `{name}` must divide the size of axis {axis}, got {name}={parts} for size {size} in shape "
            f"{shape}; make the layer before it {size + parts - size % parts} wide or choose another `{name}`."
        )
    return size // parts


def _split(x: Tensor, axis: int, parts: int, adjacent: bool = True) -> tuple[Tensor, int]:
    """`x` with one axis split in two, and which of the two holds `parts` places: neighbours, or a stride apart."""
    axis = axis % len(x.shape)
    sizes = [x.shape[i] if x.shape[i] is not None else ops.shape(x)[i] for i in range(len(x.shape))]
    sizes[axis : axis + 1] = [sizes[axis] // parts, parts] if adjacent else [parts, sizes[axis] // parts]
    return ops.reshape(x, sizes), axis + 1 if adjacent else axis


@activation(
    kind="reshaping",
    source="Goodfellow et al., Maxout Networks, 2013, arXiv:1302.4389",
    limits={"pieces": (1, 2**20)},
    used_by=("TensorFlow Addons (Maxout, with pieces a stride apart)", "Paddle (maxout)"),
    presets={"tensorflow_addons": {"adjacent": False}},
    distinct_from={"Maxout of TensorFlow Addons": "is told how many channels remain, `channels // pieces` here"},
)
def maxout(x: Tensor, pieces: int = 2, axis: int = -1, adjacent: bool = True) -> Tensor:
    """Maxout: the largest of every `pieces` channels, so that one in `pieces` remains.

    Behind a `Dense` layer it is a learned convex curve of that many straight pieces. Where several are largest, the
    slope is shared among them.

    Args:
        x: Tensor of any rank from 1.
        pieces: How many channels are compared; it divides the size of `axis`.
        axis: The axis that shrinks.
        adjacent: Whether neighbouring channels are compared, as in Paddle. If not, the axis is cut into `pieces`
            blocks that are compared place by place, as in TensorFlow Addons.

    Returns:
        Tensor of the same floating-point dtype, `axis` divided by `pieces`.

    Raises:
        TypeError: `pieces` is not a number, or `adjacent` neither True nor False.
        ValueError: `pieces` is below 1 or does not divide the size of `axis`, or `axis` is not an axis of `x`.

    Examples:
        >>> np.asarray(keras_acts.maxout([[1.0, 5.0, 2.0, 3.0]]))
        array([[5., 3.]], dtype=float32)
        >>> np.asarray(keras_acts.maxout([[1.0, 5.0, 2.0, 3.0]], adjacent=False))
        array([[2., 5.]], dtype=float32)
    """
    _check_division(tuple(x.shape), axis, int(pieces), "maxout", "pieces")
    parted, place = _split(x, axis, int(pieces), adjacent)
    if 0 in tuple(x.shape):  # TensorFlow knows no largest of nothing
        return ops.squeeze(ops.split(parted, int(pieces), place)[0], place)
    return ops.max(parted, place)


class Maxout(Reshaping, fn=maxout):
    """Layer form of `maxout`; put it after a `Dense` that is `pieces` times as wide as the output you want.

    Args:
        pieces: How many channels are compared; it divides the size of `axis`.
        axis: The axis that shrinks.
        adjacent: Whether neighbouring channels are compared, instead of blocks place by place.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Raises:
        TypeError: `pieces` is not a number, or `adjacent` neither True nor False.
        ValueError: `pieces` is below 1 or does not divide the size of `axis`.

    Examples:
        >>> np.asarray(keras_acts.Maxout()(np.array([[1.0, 5.0, 2.0, 3.0]])))
        array([[5., 3.]], dtype=float32)
    """

    deed = "shrinks an axis"

    def __init__(self, pieces: int = 2, axis: int = -1, adjacent: bool = True, **kwargs):
        super().__init__(axis, {"pieces": pieces, "adjacent": adjacent}, **kwargs)

    def resized(self, shape):
        left = _check_division(shape, self.axis, self.pieces, "Maxout", "pieces")
        axis = self.axis % len(shape)
        return (*shape[:axis], left, *shape[axis + 1 :])


@activation(
    kind="reshaping",
    source="Shang et al., Understanding and Improving Convolutional Neural Networks via Concatenated Rectified Linear "
    "Units, 2016, arXiv:1603.05201",
    output_range=("0", "inf"),
    aliases=("concatenated_relu",),
    used_by=("TensorFlow (tf.nn.crelu)",),
)
def crelu(x: Tensor, axis: int = -1) -> Tensor:
    """Concatenated rectifier: `relu(x)` and `relu(-x)` side by side, so that no sign is lost.

    Args:
        x: Tensor of any rank from 1.
        axis: The axis that doubles.

    Returns:
        Tensor of the same floating-point dtype, `axis` doubled.

    Raises:
        ValueError: `axis` is not an axis of `x`.

    Examples:
        >>> np.asarray(keras_acts.crelu([[2.0, -3.0]]))
        array([[2., 0., 0., 3.]], dtype=float32)
    """
    check_axis(axis, len(x.shape), "crelu", several=False)
    return ops.concatenate([relu(x), relu(-x)], axis)


class CReLU(Reshaping, fn=crelu):
    """Layer form of `crelu`.

    Args:
        axis: The axis that doubles.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Raises:
        ValueError: `axis` is not an axis of the input.

    Examples:
        >>> np.asarray(keras_acts.CReLU()(np.array([[2.0, -3.0]])))
        array([[2., 0., 0., 3.]], dtype=float32)
    """

    deed = "doubles an axis"

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(axis, **kwargs)

    def resized(self, shape):
        check_axis(self.axis, len(shape), "CReLU", several=False)
        axis, size = self.axis % len(shape), shape[self.axis]
        return (*shape[:axis], None if size is None else 2 * size, *shape[axis + 1 :])


@activation(
    kind="axis",
    source="Anil et al., Sorting Out Lipschitz Function Approximation, 2018, arXiv:1811.05381",
    aliases=("maxmin", "oplu"),
    limits={"group_size": (1, 2**20)},
)
def groupsort(x: Tensor, group_size: int = 2, axis: int = -1) -> Tensor:
    """GroupSort: neighbouring channels in groups, each sorted from the smallest to the largest.

    It only moves values, so it keeps the norm of its input and of the gradient: networks with a Lipschitz constant
    of 1 use it. Groups of 2 are MaxMin, also called OPLU; one group of all channels is FullSort.

    Args:
        x: Tensor of any rank from 1.
        group_size: How many neighbouring channels are sorted; it divides the size of `axis`.
        axis: The axis along which channels are sorted.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `group_size` is not a number.
        ValueError: `group_size` is below 1 or does not divide the size of `axis`, or `axis` is not an axis of `x`.

    Examples:
        >>> np.asarray(keras_acts.groupsort([[4.0, 1.0, 2.0, 3.0]]))
        array([[1., 4., 2., 3.]], dtype=float32)
    """
    _check_division(tuple(x.shape), axis, int(group_size), "groupsort", "group_size")
    parted, place = _split(x, axis, int(group_size))
    if group_size == 2:  # two comparisons cost less than a sort
        first, second = ops.split(parted, 2, place)
        swap = first > second
        pair = [ops.where(swap, second, first), ops.where(swap, first, second)]
        ordered = ops.concatenate(pair, place)
    else:
        ordered = ops.sort(parted, place)
    return ops.reshape(ordered, ops.shape(x))


class GroupSort(Rows, fn=groupsort):
    """Layer form of `groupsort`.

    Args:
        group_size: How many neighbouring channels are sorted; it divides the size of `axis`.
        axis: The axis along which channels are sorted.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Raises:
        TypeError: `group_size` is not a number.
        ValueError: `group_size` is below 1.

    Examples:
        >>> np.asarray(keras_acts.GroupSort()(np.array([[4.0, 1.0, 2.0, 3.0]])))
        array([[1., 4., 2., 3.]], dtype=float32)
    """

    def __init__(self, group_size: int = 2, axis: int = -1, **kwargs):
        super().__init__(axis, {"group_size": group_size}, **kwargs)

    def compute_output_shape(self, input_shape):
        _check_division(tuple(input_shape), self.axis, self.group_size, "GroupSort", "group_size")
        return tuple(input_shape)


__all__ = exported(__name__)
