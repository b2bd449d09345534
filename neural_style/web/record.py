"""A run as it is written down in its folder, and what is asked of one that is found there."""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime

from neural_style.errors import InputError

NAME = "run.json"
"""The file of a run in its folder."""

PAINTERS = ("paint.py", "network.py", "inetwork.py", "neural_doodle.py")
"""The scripts that take a prefix and leave a run folder; the others take -o."""

FILM = "video.py"
"""The script whose result is a film."""

SCRIPTS = (*PAINTERS, FILM, "color_transfer.py", "mask_transfer.py", "enhance.py")

UNFINISHED = ("queued", "running")

LONGEST_NAME = 120
"""Letters of a run's name, at most."""

STATES = (*UNFINISHED, "held", "done", "stopped", "failed", "lost")


@dataclass(frozen=True)
class Run:
    """One run of a script.

    `arguments` are those of its command line, `values` those of the form they come from, `created` is when it was asked
    for. `state` is "queued", "running", "held" (found in the queue of an earlier page), "done", "stopped" (by the
    user), "failed" or "lost" (its process ended while nobody watched). `problem` is the line that a failed script ended
    with. `process` is the id of the process and the time it began at. One that `resumes` goes on from its checkpoint.
    `name` is what the user calls it, empty if nothing.
    """

    id: str
    script: str
    arguments: list
    values: dict
    created: str
    state: str = "queued"
    problem: str = ""
    process: list = field(default_factory=list)
    resumes: bool = False
    name: str = ""

    @property
    def is_over(self):
        return self.state not in UNFINISHED

    def as_bytes(self):
        """Return the content of the run's file."""
        return f"{json.dumps(asdict(self), indent=2)}\n".encode()


def read(path):
    """Return the `Run` in a file, which may come from anybody. Raises InputError, with the reason, if there is none.

    Its result is where the file lies, whatever the file says.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"it cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError("it is not written as JSON") from error
    if not isinstance(content, dict):
        raise InputError("it is no list of a run's settings")
    if unknown := set(content) - {each.name for each in fields(Run)}:
        raise InputError(f"it has a setting that no run has: {min(unknown)}")
    try:
        run = Run(**content | {"id": path.parent.name})
    except TypeError as error:
        raise InputError("it lacks some of a run's settings") from error
    _check(run)
    arguments = with_result(run.script, without_result(run.script, run.arguments), path.parent / "picture")
    return replace(run, arguments=arguments)


def _check(run):
    """Raise InputError if a run has values that no run of this page has."""
    if run.script not in SCRIPTS:
        raise InputError(f"it is a run of {run.script}, which is none of the scripts")
    if run.state not in STATES:
        raise InputError(f"its state is {run.state}, which no run has")
    if not (_all(run.arguments, str) and isinstance(run.values, dict) and isinstance(run.problem, str)):
        raise InputError("its arguments, its form or its problem are not of the kind that they should be")
    if not (_all(run.process, (int, float)) and len(run.process) in (0, 2) and isinstance(run.resumes, bool)):
        raise InputError("its process is not of the kind that it should be")
    if not isinstance(run.name, str) or len(run.name) > LONGEST_NAME:
        raise InputError("its name is none")
    try:
        datetime.fromisoformat(run.created)
    except (TypeError, ValueError) as error:
        raise InputError("when it was asked for is no date") from error
    anywhere = with_result(run.script, without_result(run.script, run.arguments), "")
    if len(anywhere) != len(run.arguments) or sum(map(str.__ne__, anywhere, run.arguments)) > 1:
        raise InputError("its arguments do not say where the result goes")


def _all(values, kind):
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


def with_result(script, arguments, prefix):
    """Return a script's arguments with the place of its result added where the script takes it.

    That is PREFIX.png, of a film PREFIX.mp4.
    """
    if script == "neural_doodle.py":
        return [*arguments, "--target_image_prefix", str(prefix)]
    if script in (*PAINTERS, FILM):
        # After the content and the styles, before the flags.
        flags = _first_flag(arguments)
        return [*arguments[:flags], f"{prefix}.mp4" if script == FILM else str(prefix), *arguments[flags:]]
    return [*arguments, "-o", f"{prefix}.png"]


def without_result(script, arguments):
    """Return the arguments that `with_result` was given, of those that it returned."""
    if script in (*PAINTERS, FILM) and script != "neural_doodle.py":
        flags = _first_flag(arguments)
        return [*arguments[: max(flags - 1, 0)], *arguments[flags:]]
    return arguments[:-2]


def _first_flag(arguments):
    return next((i for i, text in enumerate(arguments) if text.startswith("--")), len(arguments))
