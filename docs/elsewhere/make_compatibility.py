"""Writes compatibility.md: names, defaults and slopes at kinks here, in Keras, PyTorch, JAX and ONNX.

    python docs/elsewhere/make_compatibility.py

Defaults are read off the signatures and schemas, and slopes are measured, Keras's in one process per backend; it needs
TensorFlow, JAX, torch and onnx. ONNX defines operators and no slopes.
"""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("compatibility.md")
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "torch"}

# Ours: function of keras.activations, layer of keras.layers, module of torch.nn, function of jax.nn, operator of ONNX.
NAMES = {
    "celu": ("celu", "", "CELU", "celu", "Celu"),
    "elu": ("elu", "ELU", "ELU", "elu", "Elu"),
    "erf": ("", "", "", "", "Erf"),
    "exponential": ("exponential", "", "", "", "Exp"),
    "gelu": ("gelu", "", "GELU", "gelu", "Gelu"),
    "glu": ("glu", "", "GLU", "glu", ""),
    "hard_shrink": ("hard_shrink", "", "Hardshrink", "", ""),
    "hard_sigmoid": ("hard_sigmoid", "", "Hardsigmoid", "hard_sigmoid", "HardSigmoid"),
    "hard_silu": ("hard_silu", "", "Hardswish", "hard_silu", "HardSwish"),
    "hard_tanh": ("hard_tanh", "", "Hardtanh", "hard_tanh", ""),
    "hardmax": ("", "", "", "", "Hardmax"),
    "leaky_relu": ("leaky_relu", "LeakyReLU", "LeakyReLU", "leaky_relu", "LeakyRelu"),
    "linear": ("linear", "Identity", "Identity", "identity", "Identity"),
    "log_sigmoid": ("log_sigmoid", "", "LogSigmoid", "log_sigmoid", ""),
    "log_softmax": ("log_softmax", "", "LogSoftmax", "log_softmax", "LogSoftmax"),
    "mish": ("mish", "", "Mish", "mish", "Mish"),
    "prelu": ("", "PReLU", "PReLU", "", "PRelu"),
    "relu": ("relu", "ReLU", "ReLU", "relu", "Relu"),
    "relu6": ("relu6", "", "ReLU6", "relu6", ""),
    "rrelu": ("", "", "RReLU", "", ""),
    "selu": ("selu", "", "SELU", "selu", "Selu"),
    "shrink": ("", "", "", "", "Shrink"),
    "sigmoid": ("sigmoid", "", "Sigmoid", "sigmoid", "Sigmoid"),
    "silu": ("silu", "", "SiLU", "silu", "Swish"),
    "sine": ("", "", "", "", "Sin"),
    "soft_shrink": ("soft_shrink", "", "Softshrink", "", ""),
    "softmax": ("softmax", "Softmax", "Softmax", "softmax", "Softmax"),
    "softmin": ("", "", "Softmin", "", ""),
    "softplus": ("softplus", "", "Softplus", "softplus", "Softplus"),
    "softsign": ("softsign", "", "Softsign", "soft_sign", "Softsign"),
    "sparse_plus": ("sparse_plus", "", "", "sparse_plus", ""),
    "sparse_sigmoid": ("sparse_sigmoid", "", "", "sparse_sigmoid", ""),
    "sparsemax": ("sparsemax", "", "", "", ""),
    "squareplus": ("squareplus", "", "", "squareplus", ""),
    "tanh": ("tanh", "", "Tanh", "tanh", "Tanh"),
    "tanh_shrink": ("tanh_shrink", "", "Tanhshrink", "", ""),
    "threshold": ("threshold", "", "Threshold", "", ""),
    "thresholded_relu": ("", "", "", "", "ThresholdedRelu"),
}
SEAMS = {"celu": {0.0: 1.0}}  # no corner, but a place where the rule changes and a library's slope may be wrong
PLAIN = ("inplace", "device", "dtype", "where", "initial", "kwargs", "mask", "training", "self", "data_format")


def called(name, thing):
    """The name of a library's thing with its defaults, as one would call it."""
    parameters = list(inspect.signature(thing).parameters.values())
    if not inspect.isclass(thing):
        parameters = parameters[1:]
    shown = [
        f"{p.name}={p.default!r}" if p.default is not p.empty else p.name
        for p in parameters
        if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        and p.name not in PLAIN
        and p.default is not None
        and not p.name.endswith(("_regularizer", "_constraint"))
    ]
    return f"{name}({', '.join(shown)})" if shown else name


def called_in_onnx(name):
    """The name of an operator of ONNX with its defaults, off its newest schema."""
    import onnx

    attributes = onnx.defs.get_schema(name).attributes.values()
    defaults = {a.name: onnx.helper.get_attribute_value(a.default_value) for a in attributes if a.default_value.name}
    shown = (
        f"{key}={value.decode()!r}" if isinstance(value, bytes) else f"{key}={value:.7g}"
        for key, value in sorted(defaults.items())
    )
    return f"{name}({', '.join(shown)})" if defaults else name


def kinks(name):
    import keras_acts

    return {**keras_acts.facts(name).kinks, **SEAMS.get(name, {})}


def measure():
    """Keras's slopes at our kinks on the active backend, as JSON."""
    import keras
    import numpy as np

    from keras_acts import accuracy

    found = {}
    for ours, (function, layer, *_) in NAMES.items():
        places = np.array([list(kinks(ours))], "float32")
        for kind, name in (("function", function), ("layer", layer)):
            if not name or not places.size or ours == "threshold":
                continue
            call = getattr(keras.activations, name) if kind == "function" else getattr(keras.layers, name)()
            if kind == "layer":
                call.build((None, places.size))
            found[f"{ours} {kind}"] = accuracy.run(call, [places], "eager")[1].ravel().tolist()
    print(json.dumps(found))


def in_words(places, slopes):
    """The slopes at the kinks: one number each, or one for each backend that differs."""
    parts = []
    for i, place in enumerate(places):
        here = {label: f"{values[i]:.4g}" for label, values in slopes.items()}
        alike = len(set(here.values())) == 1
        told = next(iter(here.values())) if alike else ", ".join(f"{value} ({label})" for label, value in here.items())
        parts.append(f"slope at {place:.4g}: {told}")
    return "; ".join(parts)


def of_torch(name, places):
    import torch

    x = torch.tensor([list(places)], requires_grad=True)
    return torch.autograd.grad(getattr(torch.nn, name)().eval()(x).sum(), x)[0].detach().ravel().tolist()


def of_jax(name, places):
    import jax
    import jax.numpy as jnp

    return jax.vmap(jax.grad(getattr(jax.nn, name)))(jnp.array(list(places), "float32")).tolist()


def main():
    import jax
    import keras
    import onnx
    import torch

    import keras_acts

    measured = {}
    for backend, label in BACKENDS.items():
        command = [sys.executable, __file__, "measure"]
        child = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": backend}, capture_output=True, text=True)
        if child.returncode:
            raise RuntimeError(child.stderr)
        measured[label] = json.loads(child.stdout.splitlines()[-1])

    def cell(text, slopes=""):
        return (f"`{text}`" + (f"<br>{slopes}" if slopes else "")) if text else ""

    lines = []
    for ours, (function, layer, module, jax_name, operator) in NAMES.items():
        places = {} if ours == "threshold" else kinks(ours)
        mine = getattr(keras_acts, ours)

        def keras_slopes(kind, ours=ours, places=places):
            key = f"{ours} {kind}"
            return in_words(places, {label: found[key] for label, found in measured.items() if key in found})

        cells = [
            cell(called(ours, mine), in_words(places, {"": list(places.values())})),
            cell(called(function, getattr(keras.activations, function)), keras_slopes("function")) if function else "",
            cell(called(layer, getattr(keras.layers, layer)), keras_slopes("layer")) if layer else "",
            cell(
                called(module, getattr(torch.nn, module)),
                in_words(places, {"": of_torch(module, places)}) if places else "",
            )
            if module
            else "",
            cell(
                called(jax_name, getattr(jax.nn, jax_name)),
                in_words(places, {"": of_jax(jax_name, places)}) if places else "",
            )
            if jax_name
            else "",
            cell(called_in_onnx(operator)) if operator else "",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    libraries = {"Keras": keras, "PyTorch": torch, "JAX": jax, "ONNX": onnx}
    versions = ", ".join(f"{name} {library.__version__.split('+')[0]}" for name, library in libraries.items())
    PAGE.write_text(
        "# The same name elsewhere\n\n"
        "Names, defaults and the slope used where the curve has a corner, here and in other libraries. A name alone\n"
        "has no parameters. Where Keras gives another slope on another backend, each is told. ONNX defines none.\n\n"
        "`keras_acts.get(name, preset=library)` takes another library's defaults where they differ from ours.\n\n"
        f"Read off and measured by `docs/elsewhere/make_compatibility.py` with {versions}.\n\n"
        "| keras_acts | Keras function | Keras layer | torch.nn | jax.nn | ONNX |\n|---|---|---|---|---|---|\n"
        + "\n".join(lines)
        + "\n",
        "utf-8",
    )


if __name__ == "__main__":
    measure() if sys.argv[1:] == ["measure"] else main()
