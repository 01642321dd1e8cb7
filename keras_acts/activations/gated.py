"""Gated units: one half of an axis decides how much of the other half passes, so the axis comes out halved."""

from keras_acts._bases import Gated, refuse_inside_dense, split_gate
from keras_acts._core import Tensor, activation, exported
from keras_acts.activations.smooth import silu


@activation(
    kind="gated",
    source="Shazeer, GLU Variants Improve Transformer, 2020, arXiv:2002.05202",
    aliases=("silu_glu",),
)
def swiglu(x: Tensor, axis: int = -1, gate: str = "first") -> Tensor:
    """SiLU-gated linear unit: `silu(gate) * value`, where gate and value are the halves of one axis.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"` (Llama, Mistral, Qwen), `"second"`, or `"interleaved"` (even places
            are the gate, odd ones the value).

    Returns:
        Tensor of the same floating-point dtype with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, `gate` is none of the three, or the function
            is the `activation=` of a layer, which must keep its width.

    Example:
        >>> np.asarray(keras_acts.swiglu([1.0, 2.0, 10.0, 100.0])).round(4)
        array([ 7.3106, 176.1594], dtype=float32)
    """
    refuse_inside_dense(swiglu)
    gate_half, value_half = split_gate(x, axis, gate, "swiglu")
    return silu(gate_half) * value_half


class SwiGLU(Gated, fn=swiglu):
    """Layer form of `swiglu`; put it after a `Dense` twice as wide as the output you want.

    Args:
        axis: The axis to split; its size must be even.
        gate: Which half is the gate: `"first"`, `"second"` or `"interleaved"`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        Any shape with an even size along `axis`.

    Output shape:
        The input shape with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, `gate` is none of the three, or the layer is
            the `activation=` of another.

    Example:
        >>> keras_acts.SwiGLU().compute_output_shape((None, 8))
        (None, 4)
    """

    def __init__(self, axis: int = -1, gate: str = "first", **kwargs):
        super().__init__(axis, gate, **kwargs)


__all__ = exported(__name__)
