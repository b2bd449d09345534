"""Signals that ask a script to end, which it does in its own time."""

import _thread
import contextlib
import os
import signal
import socket
import threading

SIGNAL_STATUS = 128
"""Added to a signal's number, the exit status of a script it ended."""

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]
"""What asks a script to end; the last is Windows' own."""

GRACE = 3.0
"""Seconds in which a second signal ends a script by an exception, which a long computation does not let through."""


class Interrupted(KeyboardInterrupt):
    """The first signal has come where nothing is in hand that is worth finishing."""


class Interruption:
    """Notes SIGNALS while it is entered, so that a loop can end in its own time; a second one ends at once.

    While `nothing_in_hand` is set, the first raises `Interrupted`.

    `signal` is the number of the signal that came, or 0; `exit_status` what a script should exit with. `answer()` is
    called when the first comes, at once and in another thread: Python itself hears of a signal only when what it has
    called, such as an evaluation, returns.
    """

    def __init__(self, answer=lambda: None):
        self.signal = 0
        self._came = 0
        self._ends = False
        self.nothing_in_hand = False
        self._answer = answer
        self._left = threading.Event()

    @property
    def exit_status(self):
        return SIGNAL_STATUS + self.signal if self.signal else 0

    def __enter__(self):
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        self._heard, self._told = socket.socketpair()
        self._told.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        self._listener = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *exception):
        try:
            signal.set_wakeup_fd(self._wakeup)
            self._left.set()
            self._told.close()
            self._listener.join()  # What it has just sent is still for `_note`.
            self._heard.close()
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler)

    def _note(self, number, frame):
        """Note a signal: Python calls this once for two that came within one computation."""
        if self._ends:
            return
        self._ends = bool(self.signal) or self._came > 1
        self.signal = self.signal or number
        if self._ends:
            raise KeyboardInterrupt
        if self.nothing_in_hand:
            raise Interrupted

    def _listen(self):
        """Answer the first signal, and end the process after the second if it has not come to its end by itself."""
        while number := self._heard.recv(1):
            if number[0] not in SIGNALS:
                continue
            self._came += 1
            if self._came == 1:
                self._answer()
            elif self._came == 2:
                # On a busy machine `_note` may have been called for both before this came to count the second.
                if not (self._ends or self._left.is_set()):
                    _thread.interrupt_main(number[0])
                if not self._left.wait(GRACE):
                    os._exit(SIGNAL_STATUS + number[0])


@contextlib.contextmanager
def uninterrupted(answer=lambda: None):
    """Hold an interruption back until what is done meanwhile is done; a second one ends it at once.

    While packages are loaded an exception may be raised in a place that lets it pass unseen. `answer()` is called at
    once when it comes. Outside the main thread nothing is interrupted anyway.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with Interruption(answer) as interruption:
        yield
    if interruption.signal:
        signal.raise_signal(interruption.signal)
