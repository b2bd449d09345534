"""The work itself: one picture after the other in one process."""

import contextlib
import io
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from neural_style.batch.scripts import module_of
from neural_style.command import script
from neural_style.command.interruption import SIGNAL_STATUS
from neural_style.command.reporter import Reporter
from neural_style.command.workshop import Workshop


@dataclass(frozen=True)
class Outcome:
    """How the work on a picture ended: the script's exit `status`, its `problem` in a line if it failed, the `seconds`
    it took, and the `warnings` it gave.
    """

    status: int
    problem: str = ""
    seconds: float = 0.0
    warnings: tuple = ()

    @property
    def is_interrupted(self):
        return self.status > SIGNAL_STATUS


class Worker:
    """A process's own way through the jobs it gets: the script, and what one picture leaves for the next."""

    def __init__(self, script, listener):
        """`listener` hears how far the picture in hand is, `at(name, evaluation, evaluations)`, how far a `download`
        is, and before the first evaluation of all what the script says, `heard(line)`.
        """
        self._script = Path(script).name
        self._ear = Ear(listener)
        self._workshop = Workshop(self._ear)

    def make(self, job, more=()):
        """Make the result of a `jobs.Job` and return the `Outcome`; flags of the job win over these `more`."""
        began = time.monotonic()
        self._ear.begin(job.name)
        argv = [*more, *job.argv]
        module = module_of(self._script)
        problem, status = "", 0
        try:
            with _as_script(self._script, argv), contextlib.redirect_stdout(io.StringIO()):
                status = module.main(argv, self._workshop) or 0
        except Exception as error:
            problem, status = script.problem_of(error) or f"{type(error).__name__}: {error}", 1
        return Outcome(status, problem, time.monotonic() - began, tuple(self._ear.warnings))


@contextlib.contextmanager
def _as_script(name, argv):
    """Let a script find the command line that it would have by itself, which it writes into its results."""
    before, sys.argv = sys.argv, [name, *argv]
    try:
        yield
    finally:
        sys.argv = before


class Ear(Reporter):
    """The reporter of a script in a batch, which speaks for itself: most of what a script says is for one picture."""

    def __init__(self, listener):
        super().__init__(quiet=True)
        self._listener = listener
        self._is_loading = True
        self._name = ""
        self.warnings = []

    def begin(self, name):
        """Take what is said from now on for that of the picture `name`."""
        self._name, self.warnings = name, []

    def say(self, line):
        if line.startswith("warning"):
            self.warnings.append(line)
        elif line.startswith(("interrupted: ", "the memory")) or (
            self._is_loading and not line.startswith("interrupted after")
        ):
            self._listener.heard(line)

    def download(self, done, total):
        self._listener.download(done, total)

    def pass_on_warnings(self, told):
        """Have the listener hear the warnings of the picture in hand that are not in the set `told` yet."""
        for warning in self.warnings:
            if warning not in told:
                told.add(warning)
                self._listener.heard(warning)

    def ends(self, seconds):
        """Tell that the picture in hand is done, after so many seconds."""
        self._listener.at(self._name, 1, 1, seconds)

    def progress(self, progress, left):
        self._is_loading = False
        self._listener.at(self._name, progress.evaluation, progress.evaluations)
