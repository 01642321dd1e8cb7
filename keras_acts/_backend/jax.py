"""JAX: a custom JVP keeps forward mode, `vmap` and higher orders; one `jit` makes an eager call one dispatch."""

import jax

erfc = jax.lax.erfc


def with_slope(value, partials):
    curve = jax.custom_jvp(value)

    @curve.defjvp
    def _(tensors, tangents):
        parts = (part * tangent for part, tangent in zip(partials(*tensors), tangents, strict=True))
        return curve(*tensors), sum(parts)

    return jax.jit(curve)


def _with_slopes(fn):
    def both(*tensors):
        value, pull = jax.vjp(fn, *tensors)
        return value, *pull(jax.numpy.ones_like(value))

    return both


# How a function can run here: each turns it into one that returns its value and its slopes.
ways = {"eager": _with_slopes, "jit": lambda fn: jax.jit(_with_slopes(fn))}
