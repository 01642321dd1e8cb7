"""Blocks that fuse an activation with the layers around it."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts._bases import Gated
from keras_acts._core import CATALOGUE, Tensor, find, get, register

__all__ = ["GatedDense"]


class GatedDense(keras.layers.Layer):
    """Dense layer with a gated activation, and if wished the projection after it: the feed-forward block of today.

    `activation(x @ kernel + bias) @ output_kernel + output_bias`. One matrix product computes gate and value together;
    the kernel is as wide as both, in the order that the activation splits them. Each half starts as a `Dense` of
    `units` would.

    Args:
        units: Width of gate and value each, and of the output where there is no projection.
        activation: Name of a gated activation (`"swiglu"`, `"geglu"`, `"reglu"`, `"swiglu_clamped"`, `"swiglu_oai"`,
            ...), or a gated layer with arguments of its own, such as `keras_acts.SwiGLUClamped(limit=7.0)`.
        output_units: Width of the projection after it, or `None` for none.
        gate: Which half of the kernel is the gate: `"first"`, `"second"` or `"interleaved"`; `None` leaves it to the
            activation.
        use_bias: Whether both products have a bias.
        kernel_initializer: Any Keras initializer, for gate, value and projection alike.
        bias_initializer: Any Keras initializer.
        kernel_regularizer: Any Keras regularizer, or `None`.
        bias_regularizer: Any Keras regularizer, or `None`.
        kernel_constraint: Any Keras constraint, or `None`.
        bias_constraint: Any Keras constraint, or `None`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        `(batch, ..., channels)`.

    Output shape:
        `(batch, ..., output_units)`, or `(batch, ..., units)` without a projection.

    Raises:
        ValueError: `units` or `output_units` is no positive integer; the activation is not gated, or splits another
            axis than the last; or `gate` is given twice.

    Examples:
        >>> block = keras_acts.GatedDense(32, "swiglu", output_units=8)
        >>> block(np.ones((2, 5, 8))).shape == (2, 5, 8)
        True
        >>> tuple(block.kernel.shape), tuple(block.output_kernel.shape)
        ((8, 64), (32, 8))
    """

    kernel: Tensor
    bias: Tensor
    output_kernel: Tensor
    output_bias: Tensor

    def __init__(
        self,
        units: int,
        activation: Any = "swiglu",
        output_units: int | None = None,
        gate: str | None = None,
        use_bias: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = _width("units", units)
        self.output_units = None if output_units is None else _width("output_units", output_units)
        # Not `self.activation`: a gated activation refuses to be another layer's.
        self.gating = self._gated(activation, gate)
        if not isinstance(use_bias, bool):
            raise TypeError(
                f"GatedDense: `use_bias` must be True or False, got {use_bias!r} of type {type(use_bias).__name__}; "
                "pass one of the two."
            )
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.supports_masking = True

    def _gated(self, activation: Any, gate: str | None) -> Gated:
        if isinstance(activation, dict):
            activation = get(activation)
        if isinstance(activation, str):
            named = find(activation)
        else:
            named = next((known for known in CATALOGUE.values() if activation in (known.function, known.layer)), None)
        if named is not None and named.kind == "gated":
            settings: Any = {} if gate is None else {"gate": gate}
            return named.layer(dtype=self.dtype_policy, **settings)
        if not isinstance(activation, Gated) or activation.axis != -1:
            names = sorted(name for name, known in CATALOGUE.items() if known.kind == "gated")
            raise ValueError(
                f"GatedDense: `activation` must be a gated activation that splits the last axis, one of {names} or its "
                f"layer, got {activation!r}; for any other use keras.layers.Dense."
            )
        if gate is not None:
            raise ValueError(
                f"GatedDense: `gate` belongs to the activation where that is a layer, got {gate!r} beside "
                f"{activation!r}; pass `{type(activation).__name__}(gate={gate!r}, ...)` alone."
            )
        return activation

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the kernels."""
        channels = input_shape[-1]
        if channels is None or len(input_shape) < 2:
            raise ValueError(
                f"GatedDense needs a last axis of fixed size after the batch axis, got input shape "
                f"{tuple(input_shape)}; fix that size."
            )
        first, second = self.kernel_initializer, self.kernel_initializer
        if "seed" in (config := first.get_config()):  # an initializer with a seed gives the same values every time
            seed = config["seed"]
            second = type(first).from_config({**config, "seed": seed + 1 if isinstance(seed, int) else seed})

        def both(shape, dtype=None):
            half = (shape[0], shape[1] // 2)
            return self._pack(first(half, dtype=dtype), second(half, dtype=dtype))

        self.kernel = self._weight("kernel", (channels, 2 * self.units), both)
        if self.output_units is not None:
            self.output_kernel = self._weight("output_kernel", (self.units, self.output_units), first)
        if self.use_bias:
            self.bias = self._weight("bias", (2 * self.units,))
            if self.output_units is not None:
                self.output_bias = self._weight("output_bias", (self.output_units,))
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: channels})
        self.built = True

    def _weight(self, name: str, shape: tuple[int, ...], initializer: Any = None) -> Tensor:
        is_bias = initializer is None
        return self.add_weight(
            shape=shape,
            name=name,
            initializer=self.bias_initializer if is_bias else initializer,
            regularizer=self.bias_regularizer if is_bias else self.kernel_regularizer,
            constraint=self.bias_constraint if is_bias else self.kernel_constraint,
        )

    def call(self, inputs: Tensor) -> Tensor:
        """Apply the products and the activation between them."""
        x = ops.matmul(inputs, self.kernel)
        if self.use_bias:
            x = x + self.bias
        x = self.gating(x)
        if self.output_units is None:
            return x
        x = ops.matmul(x, self.output_kernel)
        return x + self.output_bias if self.use_bias else x

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """The input shape with another last axis."""
        return (*input_shape[:-1], self.units if self.output_units is None else self.output_units)

    def _pack(self, gate: Any, value: Any, xp: Any = ops) -> Any:
        """Put two halves together along the last axis, as the activation takes them apart."""
        if self.gating.gate == "interleaved":
            return xp.reshape(xp.stack([gate, value], axis=-1), (*gate.shape[:-1], 2 * gate.shape[-1]))
        return xp.concatenate([gate, value] if self.gating.gate == "first" else [value, gate], axis=-1)

    def load(
        self,
        *,
        gate: Any = None,
        up: Any = None,
        gate_up: Any = None,
        layout: str = "first",
        down: Any = None,
        gate_bias: Any = None,
        up_bias: Any = None,
        gate_up_bias: Any = None,
        down_bias: Any = None,
        transposed: bool = False,
    ) -> "GatedDense":
        """Take over the weights of a released model, whatever order its gate and value halves are in.

        | model | call |
        |---|---|
        | Llama, Mistral, Qwen, Gemma, OLMo | `load(gate=, up=, down=, transposed=True)` |
        | Phi-3, GLM-4, timm's SwiGLUPacked | `load(gate_up=, down=, transposed=True)` |
        | timm's GluMlp, Diffusers' GEGLU | `load(gate_up=, layout="second", down=, transposed=True)` |
        | gpt-oss, one expert | `load(gate_up=, gate_up_bias=, layout="interleaved", down=, down_bias=)` |

        Args:
            gate: Kernel of the gate, of shape `(channels, units)`.
            up: Kernel of the value, of the same shape.
            gate_up: Both in one kernel, of shape `(channels, 2 * units)`, in place of `gate` and `up`.
            layout: Which half of `gate_up` and `gate_up_bias` is the gate: `"first"`, `"second"` or `"interleaved"`.
            down: Kernel of the projection, of shape `(units, output_units)`.
            gate_bias: Bias of the gate, of shape `(units,)`.
            up_bias: Bias of the value, of shape `(units,)`.
            gate_up_bias: Both in one, of shape `(2 * units,)`.
            down_bias: Bias of the projection, of shape `(output_units,)`.
            transposed: Whether the kernels are `(outputs, inputs)`, as the `weight` of torch's `Linear` is.

        Returns:
            This layer.

        Raises:
            ValueError: A weight that this layer has is missing, one that it has not is given, or a shape is wrong.

        Examples:
            >>> block = keras_acts.GatedDense(2, "geglu", output_units=3)
            >>> rng = np.random.default_rng(0)
            >>> gate, up, down = rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), rng.normal(size=(3, 2))
            >>> block = block.load(gate=gate, up=up, down=down, transposed=True)
            >>> bool(np.allclose(keras.ops.convert_to_numpy(block.kernel)[:, :2], gate.T))
            True
        """
        if layout not in ("first", "second", "interleaved"):
            raise ValueError(
                f"GatedDense.load: `layout` says which half is the gate and must be 'first', 'second' or "
                f"'interleaved', got {layout!r}."
            )
        given = {
            "kernel": self._joined("gate_up", gate_up, "gate", gate, "up", up, layout, transposed),
            "bias": self._joined("gate_up_bias", gate_up_bias, "gate_bias", gate_bias, "up_bias", up_bias, layout),
            "output_kernel": None if down is None else _turned(down, transposed),
            "output_bias": None if down_bias is None else np.asarray(down_bias),
        }
        if not self.built and given["kernel"] is not None:
            self.build((None, given["kernel"].shape[0]))
        own = {weight.name: weight for weight in self.weights}
        for name, array in given.items():
            has, gets = name in own, array is not None
            if has != gets or (has and tuple(own[name].shape) != array.shape):
                came = array.shape if gets else None
                wanted = tuple(own[name].shape) if has else None
                raise ValueError(
                    f"GatedDense.load: `{name}` of {self.name!r} has shape {wanted} and was given {came} (None: no "
                    "such weight); pass the weights that the layer has, with `transposed=True` where they come from "
                    "torch's Linear."
                )
        for name, weight in own.items():
            weight.assign(given[name])
        return self

    def _joined(self, both_name, both, gate_name, gate, up_name, up, layout, transposed=False) -> Any:
        """Gate and value as one array in this layer's order, from either form; `None` where neither is given."""
        if both is not None and gate is None and up is None:
            both = _turned(both, transposed)
            if both.shape[-1] % 2:
                raise ValueError(f"GatedDense.load: `{both_name}` must have an even width, got shape {both.shape}.")
            if layout == "interleaved":
                gate, up = both[..., ::2], both[..., 1::2]
            else:
                first, second = np.split(both, 2, -1)
                gate, up = (first, second) if layout == "first" else (second, first)
            return self._pack(gate, up, np)
        if both is None and (gate is None) == (up is None):
            return None if gate is None else self._pack(_turned(gate, transposed), _turned(up, transposed), np)
        raise ValueError(
            f"GatedDense.load takes either `{both_name}`, or `{gate_name}` and `{up_name}`, got another combination; "
            "pass one of the two forms."
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        config = {
            "units": self.units,
            "activation": keras.saving.serialize_keras_object(self.gating),
            "output_units": self.output_units,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
        }
        return {**super().get_config(), **config}


def _width(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"GatedDense: `{name}` must be a positive integer, got {value!r}; pass the width you want.")
    return value


def _turned(array: Any, transposed: bool) -> np.ndarray:
    array = np.asarray(array)
    return array.T if transposed else array


register("GatedDense", GatedDense)
