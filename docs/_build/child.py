"""Runs the steps of one lesson in this process; called by `lessons.py` with a job file, which it overwrites."""

import ast
import contextlib
import io
import json
import re
import sys
import time
import traceback

# Colours that the saved picture takes from the page, so that one file serves light and dark.
INK = "#101418"
THEME = {INK: ("#1f2933", "#d7dce2"), "#0072b2": ("#0072b2", "#56b4e9"), "#d55e00": ("#c25400", "#f08c3a"),
         "#009e73": ("#00805d", "#2fcf9f"), "#cc79a7": ("#a8497c", "#e39cc2"), "#e69f00": ("#9a6a00", "#f2b632"),
         "#56b4e9": ("#2f86b8", "#8fd0f5")}  # fmt: skip


def main(job_file):
    with open(job_file, encoding="utf-8") as file:
        job = json.load(file)
    path, names, printed = job["path"], {"__name__": "__main__"}, ""
    result = {"outputs": [], "figures": {}}
    imports = time.process_time()
    import keras_acts  # noqa: F401  with Keras and its backend: the same for all lessons, so it is counted by itself

    with contextlib.suppress(ImportError):
        import tensorflow  # noqa: F401  on any backend `fit` imports it where it is installed

    started = time.process_time()
    for step in job["steps"]:
        where = f"{path}:{step['line']}"
        if step["kind"] == "code":
            printed = run(step, path, names)
        elif step["kind"] == "output":
            result["outputs"].append(printed)
        elif step["kind"] == "check":
            check(step["text"], where, names)
        elif "figure" not in names:
            sys.exit(f"{where}: no block before this picture made a `figure`")
        else:
            result["figures"][step["text"]] = svg(names["figure"], step["text"])
    result["seconds"] = time.process_time() - started
    result["import_seconds"] = started - imports
    with open(job_file, "w", encoding="utf-8") as file:
        json.dump(result, file)


def run(step, path, names):
    """Run a block so that its lines bear the numbers of the lesson; returns what it printed."""
    printed = io.StringIO()
    try:
        code = compile("\n" * (step["line"] - 1) + step["text"], path, "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, names)  # noqa: S102  running the lessons is what this is for
    except SyntaxError as error:
        sys.exit(f"{path}:{error.lineno}: {error.msg}")
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        message = str(error).strip().split("\n")[0]
        sys.exit(f"{path}:{lines[-1] if lines else step['line']}: {type(error).__name__}: {message}")
    return printed.getvalue()


def check(expression, where, names):
    try:
        true = bool(eval(expression, names))  # noqa: S307
    except Exception as error:
        sys.exit(f"{where}: the check {expression!r} raised {type(error).__name__}: {error}")
    if not true:
        parts = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}
        values = ", ".join(
            f"{name} = {names[name]!r:.80}" for name in sorted(parts & names.keys()) if not callable(names[name])
        )
        sys.exit(f"{where}: the check {expression!r} is false, with {values}".replace("\n", " "))


def style():
    """The look of all figures: no frame, ink and colours of the page."""
    import matplotlib as mpl

    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "lessons", "savefig.transparent": True})
    mpl.rcParams.update({"font.size": 11, "axes.titlesize": 12, "figure.constrained_layout.use": True})
    mpl.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False})
    mpl.rcParams.update({"lines.linewidth": 2, "figure.figsize": (7, 3.6), "path.simplify_threshold": 0.3})
    for name in ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"):
        mpl.rcParams[name] = INK
    mpl.rcParams["axes.prop_cycle"] = mpl.cycler(color=[c for c in THEME if c != INK])


def svg(figure, name):
    """The figure as SVG whose colours follow the page's light or dark scheme."""
    sink = io.StringIO()
    figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r"<\?xml.*?<svg", "<svg", sink.getvalue(), flags=re.S)
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"font: ([\d.]+)px[^;\"]*", r"font: \1px system-ui, sans-serif", text)
    text = "\n".join(line.rstrip() for line in text.splitlines() if line.strip())
    light, dark = [], []
    for i, (colour, (day, night)) in enumerate(THEME.items()):
        if colour in text:
            text = text.replace(colour, f"var(--c{i})")
            light.append(f"--c{i}:{day}")
            dark.append(f"--c{i}:{night}")
    rules = f"svg{{{';'.join(light)}}}@media(prefers-color-scheme:dark){{svg{{{';'.join(dark)}}}}}"
    return re.sub(r"(<svg[^>]*>)", rf"\1\n<style>{rules}</style>", text, count=1) + "\n"


if __name__ == "__main__":
    style()
    main(sys.argv[1])
