"""The catalogue, the `@activation` decorator, and lookup by name.

An activation is one recorded function and, right below it, its layer:

    @activation(formula="where(x > 0, x, negative_slope * x)", source="...")
    def leaky_relu(x, negative_slope=0.01): ...

    class LeakyReLU(Elementwise, fn=leaky_relu): ...

Everything else (export, saving, lookup, tests, documentation) reads the catalogue that these two lines fill.
"""

import dataclasses
import difflib
import functools
import inspect
import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

import keras
from keras import ops

from keras_acts import _backend

Tensor = Any  # whatever the active backend calls a tensor, or anything that converts to one
P = ParamSpec("P")
Fn = TypeVar("Fn", bound=Callable[..., Any])

PACKAGE = "keras_acts"
WIDE = ("float32", "float64")


@dataclasses.dataclass(frozen=True, eq=False)
class Facts:
    """What is written down about one activation.

    Attributes:
        name: Name of the function.
        kind: `"elementwise"`; `"trainable"` (elementwise, with trained parameters); `"curve"` (the same with trained
            coefficients, one more axis than `x`); `"gated"` (halves an axis); `"simplex"` (weights that sum to 1);
            `"axis"` (elements of one axis depend on each other); `"reshaping"` (another size of an axis);
            `"contextual"` (depends on neighbours or statistics); `"stochastic"`; or `"surrogate"` (a slope that is
            not the value's).
        formula: One expression in `x` and the parameters, or `""` where an element depends on others.
        surrogate: For the kind `"surrogate"`: the formula whose derivative is the slope that is used.
        source: The paper or place that introduced it.
        output_range: Lowest and highest value, as expressions in the parameters; `None` where there are none that
            would fit in a line.
        kinks: Where the slope jumps, mapped to the slope that is used there; expressions in the parameters.
        aliases: Other names that people type.
        limits: The closed interval that each number among the parameters must lie in.
        used_by: Models and libraries known for it.
        equals: Calls in this catalogue that compute the same, such as `"swish(x, beta=1)"`.
        distinct_from: What goes by a similar name and is something else, mapped to the difference.
        presets: Where a library's defaults differ, the library mapped to them as arguments of the layer.
        function: The public function.
        layer: The public layer; the layer's own class statement fills it in.
        check: Called with the parameters when an interval for each alone does not say enough.
    """

    name: str
    kind: str
    formula: str
    surrogate: str
    source: str
    output_range: tuple[str, str] | None
    kinks: Mapping[str, str]
    aliases: tuple[str, ...]
    limits: Mapping[str, tuple[float, float]]
    used_by: tuple[str, ...]
    equals: tuple[str, ...]
    distinct_from: Mapping[str, str]
    presets: Mapping[str, Mapping[str, Any]]
    function: Callable[..., Tensor]
    check: Callable[..., None] | None = None
    layer: type[keras.layers.Layer] = keras.layers.Layer

    @property
    def holds(self) -> str:
        """What the layer keeps, and the function has to be given: `"weights"`, `"seed"` or `""`."""
        return getattr(self.layer, "holds", "")

    @functools.cached_property
    def defaults(self) -> dict[str, Any]:
        """The function's parameters with their defaults, `x` left out."""
        parameters = list(inspect.signature(self.function).parameters.values())[1:]
        return {p.name: p.default for p in parameters}

    def is_fixed(self, parameter: str) -> bool:
        """Whether a parameter is a plain number, not a tensor that trains: the function has a default for it."""
        return parameter in self.limits and self.defaults[parameter] is not inspect.Parameter.empty

    def validate(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters with every number checked and made a plain Python number.

        Raises:
            TypeError: A parameter that must be a number is none, or one that is True or False is something else.
            ValueError: A number is NaN, infinite or outside its interval.
        """
        checked = dict(parameters)
        for name in self.limits.keys() & parameters.keys():
            checked[name] = number(self.name, name, parameters[name], *self.limits[name])
        for name, value in parameters.items():
            if name != "training" and isinstance(self.defaults.get(name), bool) and not isinstance(value, bool):
                raise TypeError(
                    f"{self.name}: `{name}` must be True or False, got {value!r} of type {type(value).__name__}; pass "
                    "one of the two."
                )
        if self.check is not None:
            self.check(**{**self.defaults, **checked})
        return checked


CATALOGUE: dict[str, Facts] = {}
_NAMES: dict[str, str] = {}  # every spelling, normalised, to the name in the catalogue


def number(owner: str, name: str, value: Any, low: float, high: float) -> float:
    """Return `value` as a plain Python number, or raise if it is none or lies outside the interval."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"{owner}: `{name}` must be a number from {low} to {high}, got {value!r} of type "
            f"{type(value).__name__}; pass a Python number."
        )
    plain = int(value) if isinstance(value, numbers.Integral) else float(value)
    if not (low <= plain <= high and math.isfinite(plain)):
        raise ValueError(
            f"{owner}: `{name}` must be a finite number from {low} to {high}, got {plain}; pass a number in that range."
        )
    return plain


def register(package_name: str, thing: Any) -> None:
    """Make Keras save and load a function or class under this package's name, which must be free."""
    key = f"{PACKAGE}>{package_name}"
    if keras.saving.get_registered_object(key) is not None:
        raise ImportError(
            f"Keras already knows another object as {key!r}, and a saved model would load the wrong one; "
            "expected the name to be free: register the other object under a package name of its own."
        )
    keras.saving.register_keras_serializable(PACKAGE, package_name)(thing)


def _normal(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def spell(spelling: str, name: str) -> None:
    """Let `get` find an activation under one more spelling."""
    if _NAMES.setdefault(_normal(spelling), name) != name:
        raise ValueError(f"{spelling!r} already names {_NAMES[_normal(spelling)]!r}; it cannot name {name!r} too.")


def as_tensor(x: Any, owner: str) -> tuple[Tensor, str]:
    """Convert `x` to a tensor and tell its dtype.

    Raises:
        TypeError: `x` is text or nothing that converts to a tensor.
    """
    try:
        tensor = ops.convert_to_tensor(x)
        dtype = keras.backend.standardize_dtype(tensor.dtype)
        if dtype == "string":  # TensorFlow has tensors of text
            raise TypeError("text")
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{owner} needs numbers, got {type(x).__name__} that is no numeric tensor; pass a tensor, a NumPy "
            f"array or nested lists of numbers."
        ) from error
    return tensor, dtype


def as_real(x: Any, owner: str) -> Tensor:
    """Convert `x` to a tensor of real floats; integers become `keras.config.floatx()`.

    Raises:
        TypeError: `x` holds booleans, complex numbers, text or nothing that converts to a tensor.
    """
    x, dtype = as_tensor(x, owner)
    if "float" in dtype:
        return x
    if "int" in dtype:
        return ops.cast(x, keras.config.floatx())
    raise TypeError(
        f"{owner} needs real numbers, got a tensor of dtype {dtype}; convert it first, for example with "
        '`keras.ops.cast(x, "float32")`.'
    )


def _is_static(value: Any) -> bool:
    return value is None or isinstance(value, (numbers.Real, str))


def _as_dtype_of(x: Tensor, y: Tensor) -> Tensor:
    # On JAX and torch some of `keras.ops`, such as tanh and sin, answer float64 with float32.
    return y if y.dtype == x.dtype else ops.cast(y, x.dtype)


@functools.lru_cache(maxsize=1024)
def _curve(
    fn: Callable,
    slope: Callable | None,
    slope_of_output: Callable | None,
    static: tuple[tuple[str, Any], ...],
    tensors: tuple[str, ...],
) -> Callable:
    """`fn` as a function of its tensors alone, with the slopes that are stated."""
    signature = inspect.signature(fn).parameters
    positions = [list(signature).index(name) for name in tensors]
    defaults = {name: p.default for name, p in signature.items() if p.default is not p.empty and name not in tensors}
    fixed = {**defaults, **dict(static)}

    def value(*arrays):
        return _as_dtype_of(arrays[0], fn(**dict(zip(tensors, arrays, strict=True)), **fixed))

    def of_output(slope: Callable, y):
        return _as_dtype_of(y, slope(y, **fixed))

    def partials(slope: Callable, *arrays):
        parts = slope(**dict(zip(tensors, arrays, strict=True)), **fixed)
        parts = tuple(parts[i] for i in positions) if isinstance(parts, tuple) else (parts,)
        return tuple(_as_dtype_of(arrays[0], part) for part in parts)

    return _backend.with_slope(
        value,
        functools.partial(partials, slope) if slope else None,
        functools.partial(of_output, slope_of_output) if slope_of_output else None,
    )


# The monitor puts a function here while it traces a training step, and sees each activation that the step applies.
tap: Callable[..., Tensor] | None = None
# Whether Keras is writing a model for another program, which computes values alone; see `_export`.
exporting = False


def _callable(fn: Callable, slope: Callable | None, slope_of_output: Callable | None) -> Callable:
    """Wrap the mathematics in what every activation owes its caller.

    Conversion of lists and integers, computation in at least float32 (so that float16 and bfloat16 results are
    the correctly rounded ones), validated parameters, the stated slope, and symbolic tensors.
    """
    name = fn.__name__
    first, *names = inspect.signature(fn).parameters

    @functools.wraps(fn)
    def apply(x, *args, **kwargs):
        return compute(x, *args, **kwargs) if tap is None else tap(compute, x, *args, **kwargs)

    @functools.wraps(fn)
    def compute(x, *args, **kwargs):
        if len(args) > len(names):
            raise TypeError(f"{name}() takes at most {1 + len(names)} positional arguments, got {1 + len(args)}.")
        parameters = {**dict(zip(names, args, strict=False)), **kwargs}
        facts = CATALOGUE[name]
        if keras.utils.is_keras_tensor(x):
            return _symbolic(facts, x, parameters)
        given = {key: value for key, value in parameters.items() if _is_static(value) or facts.is_fixed(key)}
        if given:
            parameters.update(facts.validate(given))
        x = as_real(x, name)
        dtype = keras.backend.standardize_dtype(x.dtype)
        wide = dtype if dtype in WIDE else "float32"
        x = ops.cast(x, wide) if wide != dtype else x
        if slope is None and slope_of_output is None:
            y = _as_dtype_of(x, fn(x, **parameters))
        else:
            static = {name: value for name, value in parameters.items() if name in given}
            tensors = {k: ops.cast(ops.convert_to_tensor(v), wide) for k, v in parameters.items() if k not in given}
            if exporting:
                y = _as_dtype_of(x, fn(x, **tensors, **static))
            else:
                curve = _curve(fn, slope, slope_of_output, tuple(static.items()), (first, *tensors))
                y = curve(x, *tensors.values())
        return ops.cast(y, dtype) if wide != dtype else y

    return apply


def _symbolic(facts: Facts, x: Tensor, parameters: dict[str, Any]) -> Tensor:
    """On a symbolic tensor a function becomes its own layer: it is saved, loaded and shown in `summary()` as such."""
    if facts.holds == "weights":
        for key, value in parameters.items():
            if not (_is_static(value) or facts.is_fixed(key) or keras.utils.is_keras_tensor(value)):
                raise TypeError(
                    f"{facts.name}: `{key}` must be a number, or symbolic as `x` is, got {type(value).__name__}; in a "
                    f"functional model use `keras_acts.{facts.layer.__name__}()`, which holds and trains it."
                )
        return inspect.unwrap(facts.function)(x, **parameters)
    settings = inspect.signature(facts.layer.__init__).parameters
    setup = {key: value for key, value in parameters.items() if key in settings}
    call = {key: value for key, value in parameters.items() if key not in settings}
    dtype = x.dtype if "float" in x.dtype else keras.config.floatx()
    return facts.layer(**setup, dtype=dtype)(x, **call)


def activation(
    *,
    source: str,
    formula: str = "",
    surrogate: str = "",
    kind: str = "elementwise",
    output_range: tuple[str, str] | None = ("-inf", "inf"),
    kinks: Mapping[str, str] | None = None,
    aliases: Sequence[str] = (),
    limits: Mapping[str, tuple[float, float]] | None = None,
    used_by: Sequence[str] = (),
    equals: Sequence[str] = (),
    distinct_from: Mapping[str, str] | None = None,
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    check: Callable[..., None] | None = None,
    slope: Callable[..., Tensor] | None = None,
    slope_of_output: Callable[..., Tensor] | None = None,
) -> Callable[[Callable[P, Tensor]], Callable[P, Tensor]]:
    """Record a function in the catalogue and give it what every activation owes its caller.

    The function's body is pure `keras.ops` mathematics on one floating-point tensor `x` of at least float32.

    Args:
        source: The paper or place that introduced it.
        formula: One expression in `x` and the parameters; people, documentation and tests read it.
        surrogate: The formula whose derivative is the slope, where that is not the derivative of `formula`.
        kind: See `Facts`.
        output_range: Lowest and highest value, as expressions in the parameters; see `Facts`.
        kinks: Where the slope jumps, mapped to the slope that is used there.
        aliases: Other names that people type.
        limits: The closed interval that each number among the parameters must lie in.
        used_by: Models and libraries known for it.
        equals: Calls in this catalogue that compute the same, such as `"swish(x, beta=1)"`.
        distinct_from: What goes by a similar name and is something else, mapped to the difference.
        presets: Where a library's defaults differ, the library mapped to them as arguments of the layer.
        check: Called with all parameters; raises `ValueError` when they do not go together.
        slope: Function with the same arguments that returns the derivative with respect to `x`, or a tuple of
            the derivatives with respect to `x` and each parameter. Give it wherever the traced derivative
            would lose digits; leave it out where tracing is exact.
        slope_of_output: For a function of one tensor, the derivative as a function of the output and the numbers,
            where that loses no digits either: the input need not be kept for the way back then.
    """

    def record(fn: Callable[P, Tensor]) -> Callable[P, Tensor]:
        function = _callable(fn, slope, slope_of_output)
        facts = Facts(
            name=fn.__name__,
            kind=kind,
            formula=formula,
            surrogate=surrogate,
            source=source,
            output_range=output_range,
            kinks=dict(kinks or {}),
            aliases=tuple(aliases),
            limits=dict(limits or {}),
            used_by=tuple(used_by),
            equals=tuple(equals),
            distinct_from=dict(distinct_from or {}),
            presets=dict(presets or {}),
            check=check,
            function=function,
        )
        register(facts.name, function)
        CATALOGUE[facts.name] = facts
        for spelling in (facts.name, *facts.aliases):
            spell(spelling, facts.name)
        return function

    return record


def exported(module: str) -> list[str]:
    """The public names of one module of activations: its recorded functions and their layers."""
    names: list[str] = []
    for facts in CATALOGUE.values():
        if facts.function.__module__ == module:
            names += [facts.name, facts.layer.__name__]
    return names


def find(name: str) -> Facts:
    """The catalogue's entry under a name, alias or layer name; `ValueError` with the nearest names if there is none."""
    found = _NAMES.get(_normal(name.removeprefix(f"{PACKAGE}>")))
    if found is not None:
        return CATALOGUE[found]
    near = difflib.get_close_matches(_normal(name), _NAMES, n=3, cutoff=0.5)
    hint = " or ".join(dict.fromkeys(repr(_NAMES[spelling]) for spelling in near))
    raise ValueError(
        f"keras_acts knows no activation called {name!r}; expected one of the {len(CATALOGUE)} names of "
        f"`keras_acts.list_activations()`" + (f": did you mean {hint}?" if hint else ".")
    )


def list_activations(kind: str | None = None) -> list[str]:
    """Names of all activations, or of one kind, in alphabetical order.

    Args:
        kind: One of the kinds in the catalogue, such as `"elementwise"` or `"trainable"`; `None` for all.

    Raises:
        ValueError: No activation is of that kind.

    Examples:
        >>> "leaky_relu" in keras_acts.list_activations()
        True
        >>> "leaky_relu" in keras_acts.list_activations("gated")
        False
    """
    kinds = sorted({facts.kind for facts in CATALOGUE.values()})
    if kind is not None and kind not in kinds:
        raise ValueError(f"There is no kind of activation called {kind!r}; expected one of {kinds}, or None for all.")
    return sorted(name for name, facts in CATALOGUE.items() if kind in (None, facts.kind))


def get(identifier: Any, preset: str | None = None, **parameters: Any) -> Callable[..., Tensor]:
    """Find an activation by name, alias, function, layer, class or saved configuration.

    Args:
        identifier: A name (`"leaky_relu"`), an alias (`"swish"`), a layer's name (`"LeakyReLU"`), a callable, one
            of this package's layer classes, the `dict` that Keras saves for one of this package's activations, or
            `None`, which is `linear` as in Keras.
        preset: A library (`"keras"`, `"torch"`, `"jax"`, `"onnx"`, `"tensorflow_addons"`, `"keras_contrib"`) whose
            defaults to take where they differ from the ones here; only with a name.
        **parameters: Arguments of the layer, such as `negative_slope=0.2`.

    Returns:
        The function where the name says all there is to say, and a new layer where there are parameters, weights
        or random numbers to keep; both can be called, passed to `Dense(activation=...)`, and saved. A callable
        comes back as it is.

    Raises:
        ValueError: Nothing has that name (the message suggests the nearest), or parameters came with a callable.
        TypeError: The identifier is none of the above.

    Examples:
        >>> keras_acts.get("swish") is keras_acts.silu
        True
        >>> keras_acts.get("leaky_relu", negative_slope=0.2).negative_slope
        0.2
    """
    if identifier is None:
        identifier = "linear"
    if isinstance(identifier, dict):
        identifier = _from_config(identifier)
    if isinstance(identifier, type) and issubclass(identifier, keras.layers.Layer):
        return identifier(**parameters)
    if isinstance(identifier, str):
        facts = find(identifier)
        if preset is not None:
            parameters = {**_preset(facts, preset), **parameters}
        if parameters or facts.holds or identifier.removeprefix(f"{PACKAGE}>") == facts.layer.__name__:
            return facts.layer(**parameters)
        return facts.function
    if not callable(identifier):
        raise TypeError(
            f"keras_acts.get expected a name, a callable or a saved configuration, got {identifier!r} of type "
            f'{type(identifier).__name__}; pass a name such as "leaky_relu".'
        )
    if parameters or preset:
        raise ValueError(
            f"keras_acts.get got parameters {sorted(parameters) or [preset]} for something that is already made; "
            "expected a name with them, such as `keras_acts.get('leaky_relu', negative_slope=0.2)`."
        )
    return identifier


LIBRARIES = ("keras", "torch", "jax", "onnx", "tensorflow_addons", "keras_contrib")


def _preset(facts: Facts, library: str) -> Mapping[str, Any]:
    if library not in LIBRARIES:
        raise ValueError(
            f"keras_acts.get knows the defaults of no library called {library!r}; expected `preset` to be one of "
            f"{', '.join(LIBRARIES)}."
        )
    return facts.presets.get(library, {})


def _from_config(config: dict[str, Any]) -> Callable[..., Tensor]:
    """What `keras.saving.serialize_keras_object` saved; only this package's names count."""
    name, settings = config.get("registered_name"), config.get("config")
    if name == "function":  # saved as its registered name alone
        name = settings
    if isinstance(name, str) and name.startswith(f"{PACKAGE}>"):
        facts = find(name)
        return facts.layer.from_config(settings) if isinstance(settings, dict) else facts.function
    raise ValueError(
        "keras_acts.get expected the saved configuration of one of its own activations, got one of "
        f"{name or config.get('class_name')!r}; load other objects with `keras.saving`."
    )
