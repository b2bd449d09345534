"""What a run saves while it goes on, and at its end."""

import contextlib
import json
import os
import platform
import tempfile
from dataclasses import asdict

from neural_style import backend
from neural_style.command.interruption import Interrupted, Interruption
from neural_style.errors import InputError
from neural_style.pictures import images
from neural_style.runs.pace import Pace


def settings_of(run, command, device, plans):
    """Return all that decides the result of a `recipe.Run`, as the JSON-able dict for settings.json and the pictures.

    `command` is its shell command, `device` what it runs on, and `plans` has the `memory.Plan` of each scale.
    """
    flags, scales, weights = run.task.flags, run.scales, run.weights
    return {
        "command": command,
        "flags": vars(flags),
        "seed": flags.seed,
        "sizes": {
            "read": scales[-1].content_size,
            "styles": [style.shape[:2] for style in scales[-1].styles],
            "painting": [pictures.inner for pictures in scales],
        },
        "memory": [asdict(plan) for plan in plans],
        "weights": {"network": flags.model, "source": weights.source, "sha256": weights.sha256},
        "device": device,
        "versions": {"python": platform.python_version(), **backend.versions()},
    }


def _texts(settings):
    """Return the text chunks of a picture: the command line and the settings it was made with."""
    command = settings["command"].encode(errors="backslashreplace").decode()
    return {images.COMMAND: command, "Settings": json.dumps(settings)}


def save_progress(run, evaluations, settings, record, animation):
    """Follow the `synthesis.synthesise` generator `evaluations`, log and save it, print the final picture's path.

    `record` is what a checkpoint says besides the run's state; `animation` is an `Animation` or None. Returns the exit
    status: 0, or that of the signal that ended the run early; what was reached is saved then too.
    """
    flags, folder, reporter = run.task.flags, run.folder, run.reporter
    piped = flags.prefix == images.STANDARD
    final = flags.result
    saves = 0 if piped else flags.save_every
    pace = Pace([pictures.inner for pictures in run.scales], flags.num_iter, flags.evaluations)
    progress = None
    took = before = 0.0

    def picture():
        return run.scales[progress.scale - 1].finish.picture(progress.image())

    def save(path):
        images.write(path, picture(), _texts(settings))

    def checkpoint(anyway=False):
        reporter.awaits("writing a checkpoint")
        folder.save(progress, record, animation.frames() if animation else [], anyway)

    def answer():
        takes = f", which takes about {took:.0f} s," if took >= 1 else ""
        last = "" if interruption.nothing_in_hand else f"the evaluation in hand{takes} is the last, and "
        reporter.say(f"interrupted: {last}what was reached is saved; a second time ends at once")

    with Interruption(answer) as interruption:
        try:
            for progress in _until_interrupted(evaluations, interruption):
                took, before = progress.seconds - before, progress.seconds
                folder.log(progress)
                folder.preview(picture)
                reporter.progress(progress, pace.left(progress.scale, progress.evaluation, progress.seconds))
                is_frame = progress.ends_iteration or progress.evaluation == 0
                if animation and is_frame:
                    animation.add(picture())
                if progress.ends_iteration and saves and progress.iteration % saves == 0:
                    save(f"{flags.prefix}_at_iteration_{progress.iteration}.png")
                if interruption.signal:
                    break
                if progress.ends_iteration and not progress.ends_run:
                    checkpoint()
            if progress is None:
                raise InputError("the run is finished already: leave out --resume to paint it anew")
            reporter.awaits(f"writing {final}")
            save(final)
            goes_on = interruption.signal and not progress.ends_run
            if goes_on:
                checkpoint(anyway=True)
            if animation:
                reporter.awaits("writing the animation")
                if not is_frame:
                    animation.add(picture())
                animation.write(flags.prefix)
            if not goes_on:
                if flags.keep_checkpoint:
                    _keep(checkpoint, folder, reporter)
                folder.finish(record["identity"], flags.keep_checkpoint)
        except InputError as problem:
            if progress is None:
                raise
            raise InputError(f"{problem}; what was reached is in {_rescued(final, save)}") from problem
    _say_why_it_ended(run, progress, interruption, final)
    if not piped:
        print(final, flush=True)
    return interruption.exit_status


def _until_interrupted(evaluations, interruption):
    """Yield what `evaluations` does, up to an interruption while the next scale is prepared: that would take long."""
    while True:
        try:
            progress = next(evaluations, None)
        except Interrupted:
            return
        finally:
            interruption.nothing_in_hand = False
        if progress is None:
            return
        yield progress
        interruption.nothing_in_hand = progress.ends_scale and not progress.ends_run


MUCH = 50_000_000
"""Bytes of a checkpoint that a finished run keeps from which on the user is told."""


def _keep(checkpoint, folder, reporter):
    """Save the `checkpoint()` of a finished run; if it cannot be, nothing is lost but that the run may go on."""
    try:
        checkpoint(anyway=True)
    except InputError as problem:
        reporter.say(f"the run cannot go on for longer: {problem}")
        return
    size = folder.size_of_checkpoint() or 0
    if size > MUCH:
        reporter.say(
            f"{folder.path} keeps {size / 1e6:.0f} MB with which --resume may go on for longer; "
            "--keep_checkpoint False leaves them out another time"
        )


def _say_why_it_ended(run, progress, interruption, final):
    """Tell the user of a run that ended early, at this `progress`, its picture being in the file `final`."""
    run.reporter.close()
    if progress.ends_run and progress.evaluation < progress.evaluations:
        run.reporter.say(
            f"stopped after {progress.evaluation} of {progress.evaluations} evaluations: the loss hardly falls any more"
        )
    if interruption.signal and progress.ends_run:
        run.reporter.say(f"interrupted in the last evaluation: the run is finished, and its picture is in {final}")
    elif interruption.signal:
        goes_on = final != images.STANDARD
        remedy = "; the same command with --resume goes on" if goes_on else ""
        evaluations = f"{progress.evaluation} evaluation{'s' * (progress.evaluation != 1)}"
        height, width = size = run.scales[progress.scale - 1].finish.size
        small = f", {height}×{width} so far" * (size != run.scales[-1].finish.size)
        run.reporter.say(f"interrupted after {evaluations}; what was reached is in {final}{small}{remedy}")


def _rescued(final, save):
    """Save a picture by `save(path)` to the path `final` or, where that fails, to a new folder for temporary files.

    The standard output, which has failed already, is not tried again. Returns the path, or says in its place that there
    is none.
    """
    piped = final == images.STANDARD
    with contextlib.suppress(InputError):
        if not piped:
            save(final)
            return final
    with contextlib.suppress(InputError, OSError):
        name = "picture.png" if piped else os.path.basename(final)
        path = os.path.join(tempfile.mkdtemp(prefix="style-transfer-"), name)
        save(path)
        return path
    return "no file, for there is no room for one"
