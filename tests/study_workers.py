"""What the workers of a test do: alone in a module that imports nothing slow, because each worker imports it."""

import os
from pathlib import Path


def square(number, folder):
    """The square; but the first worker that is asked for that of 3 dies at once."""
    note = Path(folder, "died")
    if number == 3 and not note.exists():
        note.touch()
        os._exit(1)
    return number * number
