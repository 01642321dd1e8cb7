"""Torch: an autograd function in the form that `torch.func` transforms (`vmap`, `jvp`) accept."""

import torch

erfc = torch.erfc


def with_slope(value, partials, of_output=None):
    def slopes(kept):
        return (of_output(*kept),) if of_output else partials(*kept)

    class Curve(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(*tensors):
            return value(*tensors)

        @staticmethod
        def setup_context(ctx, inputs, output):
            kept = (output,) if of_output else inputs
            ctx.save_for_backward(*kept)
            ctx.save_for_forward(*kept)
            ctx.shapes = [tensor.shape for tensor in inputs]

        @staticmethod
        def backward(ctx, *upstream):
            parts = zip(slopes(ctx.saved_tensors), ctx.shapes, strict=True)
            return tuple((upstream[0] * part).sum_to_size(shape) for part, shape in parts)

        @staticmethod
        def jvp(ctx, *tangents):
            parts = zip(slopes(ctx.saved_tensors), tangents, strict=True)
            return sum(part * tangent for part, tangent in parts if tangent is not None)

    return Curve.apply


def with_gradients(fn):
    def both(*tensors, upstream=None):
        tensors = [tensor.detach().requires_grad_() for tensor in tensors]
        value = fn(*tensors)
        if not value.requires_grad:
            return value, *(torch.zeros_like(tensor) for tensor in tensors)
        upstream = torch.ones_like(value) if upstream is None else upstream
        return value, *torch.autograd.grad(value, tensors, upstream, allow_unused=True, materialize_grads=True)

    return both


def wait(results):
    """Nothing to wait for: on a processor, what torch returns has been computed."""


compilers = {"eager": lambda fn: fn}

# PyTorch's own functions under the names that this package has for them, to be measured beside ours.
own = {
    "arctan": torch.arctan,
    "asinh": torch.asinh,
    "celu": torch.nn.functional.celu,
    "elu": torch.nn.functional.elu,
    "erf": torch.erf,
    "exponential": torch.exp,
    "gelu": torch.nn.functional.gelu,
    "gelu_tanh": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    "hard_shrink": torch.nn.functional.hardshrink,
    "hard_sigmoid": torch.nn.functional.hardsigmoid,
    "hard_silu": torch.nn.functional.hardswish,
    "hard_tanh": torch.nn.functional.hardtanh,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "log_sigmoid": torch.nn.functional.logsigmoid,
    "mish": torch.nn.functional.mish,
    "relu": torch.nn.functional.relu,
    "relu6": torch.nn.functional.relu6,
    "selu": torch.nn.functional.selu,
    "sigmoid": torch.sigmoid,
    "silu": torch.nn.functional.silu,
    "sine": torch.sin,
    "soft_shrink": torch.nn.functional.softshrink,
    "softplus": torch.nn.functional.softplus,
    "softsign": torch.nn.functional.softsign,
    "tanh": torch.tanh,
    "tanh_shrink": torch.nn.functional.tanhshrink,
}
