"""A painting, from its flags to the finished picture: the steps of a run in their order."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType

from models.weights import load
from neural_style import backend
from neural_style.cluster.crew import Crew
from neural_style.command import presets
from neural_style.command.reporter import Reporter
from neural_style.command.script import command_line
from neural_style.command.workshop import Workshop
from neural_style.errors import InputError
from neural_style.painting import checking, planning, resuming, saving
from neural_style.pictures.images import STANDARD, check_fits
from neural_style.runs import checkpoint
from neural_style.runs.animation import Animation
from neural_style.runs.folder import NoFolder, RunFolder

TERMS = ("content", "style", "tv")
"""The terms of the loss, as losses.csv names them."""


@dataclass(frozen=True)
class Method:
    """A way of painting: what a script has that the others have not.

    `parser()` returns a `command.parser.Parser` with the flags of `command.flags.add_run_flags` among its own. `inputs`
    is the module of the pictures that go in, `photograph` or `doodle`, with its functions `check_flags` and `read`.
    `style_layers(flags)` are the layers of each product of the style loss, so that a layer of two products is there
    twice; `style_loss(flags, network, pictures)` is that loss, which looks through a `tiling.network.TiledNetwork`, and
    `smoothness(flags, size)` the loss that keeps a picture of (height, width) `size` smooth, None for the total
    variation. Losses are made once Keras may be imported.
    """

    parser: Callable
    inputs: ModuleType
    style_layers: Callable
    style_loss: Callable
    smoothness: Callable | None = None

    def parse(self, argv):
        """Return the flags in the list of strings `argv`. Raises InputError for those that do not go together."""
        flags = self.parser().parse(argv)
        self.inputs.check_flags(flags)
        return flags

    def task(self, argv):
        """Return the `Task` of painting by the flags in the list of strings `argv`."""
        return self.task_of(self.parse(argv))

    def task_of(self, flags):
        """Return the `Task` of painting by flags that are parsed."""
        layers = tuple(self.style_layers(flags))
        read = partial(self.inputs.read, flags, layers)
        smoothness = self.smoothness and partial(self.smoothness, flags)
        return Task(flags, read, layers, partial(self.style_loss, flags), smoothness)

    def main(self, argv=None, workshop=None):
        """Do all that a script does, in a `Workshop` where there is one; return its exit status."""
        argv = sys.argv[1:] if argv is None else argv
        task = self.task(argv)
        if task.flags.save_preset:
            presets.save(task.flags.save_preset, self.parser(), argv)
        return paint(task, command_line(argv), workshop or Workshop())


@dataclass(frozen=True)
class Task:
    """What there is to paint: the flags, and the functions and layers of a `Method` that they choose.

    `read(reporter)` returns the list of `photograph.Pictures`, one per scale; `style_loss(network, pictures)` the style
    loss of one of them, and `smoothness(size)` that of the method, if it has one.
    """

    flags: object
    read: Callable
    style_layers: tuple
    style_loss: Callable
    smoothness: Callable | None = None

    def layers(self, pictures):
        """Return the lists of layers that the content loss and the style loss see, empty where a weight is zero."""
        flags = self.flags
        content_layers = [flags.content_layer] if flags.content_weight and pictures.content is not None else []
        return content_layers, list(self.style_layers) if any(pictures.style_weights) else []


@dataclass(frozen=True)
class Run:
    """What a run carries along: its task, the `photograph.Pictures` of all scales, the network's weights, where its
    files and its messages go, and the workshop it is made in.
    """

    task: Task
    scales: list
    weights: object
    folder: RunFolder | NoFolder
    reporter: Reporter
    workshop: Workshop = field(default_factory=Workshop)


def paint(task, command, workshop):
    """Do all that a script does once its flags are parsed; return the exit status. `command` is its shell command."""
    flags = task.flags
    with workshop.reporter(flags) as reporter:
        backend.asked_for()  # Better to fail before anything is fetched.
        if flags.cluster and flags.tile == 0:
            raise InputError("--cluster looks at tiles, and with --tile 0 there are none: leave out one of them")
        reporter.awaits("reading the pictures")
        scales = task.read(reporter)
        check_fits(flags.result, scales[-1].finish.size)
        with NoFolder() if flags.prefix == STANDARD else RunFolder(flags.prefix, TERMS) as folder, ExitStack() as stack:
            describe_sizes(scales, reporter)
            weights = load_weights(flags, reporter)
            if flags.cluster:
                workshop.crew = stack.enter_context(Crew(flags.cluster, reporter.say, flags.max_memory))
                stack.callback(setattr, workshop, "crew", None)
            run = Run(task, scales, weights, folder, reporter, workshop)
            device = planning.start_backend(run)
            identity = checkpoint.identity(flags, scales, run.weights, backend.versions())
            if flags.resume and resuming.is_finished(run, identity):
                print(flags.result, flush=True)
                return 0
            goes_on = flags.resume or resuming.goes_on_unasked(run, identity)
            before, arrays = resuming.checkpoint_of(run, identity) if goes_on else (None, {})
            if flags.resume and before is None:
                checking.check_overwriting(flags)
            plans = planning.plan_memory(run, before and before["plans"])
            settings = saving.settings_of(run, command, device, plans)
            folder.describe(settings)

            from neural_style.painting.objective import stages
            from neural_style.painting.synthesis import synthesise

            resumed = before and (before["position"], arrays)
            evaluations = synthesise(
                stages(run, plans), flags.num_iter, flags.evaluations, flags.min_improvement, resumed
            )
            frames = [arrays[name] for name in arrays if name.startswith("frame_")]
            animation = Animation(scales[-1].finish.size, frames) if flags.animate else None
            record = {"identity": identity, "plans": settings["memory"]}
            return saving.save_progress(run, evaluations, settings, record, animation)


def evaluations(run, iterations=None):
    """Return the generator of a `synthesis.Progress` after each evaluation of a `Run` that leaves nothing on the disk.

    `iterations` has the number of them at each scale, if not those of the flags.
    """
    flags = run.task.flags
    planning.start_backend(run)
    plans = planning.plan_memory(run)

    from neural_style.painting.objective import stages
    from neural_style.painting.synthesis import synthesise

    iterations = flags.num_iter if iterations is None else iterations
    return synthesise(stages(run, plans), iterations, flags.evaluations, flags.min_improvement)


def load_weights(flags, reporter):
    """Return the `models.weights.Weights` of the network asked for and tell the user where they come from."""
    weights = load(flags.model, flags.weights, reporter.say, reporter.download)
    reporter.close()
    reporter.say(f"weights: {flags.model} from {weights.source}, SHA-256 {weights.sha256[:12]}")
    return weights


def describe_sizes(scales, reporter):
    """Tell the user the sizes (height × width) of what goes in and comes out."""
    sizes = [scales[-1].content_size], [s.shape for s in scales[-1].styles], [pictures.inner for pictures in scales]
    read, styles, painting = (", ".join(f"{height}×{width}" for height, width, *_ in group) for group in sizes)
    reporter.say(f"sizes (height × width): read {read}, style {styles}, painting {painting}")
