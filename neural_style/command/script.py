"""A script from its command line to its exit status: where its result goes, and problems as one line."""

import atexit
import contextlib
import gc
import logging
import os
import shlex
import signal
import sys
from functools import partial
from pathlib import Path

from neural_style import backend
from neural_style.backend import gpu
from neural_style.command.interruption import SIGNAL_STATUS, uninterrupted
from neural_style.command.reporter import complaint
from neural_style.errors import InputError
from neural_style.installation import missing, runs_a_script
from neural_style.pictures.images import STANDARD, check_writable, keeps_alpha, write


def load_backend(reporter, *allocation):
    """Start the backend, as `backend.start` with how memory is allocated, and tell the user; return the device's name.

    An interruption is held back meanwhile, and answered.
    """
    name = backend.asked_for()
    full_name = backend.PACKAGES[name]
    answer = partial(reporter.say, f"interrupted: ends when {full_name} is loaded")
    loads = name not in sys.modules
    if loads:  # It takes seconds, in which no other thread could say so.
        reporter.say(f"loading {full_name} …")
    with reporter.apart(), uninterrupted(answer), _uncollected() if loads else contextlib.nullcontext():
        return backend.start(*allocation)


@contextlib.contextmanager
def _uncollected():
    """Look for no garbage among what comes to stay meanwhile, hundreds of thousands of objects of a backend.

    That is a fifth of the time that loading one takes. A process of the toolkit's own never looks at them again.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
        if runs_a_script():  # In a program of others there may be garbage among them.
            gc.freeze()
    finally:
        if collects:
            gc.enable()


def output_path(flags, source, suffix, inputs=()):
    """Return the path a finishing tool writes to: that of -o in `flags`, else that of `source` with `_suffix` added.

    What comes from the standard input goes to the standard output. Raises InputError if no picture can be written
    there, if there is one and `flags` have --no_overwrite, or if it would overwrite `source` or one of the other
    `inputs`, None among them passed over.
    """
    path = STANDARD if source == STANDARD else f"{os.path.splitext(source)[0]}_{suffix}.png"
    path = path if flags.output is None else flags.output
    check_writable(path)
    if flags.no_overwrite and path != STANDARD and os.path.lexists(path):
        raise InputError(f"{path} is there already: choose another -o, or leave out --no_overwrite")
    for other in (source, *inputs):
        if other and os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other):
            raise InputError(f"the result would overwrite {other}: choose another -o")
    return path


def deliver(path, picture, reporter):
    """Write a finishing tool's Pillow image to `path` and print that, unless it is the standard output.

    The `reporter` is told what becomes of its transparency where it has any.
    """
    if picture.mode == "RGBA":
        kept = keeps_alpha(path)
        reporter.say(
            "transparent parts stay transparent" if kept else f"{path} cannot be transparent in parts: they are white"
        )
    reporter.awaits(f"writing {path}")
    write(path, picture)
    if path != STANDARD:
        print(path, flush=True)


def command_line(argv):
    """Return the shell command that this process was started with, `argv` being its arguments."""
    return shlex.join(["python", Path(sys.argv[0]).name, *argv])


def run(main):
    """Run a script's `main()`, which returns an exit status, and exit; a problem becomes one line on standard error."""
    script = Path(sys.argv[0]).name
    ends_with = []
    if getattr(sys.modules["__main__"], "main", None) is main:  # Not in a program that calls this for its own ends.
        # Of what is called at the end, that comes last which was registered first.
        atexit.register(_leave, ends_with)
    if sys.stderr is None:  # Started with the descriptor closed; the work is done all the same.
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if hasattr(sys.stdout, "reconfigure"):
        # Paths go out as the file system has them, whatever the terminal's encoding.
        sys.stdout.reconfigure(encoding=sys.getfilesystemencoding(), errors="surrogateescape")
    # Pillow says something of its own about some broken files, besides raising what becomes our line.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    try:
        status = main()
    except KeyboardInterrupt:
        status = SIGNAL_STATUS + signal.SIGINT
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(complaint(script, problem), file=sys.stderr)
        status = 1
    ends_with.append(status)
    sys.exit(status)


def _leave(ends_with):
    """End the process with the exit status in a list, if there is one.

    Else Python would take apart, piece by piece, what TensorFlow has built: a second in which a user waits for nothing.
    """
    for status in ends_with:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(status or 0)


def problem_of(error):
    """Return the line in which the user is told of an exception; None for one that is a defect of ours."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, OSError):
        return f"the output could not be written: {error.strerror or error}"
    if isinstance(error, ImportError):
        is_missing = error.name is not None and error.name.split(".")[0] not in _OWN
        return missing(error.name) if is_missing else None
    if not gpu.may_be_out_of_memory(error):
        return None
    problem = "the memory does not suffice"
    if not gpu.is_out_of_memory(error):
        problem = f"the GPU cannot do a convolution, mostly for want of memory ({str(error).splitlines()[0]})"
    return f"{problem}: choose a smaller picture or size"


_OWN = ("models", "neural_style")
"""Packages that cannot be missing, so that an import from them that fails is a defect."""
