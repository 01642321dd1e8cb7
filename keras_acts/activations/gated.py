"""Gated units: one half of an axis decides how much of the other half passes, so the axis comes out halved."""

from keras import ops

from keras_acts._bases import Gated, split_gate
from keras_acts._core import Tensor, activation, exported
from keras_acts.activations.rectifiers import relu
from keras_acts.activations.sigmoidal import sigmoid, softcap, tanh
from keras_acts.activations.smooth import gelu, gelu_tanh, silu
from keras_acts.activations.trainable import swish_beta


@activation(
    kind="gated",
    source="Dauphin et al., Language Modeling with Gated Convolutional Networks, 2016, arXiv:1612.08083",
    output_range=None,
    aliases=("gated_linear_unit",),
    distinct_from={"swiglu": "gates with silu, and its first half is the gate"},
)
def glu(x: Tensor, axis: int = -1, gate: str = "second") -> Tensor:
    """Gated linear unit: `value * sigmoid(gate)`, where the two are the halves of one axis.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"`, `"second"` (the default, as in Keras and torch), or `"interleaved"`
            (even places are the gate, odd ones the value).

    Returns:
        Tensor of the same floating-point dtype with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> np.asarray(keras_acts.glu([10.0, 100.0, 0.0, 1.0])).round(4)
        array([ 5.    , 73.1059], dtype=float32)
    """
    opens, value = split_gate(x, axis, gate, "glu")
    return value * sigmoid(opens)


class GLU(Gated, fn=glu):
    """Layer form of `glu`; put it after a `Dense` twice as wide as the output you want.

    Args:
        axis: The axis to split; its size must be even.
        gate: Which half is the gate: `"first"`, `"second"` or `"interleaved"`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        Any shape with an even size along `axis`.

    Output shape:
        The input shape with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> keras_acts.GLU().compute_output_shape((None, 8))
        (None, 4)
    """

    def __init__(self, axis: int = -1, gate: str = "second", **kwargs):
        super().__init__(axis, gate, **kwargs)


@activation(
    kind="gated",
    source="Shazeer, GLU Variants Improve Transformer, 2020, arXiv:2002.05202",
    output_range=None,
    aliases=("silu_glu",),
    used_by=("Llama", "Mistral", "Qwen", "DeepSeek-V3", "OLMo", "Phi-3", "GLM-4"),
    distinct_from={"swiglu_oai": "clamps both halves, adds 1 to the value and interleaves the two (gpt-oss)"},
)
def swiglu(x: Tensor, axis: int = -1, gate: str = "first") -> Tensor:
    """SiLU-gated linear unit: `silu(gate) * value`, where gate and value are the halves of one axis.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"` (the default, as in Llama, Mistral and Qwen), `"second"`, or
            `"interleaved"` (even places are the gate, odd ones the value).

    Returns:
        Tensor of the same floating-point dtype with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> np.asarray(keras_acts.swiglu([1.0, 2.0, 10.0, 100.0])).round(4)
        array([ 7.3106, 176.1594], dtype=float32)
    """
    opens, value = split_gate(x, axis, gate, "swiglu")
    return silu(opens) * value


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
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> keras_acts.SwiGLU().compute_output_shape((None, 8))
        (None, 4)
    """

    def __init__(self, axis: int = -1, gate: str = "first", **kwargs):
        super().__init__(axis, gate, **kwargs)


@activation(
    kind="gated",
    source="Shazeer, GLU Variants Improve Transformer, 2020, arXiv:2002.05202",
    output_range=None,
    aliases=("gelu_glu",),
    used_by=("Diffusers", "timm (GluMlp)"),
)
def geglu(x: Tensor, axis: int = -1, gate: str = "first") -> Tensor:
    """GELU-gated linear unit: `gelu(gate) * value`, where gate and value are the halves of one axis.

    With the exact GELU; `geglu_tanh` has its tanh form.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"` (the default), `"second"` (as in timm's GluMlp and in Diffusers), or
            `"interleaved"` (even places are the gate, odd ones the value).

    Returns:
        Tensor of the same floating-point dtype with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> np.asarray(keras_acts.geglu([1.0, 2.0, 10.0, 100.0])).round(4)
        array([  8.4134, 195.45  ], dtype=float32)
    """
    opens, value = split_gate(x, axis, gate, "geglu")
    return gelu(opens) * value


class GEGLU(Gated, fn=geglu):
    """Layer form of `geglu`; put it after a `Dense` twice as wide as the output you want.

    Args:
        axis: The axis to split; its size must be even.
        gate: Which half is the gate: `"first"`, `"second"` or `"interleaved"`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        Any shape with an even size along `axis`.

    Output shape:
        The input shape with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> keras_acts.GEGLU().compute_output_shape((None, 8))
        (None, 4)
    """

    def __init__(self, axis: int = -1, gate: str = "first", **kwargs):
        super().__init__(axis, gate, **kwargs)


@activation(
    kind="gated",
    source="Shazeer, GLU Variants Improve Transformer, 2020, arXiv:2002.05202",
    output_range=None,
    aliases=("geglu_new",),
    used_by=("Gemma", "T5 1.1"),
)
def geglu_tanh(x: Tensor, axis: int = -1, gate: str = "first") -> Tensor:
    """GELU-gated linear unit with the tanh form of GELU: `gelu_tanh(gate) * value`.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"` (the default, as in Gemma), `"second"`, or `"interleaved"` (even places
            are the gate, odd ones the value).

    Returns:
        Tensor of the same floating-point dtype with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> np.asarray(keras_acts.geglu_tanh([1.0, 2.0, 10.0, 100.0])).round(4)
        array([  8.4119, 195.4598], dtype=float32)
    """
    opens, value = split_gate(x, axis, gate, "geglu_tanh")
    return gelu_tanh(opens) * value


class GEGLUTanh(Gated, fn=geglu_tanh):
    """Layer form of `geglu_tanh`; put it after a `Dense` twice as wide as the output you want.

    Args:
        axis: The axis to split; its size must be even.
        gate: Which half is the gate: `"first"`, `"second"` or `"interleaved"`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        Any shape with an even size along `axis`.

    Output shape:
        The input shape with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> keras_acts.GEGLUTanh().compute_output_shape((None, 8))
        (None, 4)
    """

    def __init__(self, axis: int = -1, gate: str = "first", **kwargs):
        super().__init__(axis, gate, **kwargs)


@activation(
    kind="gated",
    source="Shazeer, GLU Variants Improve Transformer, 2020, arXiv:2002.05202",
    output_range=None,
    aliases=("relu_glu",),
)
def reglu(x: Tensor, axis: int = -1, gate: str = "first") -> Tensor:
    """ReLU-gated linear unit: `relu(gate) * value`, where gate and value are the halves of one axis.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"` (the default), `"second"`, or `"interleaved"` (even places are the gate,
            odd ones the value).

    Returns:
        Tensor of the same floating-point dtype with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> np.asarray(keras_acts.reglu([1.0, -2.0, 10.0, 100.0]))
        array([10.,  0.], dtype=float32)
    """
    opens, value = split_gate(x, axis, gate, "reglu")
    return relu(opens) * value


class ReGLU(Gated, fn=reglu):
    """Layer form of `reglu`; put it after a `Dense` twice as wide as the output you want.

    Args:
        axis: The axis to split; its size must be even.
        gate: Which half is the gate: `"first"`, `"second"` or `"interleaved"`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        Any shape with an even size along `axis`.

    Output shape:
        The input shape with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> keras_acts.ReGLU().compute_output_shape((None, 8))
        (None, 4)
    """

    def __init__(self, axis: int = -1, gate: str = "first", **kwargs):
        super().__init__(axis, gate, **kwargs)


@activation(
    kind="gated",
    source="Shazeer, GLU Variants Improve Transformer, 2020, arXiv:2002.05202; "
    "Chen et al., Simple Baselines for Image Restoration, 2022, arXiv:2204.04676",
    output_range=None,
    aliases=("bilinear", "simple_gate"),
    used_by=("NAFNet (SimpleGate)",),
)
def bilinear_glu(x: Tensor, axis: int = -1, gate: str = "first") -> Tensor:
    """Bilinear gated unit: `gate * value`, the product of the halves of one axis.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"` (the default), `"second"`, or `"interleaved"` (even places are the gate,
            odd ones the value).

    Returns:
        Tensor of the same floating-point dtype with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> np.asarray(keras_acts.bilinear_glu([1.0, -2.0, 10.0, 100.0]))
        array([  10., -200.], dtype=float32)
    """
    opens, value = split_gate(x, axis, gate, "bilinear_glu")
    return opens * value


class BilinearGLU(Gated, fn=bilinear_glu):
    """Layer form of `bilinear_glu`; put it after a `Dense` twice as wide as the output you want.

    Args:
        axis: The axis to split; its size must be even.
        gate: Which half is the gate: `"first"`, `"second"` or `"interleaved"`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        Any shape with an even size along `axis`.

    Output shape:
        The input shape with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> keras_acts.BilinearGLU().compute_output_shape((None, 8))
        (None, 4)
    """

    def __init__(self, axis: int = -1, gate: str = "first", **kwargs):
        super().__init__(axis, gate, **kwargs)


@activation(
    kind="gated",
    source="Song et al., Turbo Sparse: Achieving LLM SOTA Performance with Minimal Activated Parameters, 2024, "
    "arXiv:2406.05955",
    output_range=None,
    aliases=("d_relu", "double_relu_glu"),
    used_by=("TurboSparse",),
    distinct_from={"drelu": "also short for dynamic, dual and displaced ReLU"},
)
def drelu_glu(x: Tensor, axis: int = -1, gate: str = "first") -> Tensor:
    """Double-ReLU gated unit: `relu(gate) * relu(value)`, which is 0 wherever either half is not positive.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"` (the default), `"second"`, or `"interleaved"` (even places are the gate,
            odd ones the value).

    Returns:
        Tensor of the same floating-point dtype with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> np.asarray(keras_acts.drelu_glu([1.0, 2.0, 10.0, -100.0]))
        array([10.,  0.], dtype=float32)
    """
    opens, value = split_gate(x, axis, gate, "drelu_glu")
    return relu(opens) * relu(value)


class DReLUGLU(Gated, fn=drelu_glu):
    """Layer form of `drelu_glu`; put it after a `Dense` twice as wide as the output you want.

    Args:
        axis: The axis to split; its size must be even.
        gate: Which half is the gate: `"first"`, `"second"` or `"interleaved"`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        Any shape with an even size along `axis`.

    Output shape:
        The input shape with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> keras_acts.DReLUGLU().compute_output_shape((None, 8))
        (None, 4)
    """

    def __init__(self, axis: int = -1, gate: str = "first", **kwargs):
        super().__init__(axis, gate, **kwargs)


def _at_most(x: Tensor, high: float) -> Tensor:
    # Comparing with > lets NaN through, and gives the limit itself the slope of the inside.
    return ops.where(x > high, ops.full_like(x, high), x)


def _within(x: Tensor, limit: float) -> Tensor:
    return ops.where(x < -limit, ops.full_like(x, -limit), _at_most(x, limit))


@activation(
    kind="gated",
    source="van den Oord et al., WaveNet: A Generative Model for Raw Audio, 2016, arXiv:1609.03499",
    output_range=None,
    aliases=("gated_tanh_unit", "wavenet_gate"),
    used_by=("WaveNet",),
)
def gtu(x: Tensor, axis: int = -1, gate: str = "second") -> Tensor:
    """Gated tanh unit: `tanh(value) * sigmoid(gate)`, where the two are the halves of one axis.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"`, `"second"` (the default, as in WaveNet), or `"interleaved"` (even
            places are the gate, odd ones the value).

    Returns:
        Tensor of the same floating-point dtype with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> np.asarray(keras_acts.gtu([10.0, -1.0, 0.0, 1.0])).round(4)
        array([ 0.5   , -0.5568], dtype=float32)
    """
    opens, value = split_gate(x, axis, gate, "gtu")
    return tanh(value) * sigmoid(opens)


class GTU(Gated, fn=gtu):
    """Layer form of `gtu`; put it after a `Dense` twice as wide as the output you want.

    Args:
        axis: The axis to split; its size must be even.
        gate: Which half is the gate: `"first"`, `"second"` or `"interleaved"`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        Any shape with an even size along `axis`.

    Output shape:
        The input shape with half the size along `axis`.

    Raises:
        ValueError: The size along `axis` is odd, `axis` does not exist, or `gate` is none of the three.

    Examples:
        >>> keras_acts.GTU().compute_output_shape((None, 8))
        (None, 4)
    """

    def __init__(self, axis: int = -1, gate: str = "second", **kwargs):
        super().__init__(axis, gate, **kwargs)


@activation(
    kind="gated",
    source="DeepSeek-V4, GLM-5 and HY-V4 in Hugging Face Transformers",
    output_range=None,
    aliases=("swiglu_limit",),
    limits={"limit": (1e-6, 1e38)},
    used_by=("DeepSeek-V4", "GLM-5", "HY-V4", "Step-3.7"),
)
def swiglu_clamped(x: Tensor, axis: int = -1, gate: str = "first", limit: float = 10.0) -> Tensor:
    """Clamped SwiGLU: `silu(gate) * value`, with the gate held at `limit` from above, the value from both sides.

    The slope at a limit is that of the inside. Step-3.7 clamps the gate after SiLU, which at its limit of 16 differs by
    2e-6.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"` (the default), `"second"`, or `"interleaved"` (even places are the gate,
            odd ones the value).
        limit: Positive number.

    Returns:
        Tensor of the same floating-point dtype with half the size along `axis`.

    Raises:
        TypeError: `limit` is not a number.
        ValueError: The size along `axis` is odd, `axis` does not exist, `gate` is none of the three, or `limit` is out
            of range.

    Examples:
        >>> np.asarray(keras_acts.swiglu_clamped([1.0, 100.0, 10.0, -100.0])).round(4)
        array([   7.3106, -99.9955], dtype=float32)
    """
    opens, value = split_gate(x, axis, gate, "swiglu_clamped")
    return silu(_at_most(opens, limit)) * _within(value, limit)


class SwiGLUClamped(Gated, fn=swiglu_clamped):
    """Layer form of `swiglu_clamped`; put it after a `Dense` twice as wide as the output you want.

    Args:
        axis: The axis to split; its size must be even.
        gate: Which half is the gate: `"first"`, `"second"` or `"interleaved"`.
        limit: Positive number.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        Any shape with an even size along `axis`.

    Output shape:
        The input shape with half the size along `axis`.

    Raises:
        TypeError: `limit` is not a number.
        ValueError: The size along `axis` is odd, `axis` does not exist, `gate` is none of the three, or `limit` is out
            of range.

    Examples:
        >>> keras_acts.SwiGLUClamped().compute_output_shape((None, 8))
        (None, 4)
    """

    def __init__(self, axis: int = -1, gate: str = "first", limit: float = 10.0, **kwargs):
        super().__init__(axis, gate, {"limit": limit}, **kwargs)


@activation(
    kind="gated",
    source="OpenAI, gpt-oss-120b & gpt-oss-20b Model Card, 2025, arXiv:2508.10925",
    output_range=None,
    aliases=("swigluoai", "gpt_oss_swiglu"),
    limits={"alpha": (1e-6, 1e38), "limit": (1e-6, 1e38)},
    used_by=("gpt-oss", "MiniMax-M3"),
)
def swiglu_oai(
    x: Tensor, axis: int = -1, gate: str = "interleaved", alpha: float = 1.702, limit: float = 7.0
) -> Tensor:
    """SwiGLU of gpt-oss: `gate * sigmoid(alpha * gate) * (value + 1)`, clamped like `swiglu_clamped`.

    The default is gpt-oss's layout, interleaved. The slope at a limit is that of the inside.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"` (as in MiniMax-M3), `"second"`, or `"interleaved"` (even places are the
            gate, odd ones the value).
        alpha: Sharpness of the gate, a positive number.
        limit: Positive number.

    Returns:
        Tensor of the same floating-point dtype with half the size along `axis`.

    Raises:
        TypeError: `alpha` or `limit` is not a number.
        ValueError: The size along `axis` is odd, `axis` does not exist, `gate` is none of the three, or `alpha` or
            `limit` is out of range.

    Examples:
        >>> np.asarray(keras_acts.swiglu_oai([1.0, 10.0, 100.0, -100.0])).round(4)
        array([  6.7664, -41.9997], dtype=float32)
    """
    opens, value = split_gate(x, axis, gate, "swiglu_oai")
    opens, value = _at_most(opens, limit), _within(value, limit)
    return swish_beta(opens, alpha) * (value + 1.0)


class SwiGLUOAI(Gated, fn=swiglu_oai):
    """Layer form of `swiglu_oai`; put it after a `Dense` twice as wide as the output you want.

    Args:
        axis: The axis to split; its size must be even.
        gate: Which half is the gate: `"first"`, `"second"` or `"interleaved"`.
        alpha: Sharpness of the gate, a positive number.
        limit: Positive number.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        Any shape with an even size along `axis`.

    Output shape:
        The input shape with half the size along `axis`.

    Raises:
        TypeError: `alpha` or `limit` is not a number.
        ValueError: The size along `axis` is odd, `axis` does not exist, `gate` is none of the three, or `alpha` or
            `limit` is out of range.

    Examples:
        >>> keras_acts.SwiGLUOAI().compute_output_shape((None, 8))
        (None, 4)
    """

    def __init__(self, axis: int = -1, gate: str = "interleaved", alpha: float = 1.702, limit: float = 7.0, **kwargs):
        super().__init__(axis, gate, {"alpha": alpha, "limit": limit}, **kwargs)


@activation(
    kind="gated",
    source="Moonshot AI, Kimi K3, 2026, arXiv:2607.24653",
    output_range=None,
    aliases=("softcapped_swiglu", "sigmoid_tanh_unit_glu"),
    limits={"gate_cap": (1e-6, 1e38), "value_cap": (1e-6, 1e38)},
    used_by=("Kimi K3", "Inkling-2"),
)
def situ_glu(x: Tensor, axis: int = -1, gate: str = "first", gate_cap: float = 4.0, value_cap: float = 25.0) -> Tensor:
    """Softly capped SwiGLU: `cap(gate) * sigmoid(gate) * cap(value)`, with `cap(t) = c * tanh(t / c)`.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split; negative axes count from the end.
        gate: Which half is the gate: `"first"` (the default), `"second"`, or `"interleaved"` (even places are the gate,
            odd ones the value).
        gate_cap: What the gate cannot exceed, a positive number.
        value_cap: What the value cannot exceed, a positive number.

    Returns:
        Tensor of the same floating-point dtype with half the size along `axis`.

    Raises:
        TypeError: `gate_cap` or `value_cap` is not a number.
        ValueError: The size along `axis` is odd, `axis` does not exist, `gate` is none of the three, or `gate_cap` or
            `value_cap` is out of range.

    Examples:
        >>> np.asarray(keras_acts.situ_glu([1.0, 1000.0, 10.0, 1000.0])).round(4)
        array([  6.803, 100.   ], dtype=float32)
    """
    opens, value = split_gate(x, axis, gate, "situ_glu")
    return softcap(opens, gate_cap) * sigmoid(opens) * softcap(value, value_cap)


class SiTUGLU(Gated, fn=situ_glu):
    """Layer form of `situ_glu`; put it after a `Dense` twice as wide as the output you want.

    Args:
        axis: The axis to split; its size must be even.
        gate: Which half is the gate: `"first"`, `"second"` or `"interleaved"`.
        gate_cap: What the gate cannot exceed, a positive number.
        value_cap: What the value cannot exceed, a positive number.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        Any shape with an even size along `axis`.

    Output shape:
        The input shape with half the size along `axis`.

    Raises:
        TypeError: `gate_cap` or `value_cap` is not a number.
        ValueError: The size along `axis` is odd, `axis` does not exist, `gate` is none of the three, or `gate_cap` or
            `value_cap` is out of range.

    Examples:
        >>> keras_acts.SiTUGLU().compute_output_shape((None, 8))
        (None, 4)
    """

    def __init__(self, axis: int = -1, gate: str = "first", gate_cap: float = 4.0, value_cap: float = 25.0, **kwargs):
        super().__init__(axis, gate, {"gate_cap": gate_cap, "value_cap": value_cap}, **kwargs)


__all__ = exported(__name__)
