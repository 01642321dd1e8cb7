"""The abstract layers: they hold all mechanics, so that a named layer is a signature and a docstring."""

import dataclasses
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from keras_acts._core import CATALOGUE, WIDE, Facts, Tensor, as_real, as_tensor, number, register, spell


class Activation(keras.layers.Layer):
    """Base of every layer here: parameters checked once, kept as attributes, saved by name.

    Final layers derive from one of the abstract layers below and name their function with `fn=`.

    Args:
        parameters: The function's parameters that this layer holds, by name.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.
    """

    facts: Facts
    holds: ClassVar[str] = ""  # "weights" or "seed": what the layer keeps, and the function has to be given

    def __init_subclass__(cls, fn: Callable | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if fn is None:
            return
        name = fn.__name__
        CATALOGUE[name] = cls.facts = dataclasses.replace(CATALOGUE[name], layer=cls)
        spell(cls.__name__, name)
        register(cls.__name__, cls)

    def __init__(self, parameters: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if "float" not in self.compute_dtype:
            raise ValueError(
                f"{type(self).__name__} computes with real numbers and needs a floating-point dtype, got dtype "
                f'{self.compute_dtype!r}; leave `dtype` out or pass one such as "float32" or "mixed_float16".'
            )
        self.supports_masking = True
        parameters = self.facts.validate(parameters or {})
        self._held = tuple(parameters)
        for name, value in parameters.items():
            setattr(self, name, value)
        self.built = True

    def settings(self) -> dict[str, Any]:
        """The function's parameters that this layer holds, by name."""
        return {name: getattr(self, name) for name in self._held}

    def apply(self, inputs: Tensor, **extra: Any) -> Tensor:
        """The function on `inputs` with this layer's parameters, in this layer's compute dtype."""
        inputs = as_real(inputs, type(self).__name__)
        return ops.cast(self.facts.function(inputs, **self.settings(), **extra), self.compute_dtype)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.settings()}


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class Elementwise(Activation):
    """Abstract layer of a function that maps each element by itself; any shape, same shape out."""

    def call(self, inputs: Tensor) -> Tensor:
        return self.apply(inputs)


class Weighted(Activation):
    """Abstract layer that owns the parameters of its function.

    A layer with other shapes than the ones that `build` is told in `weight_shapes` overrides that method.

    Args:
        learned: The trained parameters, by name, with their initializers; a number means that constant.
        parameters: The function's fixed parameters.
        **kwargs: `<name>_regularizer` and `<name>_constraint` of each trained parameter, and `name`, `dtype`,
            `trainable` as in every Keras layer.
    """

    holds = "weights"
    untrained: ClassVar[tuple[str, ...]] = ()  # parameters that follow the batches instead of the gradient

    def __init__(self, learned: Mapping[str, Any], parameters: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        trained = [name for name in learned if name not in self.untrained]
        regularizers = {name: kwargs.pop(f"{name}_regularizer", None) for name in trained}
        constraints = {name: kwargs.pop(f"{name}_constraint", None) for name in trained}
        super().__init__(parameters, **kwargs)
        self._learned = tuple(learned)
        for name, initializer in learned.items():
            if isinstance(initializer, numbers.Real):
                initializer = keras.initializers.Constant(number(type(self).__name__, name, initializer, -1e38, 1e38))
            setattr(self, f"{name}_initializer", keras.initializers.get(initializer))
            setattr(self, f"{name}_regularizer", keras.regularizers.get(regularizers.get(name)))
            setattr(self, f"{name}_constraint", keras.constraints.get(constraints.get(name)))
        self.built = False

    def weight_shapes(self, input_shape: Sequence[int | None]) -> Mapping[str, Sequence[int | None]]:
        """Shape of each parameter, by name, for inputs of this shape."""
        raise NotImplementedError

    def build(self, input_shape: Sequence[int | None]) -> None:
        self._create(self.weight_shapes(input_shape))

    def _create(self, shapes: Mapping[str, Sequence[int | None]]) -> None:
        for name, shape in shapes.items():
            weight = self.add_weight(
                shape=tuple(shape),
                name=name,
                initializer=getattr(self, f"{name}_initializer"),
                regularizer=getattr(self, f"{name}_regularizer"),
                constraint=getattr(self, f"{name}_constraint"),
                # The function widens its input anyway: the parameter keeps all its bits.
                dtype=self.variable_dtype if self.variable_dtype in WIDE else "float32",
                autocast=False,
                trainable=name not in self.untrained,
            )
            setattr(self, name, weight)
        self.built = True

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        # Inside `Dense(activation=PReLU())` Keras builds this layer only on the first call, and would drop the
        # saved values of one that was never called. The saved shapes say all that building needs.
        if not self.built and len(store.keys()) == len(self._learned):
            self._create({name: store[str(i)].shape for i, name in enumerate(self._learned)})
        if self.built and not store.keys():
            raise ValueError(
                f"{type(self).__name__} {self.name!r} found none of its weights in the file and expected "
                f"{list(self._learned)}: Keras saves an instance once, so where several layers share one as their "
                f"`activation=`, give each its own, or add `keras_acts.{type(self).__name__}()` after them."
            )
        super().load_own_variables(store)

    def weights_by_name(self) -> dict[str, Tensor]:
        """The parameters that this layer owns, by name."""
        return {name: getattr(self, name) for name in self._learned}

    def call(self, inputs: Tensor) -> Tensor:
        return self.apply(inputs, **self.weights_by_name())

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in self._learned:
            config[f"{name}_initializer"] = keras.initializers.serialize(getattr(self, f"{name}_initializer"))
            if name not in self.untrained:
                config[f"{name}_regularizer"] = keras.regularizers.serialize(getattr(self, f"{name}_regularizer"))
                config[f"{name}_constraint"] = keras.constraints.serialize(getattr(self, f"{name}_constraint"))
        return config


class Trainable(Weighted):
    """Abstract layer that trains the parameters of its function, by default one set per channel.

    Args:
        learned: The trained parameters, by name, with their initializers; a number means that constant.
        shared_axes: Axes along which one parameter serves all positions, the batch axis always among them.
            `"spatial"` (the default): all but the channel axis, so one parameter per channel, which for
            `(batch, units)` is one per unit. `"all"`: one parameter for the layer. `None`: one per element,
            the default of `keras.layers.PReLU`. Or a list of axes as in Keras; negative axes count from the end.
        data_format: `"channels_last"` or `"channels_first"`: where `"spatial"` finds the channel axis.
            Defaults to `keras.config.image_data_format()`.
        parameters: The function's fixed parameters.
        **kwargs: `<name>_regularizer` and `<name>_constraint` of each trained parameter, and `name`, `dtype`,
            `trainable` as in every Keras layer.
    """

    def __init__(
        self,
        learned: Mapping[str, Any],
        shared_axes: str | int | Sequence[int] | None = "spatial",
        data_format: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learned, parameters, **kwargs)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ValueError(
                f"{type(self).__name__}: `data_format` must be 'channels_last', 'channels_first' or None, got "
                f"{data_format!r}; leave it out to use keras.config.image_data_format()."
            )
        axes = [shared_axes] if _is_whole(shared_axes) else shared_axes
        if axes not in (None, "spatial", "all"):
            if not isinstance(axes, (list, tuple)) or not all(_is_whole(axis) and axis for axis in axes):
                raise ValueError(
                    f"{type(self).__name__}: `shared_axes` must be 'spatial', 'all', None or a list of non-zero "
                    f"integers (the batch axis 0 is always shared), got {shared_axes!r}; for images of shape "
                    "(batch, height, width, channels) one parameter per channel is shared_axes=[1, 2]."
                )
            axes = list(axes)
        self.shared_axes = axes
        self.data_format = data_format or keras.config.image_data_format()

    def weight_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the trained parameter `name`, where `shape` is what `shared_axes` leaves of the input's."""
        return shape

    def _is_shared(self, rank: int) -> list[bool]:
        """For each axis after the batch, whether one parameter serves all its positions."""
        if self.shared_axes is None:
            return [False] * (rank - 1)
        if self.shared_axes == "all":
            return [True] * (rank - 1)
        if self.shared_axes == "spatial":
            channel = 1 if self.data_format == "channels_first" else rank - 1
            return [axis != channel for axis in range(1, rank)]
        axes: list[int] = self.shared_axes  # pyright: ignore[reportAssignmentType]
        for axis in axes:
            if not -rank < axis < rank:
                raise ValueError(
                    f"{type(self).__name__}: `shared_axes` must lie between {1 - rank} and {rank - 1} for an input of "
                    f"rank {rank}, got {axis}; drop it or give the input that axis."
                )
        shared = {axis % rank for axis in axes}
        return [axis in shared for axis in range(1, rank)]

    def build(self, input_shape: Sequence[int | None]) -> None:
        shared = self._is_shared(len(input_shape))
        shape: Any = tuple(1 if alike else size for alike, size in zip(shared, input_shape[1:], strict=True))
        if None in shape:
            raise ValueError(
                f"{type(self).__name__} keeps one parameter per position of axis {shape.index(None) + 1}, whose size "
                f"is unknown: expected a fixed size, got input shape {tuple(input_shape)}; share that axis with "
                "`shared_axes` or fix the size."
            )
        self._create({name: self.weight_shape(name, shape) for name in self._learned})
        fixed = {axis: size for axis, size in enumerate(shape, start=1) if not shared[axis - 1]}
        self.input_spec = keras.layers.InputSpec(ndim=len(input_shape), axes=fixed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shared_axes": self.shared_axes, "data_format": self.data_format}


def split_gate(x: Tensor, axis: int, gate: str, owner: str) -> tuple[Tensor, Tensor]:
    """Split one axis into its gate half and its value half, in that order.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"`, `"second"`, or `"interleaved"` (even places gate, odd ones value).
        owner: Name to begin error messages with.

    Raises:
        ValueError: `gate` is none of the three, `axis` does not exist, or its size is odd.
    """
    _check_gate(gate, owner)
    _halve(tuple(x.shape), axis, owner)
    if gate == "interleaved":
        before = (slice(None),) * (axis % len(x.shape))
        return x[(*before, slice(0, None, 2))], x[(*before, slice(1, None, 2))]
    first, second = ops.split(x, 2, axis)
    return (first, second) if gate == "first" else (second, first)


def _check_gate(gate: str, owner: str) -> None:
    if gate not in ("first", "second", "interleaved"):
        raise ValueError(
            f"{owner}: `gate` says which half is the gate and must be 'first', 'second' or 'interleaved', got "
            f"{gate!r}; pass one of those."
        )


def _halve(shape: tuple[int | None, ...], axis: int, owner: str) -> tuple[int | None, ...]:
    """The shape of each half; raises `ValueError` where there is none."""
    check_axis(axis, len(shape), owner, several=False)
    size = shape[axis]
    if size is not None and size % 2:
        raise ValueError(
            f"{owner} splits axis {axis} into a gate half and a value half and needs an even size there, got {size} in "
            f"shape {shape}; make the layer before it {size + 1} wide or choose another `axis`."
        )
    halved = list(shape)
    halved[axis] = None if size is None else size // 2
    return tuple(halved)


class Reshaping(Activation):
    """Abstract layer of a function that changes the size of one axis.

    Args:
        axis: The axis whose size changes.
        parameters: The function's other parameters.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.
    """

    deed: ClassVar[str] = "changes the size of an axis"

    def __init__(self, axis: int = -1, parameters: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__({"axis": axis, **(parameters or {})}, **kwargs)
        check_axis(axis, None, type(self).__name__, several=False)

    def resized(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The output shape for inputs of this shape; raises `ValueError` where there is none."""
        raise NotImplementedError

    def call(self, inputs: Tensor) -> Tensor:
        return self.apply(inputs)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        return self.resized(tuple(input_shape))

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None) -> Tensor | None:
        """The mask goes through, except where it speaks of positions along the axis that changes."""
        if previous_mask is None or self.axis % len(inputs.shape) < len(previous_mask.shape):
            return None
        return previous_mask


class Gated(Reshaping):
    """Abstract layer of a function that lets one half of an axis gate the other; that axis comes out halved.

    Args:
        axis: The axis to split; its size must be even.
        gate: Which half is the gate: `"first"`, `"second"` or `"interleaved"`.
        parameters: The function's other parameters.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.
    """

    deed = "halves an axis"

    def __init__(
        self, axis: int = -1, gate: str = "first", parameters: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(axis, {"gate": gate, **(parameters or {})}, **kwargs)
        _check_gate(gate, type(self).__name__)

    def resized(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return _halve(shape, self.axis, type(self).__name__)


class Rows(Activation):
    """Abstract layer of a function in which the entries along one axis depend on each other.

    Args:
        axis: The axis along which they do.
        parameters: The function's other parameters.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.
    """

    def __init__(self, axis: int = -1, parameters: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__({"axis": axis, **(parameters or {})}, **kwargs)
        check_axis(axis, None, type(self).__name__, several=False)

    def call(self, inputs: Tensor) -> Tensor:
        return self.apply(inputs)


def masks_rows(mask: Tensor, x: Tensor, axis: int | Sequence[int]) -> bool:
    """Whether a mask that Keras propagates, `(batch, time)`, has no word about single entries along `axis`."""
    rank, known = len(x.shape), len(mask.shape)
    return known < rank and any(a % rank >= known for a in ([axis] if isinstance(axis, int) else axis))


def fit_mask(mask: Any, x: Tensor, axis: int | Sequence[int], owner: str) -> Tensor | None:
    """Make a mask speak of the entries of `x`: `True` keeps an entry, `False` leaves it out; `None` stays `None`.

    A mask with fewer axes than `x` is aligned with its first axes, as the masks are that Keras propagates.

    Raises:
        TypeError: The mask holds neither booleans nor integers.
        ValueError: The mask does not broadcast against `x`, or tells no entries along `axis` apart.
    """
    if mask is None:
        return None
    mask, dtype = as_tensor(mask, f"The `mask` of {owner}")
    if dtype != "bool" and "int" not in dtype:
        raise TypeError(
            f"{owner}: `mask` must hold booleans, True where an entry is kept, got dtype {dtype}; compare first, for "
            "example `mask > 0`, or `mask == 0` for one that is added to logits."
        )
    shape = tuple(mask.shape)
    if masks_rows(mask, x, axis):
        raise ValueError(
            f"{owner}: `mask` must tell entries along axis {axis} apart, got mask shape {shape} for input shape "
            f"{tuple(x.shape)}; pass one boolean per entry (True keeps it)."
        )
    rank = len(x.shape)
    if len(shape) < rank:
        missing = (1,) * (rank - len(shape))
        mask = ops.reshape(mask, (*ops.shape(mask), *missing))
        shape = (*shape, *missing)
    sizes = zip(shape, x.shape, strict=False)
    if len(shape) > rank or any(None not in (m, n) and m not in (1, n) for m, n in sizes):
        raise ValueError(
            f"{owner}: `mask` must broadcast against the input, got mask shape {shape} for input shape "
            f"{tuple(x.shape)}; pass one boolean per entry (True keeps it) or one per step."
        )
    return ops.cast(mask, "bool")


def check_axis(axis: Any, rank: int | None, owner: str, several: bool = True) -> None:
    """Raise `ValueError` unless `axis` is one axis, or several, of a tensor of that rank; `None`: not yet known."""
    axes = list(axis) if several and isinstance(axis, (list, tuple)) else [axis]
    whole = axes and all(_is_whole(a) for a in axes)
    if whole and (rank is None or all(-rank <= a < rank for a in axes)):
        return
    came = f"{axis!r}" if rank is None else f"{axis!r} for an input with {rank} axes"
    mend = "give the input at least one axis" if rank == 0 else "pass an integer"
    mend += f" from {-rank} to {rank - 1}" if rank else "" if rank == 0 else " such as -1"
    raise ValueError(f"{owner}: `axis` must be an axis of the input, got {came}; {mend}.")


class Simplex(Activation):
    """Abstract layer of a function that weighs the entries of each row against each other, and leaves masked ones out.

    Args:
        axis: The axis, or axes, along which the entries are weighed.
        parameters: The function's other parameters.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; entries where it is `False` get weight 0 and take
            no part. A mask that Keras propagates (`(batch, time)`) applies when `axis` is the time axis.
    """

    def __init__(
        self, axis: int | Sequence[int] = -1, parameters: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        super().__init__({"axis": axis, **(parameters or {})}, **kwargs)
        check_axis(axis, None, type(self).__name__)

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        return self.apply(inputs, mask=self._of_entries(mask, inputs))

    def _of_entries(self, mask: Tensor | None, inputs: Tensor) -> Tensor | None:
        if mask is not None and masks_rows(mask, inputs, self.axis):
            return None  # whole rows are masked, which is the next layer's business
        return mask

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None) -> Tensor | None:
        return previous_mask


class Stochastic(Activation):
    """Abstract layer of a function that draws random numbers in training and none in inference.

    Args:
        seed: Integer that makes the draws reproducible, or `None`.
        parameters: The function's other parameters.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any shape.
        training: Whether to draw; Keras sets it in `fit`.
    """

    holds = "seed"

    def __init__(self, seed: int | None = None, parameters: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(parameters, **kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        return self.apply(inputs, training=bool(training), seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


class StochasticSimplex(Simplex):
    """Abstract layer of a function that draws the weights of each row at random in training.

    Args:
        axis: The axis along which the weights sum to 1.
        seed: Integer that makes the draws reproducible, or `None`.
        parameters: The function's other parameters.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; `False` leaves an entry out.
        training: Whether to draw; Keras sets it in `fit`.
    """

    holds = "seed"

    def __init__(
        self, axis: int = -1, seed: int | None = None, parameters: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(axis, parameters, **kwargs)
        check_axis(axis, None, type(self).__name__, several=False)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Tensor, mask: Tensor | None = None, training: bool = False) -> Tensor:
        mask = self._of_entries(mask, inputs)
        return self.apply(inputs, mask=mask, training=bool(training), seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


class Contextual(Weighted):
    """Abstract layer whose curve depends on neighbours, or on statistics over the batch.

    Statistics are the batch's own in training, where `moving_mean` and `moving_variance` follow them; in inference,
    and while the layer is frozen, they are these two.

    Args:
        learned: The parameters, by name, with their initializers; a number means that constant.
        axis: The channel axis.
        momentum: How much of a moving statistic stays after each batch.
        parameters: The function's other fixed parameters.
        **kwargs: As in `Weighted`.
    """

    def __init__(
        self,
        learned: Mapping[str, Any],
        axis: int = -1,
        momentum: float | None = None,
        parameters: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        check_axis(axis, None, type(self).__name__, several=False)
        super().__init__(learned, {"axis": axis, **(parameters or {})}, **kwargs)
        if momentum is not None:
            self.momentum = number(type(self).__name__, "momentum", momentum, 0.0, 1.0)

    def statistics(self, inputs: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean and variance of each channel over one batch."""
        raise NotImplementedError

    def channels(self, input_shape: Sequence[int | None]) -> int:
        """The size of the channel axis; raises `ValueError` where it is unknown."""
        check_axis(self.axis, len(input_shape), type(self).__name__, several=False)
        size = input_shape[self.axis]
        if size is None:
            raise ValueError(
                f"{type(self).__name__} keeps parameters per channel: expected a fixed size of axis {self.axis}, got "
                f"input shape {tuple(input_shape)}; fix that size or choose another `axis`."
            )
        return size

    def build(self, input_shape: Sequence[int | None]) -> None:
        super().build(input_shape)
        rank = len(input_shape)
        self.input_spec = keras.layers.InputSpec(ndim=rank, axes={self.axis % rank: self.channels(input_shape)})

    def call(self, inputs: Tensor, training: bool = False, mask: Tensor | None = None) -> Tensor:
        weights = self.weights_by_name()
        if training and self.trainable and self.untrained:
            now = dict(zip(self.untrained, self.statistics(as_real(inputs, type(self).__name__), mask), strict=True))
            for name, value in now.items():
                moving = weights[name]
                moving.assign(self.momentum * moving + (1.0 - self.momentum) * ops.cast(value, moving.dtype))
            weights |= now
        return self.apply(inputs, **weights)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {**config, "momentum": self.momentum} if self.untrained else config
