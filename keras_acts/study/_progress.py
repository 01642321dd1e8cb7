"""One line that says how far a study is and how long it will take."""

import sys
import time
from typing import Any


class Progress:
    """Shows progress: a bar on a terminal, one plain line per finished activation elsewhere.

    Args:
        epochs: Epochs in all, over all runs.
        done: Epochs of runs that were finished before.
        verbose: 0 shows nothing.
    """

    def __init__(self, epochs: int, done: int, verbose: int) -> None:
        self.total, self.done, self.before, self.verbose = epochs, done, done, verbose
        self.started = time.perf_counter()
        self._bar: Any = None

    def __enter__(self) -> "Progress":
        if self.verbose and sys.stdout.isatty():
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.completed:.0f} of {task.total:.0f} epochs"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns)
            self._bar.start()
            self._task = self._bar.add_task("compare", total=self.total, completed=self.done)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def tick(self, epochs: int) -> None:
        """Count epochs that are done."""
        self.done += epochs
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done)

    def at(self, label: str) -> None:
        """Say what is being trained."""
        if self._bar is not None:
            self._bar.update(self._task, description=label)

    def finished(self, label: str, records: list[dict[str, Any]]) -> None:
        """Say that an activation is done."""
        if not self.verbose or self._bar is not None or not records:
            return
        elapsed = time.perf_counter() - self.started
        left = elapsed * (self.total - self.done) / max(1, self.done - self.before)
        seconds = sum(record["seconds"] for record in records)
        lost = sum(record["status"] == "diverged" for record in records)
        print(
            f"{label}: {len(records)} runs, {seconds:.1f} s of training"
            + (f", {lost} diverged" if lost else "")
            + (f"; about {in_words(left)} left" if self.done < self.total else "; all done"),
            flush=True,
        )


def in_words(seconds: float) -> str:
    """`75` becomes `'1 min 15 s'`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
