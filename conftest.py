"""One `pytest` runs the suite once per installed backend.

Keras fixes its backend when it is imported, so every backend needs a process of its own. Without
`--backend` and without KERAS_BACKEND this file starts one pytest per installed backend, each with
the arguments it was given itself, and reports on all of them. With either, the suite runs right
here, on that backend.
"""

import json
import os
import runpy
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

# Run by path: importing the package would import Keras before the backend is settled.
CHOICE = runpy.run_path(str(Path(__file__).parent / "keras_acts" / "_backend_choice.py"))
BACKENDS = [name for name in CHOICE["BACKENDS"] if CHOICE["is_installed"](name)]
PRESET = os.environ.get("KERAS_BACKEND")
OUTCOMES = ("passed", "failed", "skipped", "error", "xfailed", "xpassed")  # pytest's own words


def pytest_addoption(parser, pluginmanager):
    group = parser.getgroup("keras_acts")
    group.addoption("--backend", help="run on this Keras backend only, in this process")
    group.addoption("--outcomes-file", help="write the numbers of outcomes to this file, as JSON")
    if not BACKENDS:
        raise pytest.UsageError("no Keras backend is installed: run `pip install jax`")
    # Settled here, because a conftest in a folder may import Keras before any later hook runs.
    arguments = pluginmanager.get_plugin("pytestconfig").invocation_params.args
    asked = parser.parse_known_args(arguments).backend
    # For this process, if it only starts others, the last one: TensorFlow takes longest to import.
    os.environ["KERAS_BACKEND"] = asked or PRESET or BACKENDS[-1]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def pytest_cmdline_main(config):
    option = config.option
    only_tells = option.help or option.version or option.markers or option.showfixtures
    if option.backend or PRESET or only_tells:
        return None  # pytest goes on as usual
    return run_on_each(BACKENDS, config)


def pytest_terminal_summary(terminalreporter, config):
    if config.option.outcomes_file:
        numbers = {outcome: len(terminalreporter.stats.get(outcome, [])) for outcome in OUTCOMES}
        Path(config.option.outcomes_file).write_text(json.dumps(numbers), "utf-8")


def run_on_each(backends, config):
    """Run the suite on every backend, show one output after the other, return the worst code."""
    option = config.option
    # A debugger and -s need the terminal for themselves; -n has filled the cores already.
    to_terminal = option.usepdb or option.capture == "no"
    at_once = 1 if to_terminal or getattr(option, "numprocesses", None) else os.cpu_count() or 1
    total, lines, worst = dict.fromkeys(OUTCOMES, 0), [], 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as pool:
        outputs = {name: Path(folder, f"{name}.txt") for name in backends}
        runs = {
            name: pool.submit(run_on, name, config, None if to_terminal else output) for name, output in outputs.items()
        }
        for name, run in runs.items():
            print(f"\n{f' {name} ':=^80}", flush=True)
            follow(outputs[name], run)
            code, numbers, seconds = run.result()
            worst = max(worst, code)
            total = {outcome: total[outcome] + numbers.get(outcome, 0) for outcome in OUTCOMES}
            lines.append(f"{name + ':':12}{in_words(numbers)} in {seconds:.0f} s, exit code {code}")
    print(f"\n{' all backends ':=^80}", *lines, in_words(total), sep="\n", flush=True)
    return worst


def run_on(backend, config, output):
    """Run the suite on one backend in a child process; return exit code, outcomes and seconds."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcomes = Path(folder, "outcomes.json")
        command = [sys.executable, "-m", "pytest", *config.invocation_params.args]
        command += [f"--outcomes-file={outcomes}"]
        if config.pluginmanager.has_plugin("cacheprovider"):
            command += ["-o", f"cache_dir=.pytest_cache/{backend}"]
        if config.option.xmlpath:
            xml = Path(config.option.xmlpath)
            command += [f"--junitxml={xml.with_stem(f'{xml.stem}-{backend}')}"]
        if sys.stdout.isatty():
            command += ["--color=yes"]
        process = {
            "cwd": config.invocation_params.dir,
            "env": {**os.environ, "KERAS_BACKEND": backend, "PYTHONUNBUFFERED": "1"},
        }
        if output is None:
            code = subprocess.run(command, **process, check=False).returncode
        else:
            with output.open("wb") as sink:
                code = subprocess.run(command, **process, check=False, stdout=sink, stderr=subprocess.STDOUT).returncode
        if outcomes.exists():
            numbers = json.loads(outcomes.read_text("utf-8"))
        else:  # the child broke off before its summary, whatever code it left behind
            numbers, code = {"error": 1}, code or 1
    # A child ended by signal n has code -n, which the shell knows as 128 + n.
    return (code if code >= 0 else 128 - code), numbers, time.perf_counter() - started


def follow(output: Path, run: Future) -> None:
    """Print what a run writes, while it writes it, until it is over."""
    shown = 0
    over = False
    while not over:
        over = run.done()
        if output.exists():
            with output.open("rb") as source:
                source.seek(shown)
                sys.stdout.buffer.write(fresh := source.read())
            shown += len(fresh)
            sys.stdout.flush()
        if not over:
            time.sleep(0.2)


def in_words(numbers):
    """'3 passed, 0 failed, 1 skipped', and the rarer outcomes where there are any."""
    always = OUTCOMES[:3]
    counts = {outcome: numbers.get(outcome, 0) for outcome in OUTCOMES}
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count or outcome in always)
