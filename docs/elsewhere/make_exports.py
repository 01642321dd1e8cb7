"""Writes exports.md: which activations compute the same after their model was exported, and where, and why not.

    python docs/elsewhere/make_exports.py [BACKEND:FORMAT ...]

Each backend and format has a process of its own. What exports.json lacks is measured, and what is named on the command
line is measured anew; each outcome is written as it comes. It needs TensorFlow, JAX, torch and the extra `export`,
jax2onnx for ONNX from JAX, and OpenVINO for its column.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).with_suffix("").with_name("exports.md")
KEPT = PAGE.with_suffix(".json")
WAYS = {
    "tensorflow:tf_saved_model": "SavedModel",
    "tensorflow:litert": "LiteRT",
    "tensorflow:onnx": "ONNX",
    "tensorflow:openvino": "OpenVINO",
    "jax:jax.export": "jax.export",
    "jax:tf_saved_model": "SavedModel",
    "jax:onnx": "ONNX",
    "torch:torch": "torch.export",
}
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "torch"}
SHAPE = (2, 4, 6, 12)
EQUAL = 2e-6  # of the largest output: a few roundings of float32
TOGETHER = 16  # activations in one exported model


def exported(model, form, folder, x):
    """What the exported model computes from `x`, one array per output; for LiteRT, also what needs TensorFlow there."""
    import keras

    path = (
        f"{folder}/model{ {'litert': '.tflite', 'onnx': '.onnx', 'openvino': '.xml', 'torch': '.pt2'}.get(form, '') }"
    )
    if form == "jax.export":
        import jax
        from jax import export

        (batch,) = export.symbolic_shape("batch")
        like = jax.ShapeDtypeStruct((batch, *x.shape[1:]), "float32")
        file = export.export(jax.jit(lambda x: model(x, training=False)))(like).serialize()
        return export.deserialize(file).call(x), None
    # For torch Keras fixes every free size at 1, unless it is told another.
    sizes = {"input_signature": [keras.InputSpec("float32", x.shape)]} if form == "torch" else {}
    model.export(path, format=form, verbose=False, **sizes)
    if form == "tf_saved_model":
        import tensorflow as tf

        served = tf.saved_model.load(path)  # a name of its own, for the variables live as long as it does
        return served.serve(tf.constant(x)), None
    if form == "litert":
        import tensorflow as tf

        interpreter = tf.lite.Interpreter(path)
        foreign = sorted({op["op_name"] for op in interpreter._get_ops_details() if op["op_name"].startswith("Flex")})
        run = interpreter.get_signature_runner()
        results = run(**dict.fromkeys(run.get_input_details(), x))
        return [results[name] for name in sorted(results, key=lambda name: int(name.split("_")[-1]))], foreign
    if form == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return session.run(None, {session.get_inputs()[0].name: x}), None
    if form == "openvino":
        import openvino

        # The default precision of the CPU is bfloat16 where it has that.
        compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        results = compiled(x)
        # Beside the outputs of the model stands what it computes and does not use.
        own = {name: output for output in compiled.outputs for name in output.names if name.startswith("Identity")}
        outputs = [own[name] for name in sorted(own, key=lambda name: (len(name), name))] or compiled.outputs
        return [results[output] for output in outputs], None
    import torch

    return torch.export.load(path).module()(keras.ops.convert_to_tensor(x)), None


def measure(form, done):
    """Export the activations that are not done to one format on the active backend; a line of JSON for each."""
    import keras
    import numpy as np

    import keras_acts
    from keras_acts._core import find

    x = np.random.default_rng(0).normal(0, 3, SHAPE).astype("float32")
    names = [name for name in keras_acts.list_activations() if name not in done]
    layers = {name: find(name).layer() for name in names}

    def told(name, outcome):
        print(json.dumps([name, outcome]), flush=True)

    def go(some):
        inputs = keras.Input(SHAPE[1:], name="x")
        try:
            model = keras.Model(inputs, [layers[name](inputs) for name in some])
            expected = [np.asarray(keras.ops.convert_to_numpy(y)) for y in keras.tree.flatten(model(x))]
            with tempfile.TemporaryDirectory() as folder:
                results, foreign = exported(model, form, folder, x)
            results = keras.tree.flatten(results)
            if foreign and len(some) > 1:
                raise ValueError("one at a time, to see whose operations they are")
            pairs = list(zip(some, results, expected, strict=True))
        except Exception as error:
            if len(some) == 1:
                told(some[0], reason(error))
                return
            half = len(some) // 2
            go(some[:half])
            go(some[half:])
            return
        for name, result, truth in pairs:
            error = float(np.abs(np.asarray(result) - truth).max() / max(1.0, np.abs(truth).max()))
            told(name, [error, foreign] if np.shape(result) == truth.shape else "gives another shape")

    for start in range(0, len(names), TOGETHER):
        go(names[start : start + TOGETHER])


def reason(error):
    """What an error was raised from first, in one line: of a long message the one that says what is wrong."""
    while cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = cause
    lines = str(error).strip().splitlines() or [""]
    line = next((line for line in lines if "error: " in line), lines[0])
    return f"{type(error).__name__}: {line.split('error: ')[-1].strip()}"


def in_words(outcome):
    """One cell of the table, and what there is to say about it below."""
    if outcome is None:
        return "", None
    if isinstance(outcome, str):
        return "no", outcome
    error, foreign = outcome
    if not error <= EQUAL:
        return "no", f"differs by {error:.1e} of the largest output"
    return ("Flex", f"computes, with operations of TensorFlow: {', '.join(foreign)}") if foreign else ("yes", None)


FLEX = "**Flex**: so it is, and LiteRT needs its TensorFlow operations for it. "


def page(found):
    names = sorted({name for outcomes in found.values() for name in outcomes})
    heads = [f"{label} ({BACKENDS[way.split(':')[0]]})" for way, label in WAYS.items() if way in found]
    lines, notes = [], []
    for name in names:
        cells = []
        for way, label in WAYS.items():
            if way in found:
                cell, note = in_words(found[way].get(name))
                cells.append(cell)
                notes += [f"- `{name}`, {label} ({BACKENDS[way.split(':')[0]]}): {note}"] if note else []
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    packages = ("keras", "tensorflow-cpu", "jax", "torch", "onnxruntime", "tf2onnx", "jax2onnx", "openvino")
    versions = ", ".join(f"{name} {version(name).split('+')[0]}" for name in packages)
    cells = [cell for line in lines for cell in line.split(" | ")[1:]]
    equal = sum(cell.removesuffix(" |") in ("yes", "Flex") for cell in cells)
    return (
        f"# Exported models\n\n{equal} of {len(cells)} pairs of an activation and a format compute the same.\n\n"
        "**yes**: what the exported model computes is what Keras computes, but for at most "
        f"{EQUAL:g} of the largest output.\n"
        f"{FLEX if any('Flex' in cell for cell in cells) else ''}**no**: the reason stands below.\n\n"
        "How to export, and what happens on the way, is in [Export a model](../howto/export.md).\n\n"
        f"Measured by `docs/elsewhere/make_exports.py` with {versions}.\n\n"
        f"| activation | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}\n" + "\n".join(lines) + "\n\n"
        "## Why not\n\n" + ("\n".join(notes) or "There is none.") + "\n"
    )


def main(named):
    """Measure what is named or lacking, and write the page after each way."""
    found = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    for way in named:
        found.pop(way, None)
    for way in WAYS:
        backend, form = way.split(":")
        outcomes, started = found.setdefault(way, {}), time.monotonic()
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment["PYTHONPATH"] = str(PAGE.parents[2])
        command = [sys.executable, __file__, "measure", form, *outcomes]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
            for line in child.stdout:
                if not line.startswith('["'):  # what a converter says
                    continue
                name, outcome = json.loads(line)
                outcomes[name] = outcome
                KEPT.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")
        if child.returncode:
            raise RuntimeError(f"{way}: exit status {child.returncode}; its messages stand above")
        print(f"{way}: {len(outcomes)} activations, {time.monotonic() - started:.0f} s", file=sys.stderr)
        PAGE.write_text(page(found), "utf-8")


if __name__ == "__main__":
    measure(sys.argv[2], sys.argv[3:]) if sys.argv[1:2] == ["measure"] else main(sys.argv[1:])
