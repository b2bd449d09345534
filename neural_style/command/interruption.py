"""Signals that ask a script to end, which it does in its own time."""

import contextlib
import signal

SIGNAL_STATUS = 128
"""Added to a signal's number, the exit status of a script it ended."""

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]
"""What asks a script to end; the last is Windows' own."""


class Interruption:
    """Notes SIGNALS while it is entered, so that a loop can end in its own time; a second one ends at once.

    `signal` is the number of the signal that came, or 0; `exit_status` what a script should exit with.
    """

    def __init__(self):
        self.signal = 0

    @property
    def exit_status(self):
        return SIGNAL_STATUS + self.signal if self.signal else 0

    def __enter__(self):
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *exception):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number, frame):
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number


@contextlib.contextmanager
def uninterrupted():
    """Hold an interruption back until what is done meanwhile is done; a second one ends it at once.

    While packages are loaded an exception may be raised in a place that lets it pass unseen.
    """
    with Interruption() as interruption:
        yield
    if interruption.signal:
        signal.raise_signal(interruption.signal)
