"""The command line: `python -m keras_acts list | show | sheet | doctor | accuracy | bench`."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from keras_acts import _core, plot, properties

# Commands with a module, and options, of their own: what they need is imported when they are called.
_TOOLS = {
    "accuracy": "measure how far the activations are from the truth",
    "bench": "measure what the activations cost",
}


def _list(options: argparse.Namespace) -> None:
    names = _core.list_activations(options.kind)
    width = max(map(len, names))
    for name in names:
        facts = _core.CATALOGUE[name]
        print(f"{name:<{width}}  {facts.kind:<12}  {facts.layer.__name__:<20}  {facts.formula or '(not elementwise)'}")
    print(f"{len(names)} activations; `python -m keras_acts show NAME` tells more of one.")


def _show(options: argparse.Namespace) -> None:
    known = properties.facts(options.name)
    print(known)
    if known.formula:
        options.out.mkdir(parents=True, exist_ok=True)
        path = options.out / f"{known.name}.png"
        plot.plot_activation(known.name).savefig(path, dpi=150)
        print(f"{'picture':<19} {path}")


def _sheet(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "activations.png"
    plot.plot_sheet(options.names or None).savefig(path, dpi=150)
    print(path)


def _doctor(options: argparse.Namespace) -> None:
    from keras_acts.monitor import _doctor as doctor

    doctor.run(options.model, options.data, options.out, options.batch_size)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m keras_acts", description="Activation functions for Keras 3.")
    commands = parser.add_subparsers(required=True, metavar="command")
    out = argparse.ArgumentParser(add_help=False)
    out.add_argument("--out", type=Path, default=Path("results"), help="folder for pictures (default: results)")

    command = commands.add_parser("list", help="list all activations with their formulas")
    command.add_argument("--kind", help="only those of one kind, such as elementwise or trainable")
    command.set_defaults(run=_list)

    command = commands.add_parser("show", help="show what is known about one, and draw it", parents=[out])
    command.add_argument("name", help="a name or alias, such as mish")
    command.set_defaults(run=_show)

    command = commands.add_parser("sheet", help="draw all of them on one sheet", parents=[out])
    command.add_argument("names", nargs="*", help="only these")
    command.set_defaults(run=_sheet)

    command = commands.add_parser("doctor", help="look for dead units in a saved model", parents=[out])
    command.add_argument("model", type=Path, help="a .keras file")
    command.add_argument("--data", type=Path, required=True, help="a .npz file with the inputs, as `x`")
    command.add_argument("--batch-size", type=int, default=256, help="samples at a time (default: 256)")
    command.set_defaults(run=_doctor)

    for name, text in _TOOLS.items():
        commands.add_parser(name, help=text, add_help=False)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if arguments and arguments[0] in _TOOLS:
            return importlib.import_module(f"keras_acts.{arguments[0]}").main(arguments[1:])
        options = _parser().parse_args(arguments)
        options.run(options)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
