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
