"""Torch: an autograd function in the form that `torch.func` transforms (`vmap`, `jvp`) accept."""

import torch

erfc = torch.erfc


def with_slope(value, partials):
    class Curve(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(*tensors):
            return value(*tensors)

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx, *upstream):
            tensors = ctx.saved_tensors
            parts = partials(*tensors)
            return tuple(
                (upstream[0] * part).sum_to_size(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)
            )

        @staticmethod
        def jvp(ctx, *tangents):
            parts = zip(partials(*ctx.saved_tensors), tangents, strict=True)
            return sum(part * tangent for part, tangent in parts if tangent is not None)

    return Curve.apply


def _with_slopes(fn):
    def both(*tensors):
        tensors = [tensor.detach().requires_grad_() for tensor in tensors]
        value = fn(*tensors)
        if not value.requires_grad:
            return value, *(torch.zeros_like(tensor) for tensor in tensors)
        return value, *torch.autograd.grad(value.sum(), tensors, allow_unused=True, materialize_grads=True)

    return both


# How a function can run here: each turns it into one that returns its value and its slopes.
ways = {"eager": _with_slopes}
