"""The steps the painting scripts have in common, in the order of `paint`."""

import contextlib
import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass

from models.weights import load
from neural_style import autodiff, checkpoint, cli, images, inputs, memory
from neural_style.errors import InputError
from neural_style.runs import Animation, NoFolder, RunFolder

TERMS = ("content", "style", "tv")
"""The terms of the loss, as losses.csv names them."""


@dataclass(frozen=True)
class Task:
    """What a script has for `paint`.

    `flags` are those of `cli.add_run_flags`, with `content_layer`, `content_loss_type` and the weights of the terms.
    `read(reporter)` returns the list of `inputs.Pictures`, one per scale; `style_loss(network, pictures)` the style
    loss that looks through a `tiling.TiledNetwork`, called once Keras may be imported. `style_layers` are the layers of
    each of its products, so that a layer of two products is there twice.
    """

    flags: object
    read: Callable
    style_layers: tuple
    style_loss: Callable


def paint(task, command):
    """Do all that a script does once its flags are parsed; return the exit status. `command` is its shell command."""
    flags = task.flags
    with cli.Reporter(flags.quiet) as reporter:
        autodiff.backend_asked_for()  # Better to fail before anything is fetched.
        scales = task.read(reporter)
        piped = flags.prefix == images.STANDARD
        with NoFolder() if piped else RunFolder(flags.prefix, TERMS) as folder:
            describe_sizes(scales, reporter)
            weights = load_weights(flags, reporter)
            device = start_backend(task, scales, weights, reporter)
            identity = checkpoint.identity(flags, scales, weights, autodiff.versions())
            if flags.resume and is_finished(folder, identity, flags, reporter):
                print(f"{flags.prefix}.png", flush=True)
                return 0
            before, arrays = checkpoint_of(folder, identity, reporter) if flags.resume else (None, None)
            if flags.resume and before is None:
                inputs.check_overwriting(flags)
            plans = plan_memory(task, scales, weights, reporter, before and before["plans"])
            settings = settings_of(flags, command, device, scales, plans, weights)
            folder.describe(settings)

            from neural_style.synthesis import synthesise

            stages = [stage(task, *scale, weights, reporter) for scale in zip(scales, plans, strict=True)]
            resumed = before and (before["position"], arrays)
            run = synthesise(stages, flags.num_iter, flags.evaluations, flags.min_improvement, resumed)
            record = {"identity": identity, "plans": settings["memory"]}
            animation = Animation(scales[-1].finish.size) if flags.animate else None
            if animation and arrays:
                animation.restore([arrays[name] for name in arrays if name.startswith("frame_")])
            return save_progress(run, flags, scales, folder, settings, record, animation, reporter)


def is_finished(folder, identity, flags, reporter):
    """Return whether the run of this `checkpoint.identity` is finished, by the `RunFolder`, and its results are there.

    The user is told so, and if another run has been finished there.
    """
    before = folder.finished()
    if before is None or not all(map(os.path.exists, inputs.results(flags.prefix, flags.animate))):
        return False
    try:
        change = checkpoint.difference(before, identity)
    except (AttributeError, KeyError, TypeError):
        return False  # Somebody has changed settings.json.
    if change:
        reporter.say(f"the finished run in {folder.path} is another: {change}")
        return False
    reporter.say("the run is finished already: leave out --resume to paint it anew")
    return True


def checkpoint_of(folder, identity, reporter):
    """Return (run, arrays) of the checkpoint in the `RunFolder`, (None, None) without one, of which the user is told.

    Raises InputError if it is damaged, and if it is of another run than that of this `checkpoint.identity`.
    """
    before, arrays = folder.checkpoint()
    if before is None:
        reporter.say(f"there is no checkpoint in {folder.path}: beginning at the beginning")
        return None, None
    change = checkpoint.difference(before["identity"], identity)
    if change:
        raise InputError(
            f"the checkpoint in {folder.path} is of another run: {change}; give the same flags and pictures, or leave "
            "out --resume to begin anew"
        )
    versions = [", ".join(f"{k} {v}" for k, v in which["backend"].items()) for which in (before["identity"], identity)]
    if versions[0] != versions[1]:
        reporter.say(f"warning: the run began with {versions[0]}; with {versions[1]} it may end a little differently")
    folder.go_on(before["position"]["evaluation"])
    reporter.say(f"going on after evaluation {before['position']['evaluation']}")
    return before, arrays


def start_backend(task, scales, weights, reporter):
    """Load Keras and its backend, tell the user on what it runs, and return the device's name.

    `scales` are the `inputs.Pictures` of all scales, on whose sizes it depends how memory is kept.
    """
    with cli.uninterrupted():
        device = autodiff.start(*expected_allocation(task, scales, weights))
    backend = autodiff.versions()
    reporter.say(f"device: {device} ({os.cpu_count()} cores), {', '.join(f'{k} {v}' for k, v in backend.items())}")
    advice = autodiff.advice(device)
    if advice:
        reporter.say(advice)
    if task.flags.precision == "bfloat16":
        autodiff.check_bfloat16()
        if autodiff.is_slow_in_bfloat16():
            reporter.say("warning: here --precision bfloat16 takes more time than float32, though less memory")
    return device


def expected_allocation(task, scales, weights):
    """Return how memory is allocated, as far as the machine's can tell: whether large, whether kept (`autodiff.start`).

    That of a GPU is known only once the backend is loaded.
    """
    flags = task.flags
    allowed = memory.allowance_of_machine() if flags.max_memory is None else flags.max_memory
    demands = [demand(task, pictures, weights) for pictures in scales]
    try:
        (plan, *_) = memory.plans(demands, allowed, flags.tile)
    except InputError:
        return False, False  # There may be room on a GPU.
    return plan.large, plan.keeps


def plan_memory(task, scales, weights, reporter, before=None):
    """Return the `memory.Plan` of each of the `inputs.Pictures` in `scales`, act on the largest and tell the user.

    A run that goes on keeps the plans it had `before`, a list of dicts, on which its numbers depend; if the flags say
    something of memory, only how many pairs the optimiser keeps.
    """
    flags = task.flags
    allowed = memory.allowance() if flags.max_memory is None else flags.max_memory
    demands = [demand(task, pictures, weights, autodiff.on_cpu()) for pictures in scales]
    plans = [memory.Plan(**plan) for plan in before or []]
    if not plans or flags.tile is not None or flags.max_memory is not None:
        histories = [plan.history for plan in plans]
        plans = memory.plans(demands, allowed, flags.tile, histories or None)
    if before and [plan.side for plan in plans] != [plan["side"] for plan in before]:
        reporter.say("warning: the run began in other tiles, so that its last digits may differ")
    if all(plan.keeps for plan in plans):
        autodiff.keep_memory()
    largest = max(plans, key=lambda plan: plan.needed)
    reporter.say(f"memory: {largest.describe(scales[plans.index(largest)].size, allowed)}")
    return plans


def demand(task, pictures, weights, on_cpu=True):
    """Return the `memory.Demand` of a painting, on the CPU or on a GPU."""
    content_layers, style_layers = layers_of(task, pictures)
    masks = pictures.masks.generated
    return memory.Demand(
        network=task.flags.model,
        channels={layer: len(bias) for layer, (_, bias) in weights.tensors.items()},
        layers=(*content_layers, *style_layers),
        style_layers=tuple(style_layers),
        regions=next(iter(masks.values())).shape[-1] if masks else 0,
        size=pictures.size,
        styles=tuple(style.shape[:2] for style in pictures.styles),
        precision=task.flags.precision,
        on_cpu=on_cpu,
    )


def layers_of(task, pictures):
    """Return the lists of layers that the content loss and the style loss look at, empty where a weight is zero."""
    flags = task.flags
    content_layers = [flags.content_layer] if flags.content_weight and pictures.content is not None else []
    return content_layers, list(task.style_layers) if any(pictures.style_weights) else []


def stage(task, pictures, plan, weights, reporter):
    """Return the function that `synthesis.synthesise` begins a scale with."""

    def begin(before):
        start = pictures.start if before is None else images.resized(before, pictures.size)
        return objective(task, pictures, weights, plan.side, reporter.say, plan.keeps_up_to), start, plan.history

    return begin


def objective(task, pictures, weights, side=None, say=lambda line: None, keeps_up_to=None):
    """Return the objective for the network's `Weights`, its targets computed from the pictures.

    A term whose weight is zero is left out, and with it the part of the network only it would need. Pictures are seen
    in tiles of `side` rows, or in one piece; `say` is told of what goes on with them. `keeps_up_to` is that of
    `memory.Plan`.
    """
    from models import vgg
    from neural_style.losses import ContentLoss, TotalVariationLoss
    from neural_style.objective import Objective
    from neural_style.tiling import TiledNetwork

    flags = task.flags
    content_layers, style_layers = layers_of(task, pictures)
    layers = list(dict.fromkeys([*content_layers, *style_layers]))
    extractor = vgg.feature_extractor(
        flags.model, layers, flags.pool_type, weights.tensors, winograd=autodiff.on_cpu(), precision=flags.precision
    )
    network = TiledNetwork(extractor, flags.model, layers, side, say, keeps_up_to)
    terms = {}
    for layer in content_layers:
        target = network.layer(layer, pictures.content)
        terms["content"] = flags.content_weight, ContentLoss(layer, target, pictures.size, flags.content_loss_type)
    if style_layers:
        terms["style"] = 1.0, task.style_loss(network, pictures)
    if flags.total_variation_weight:
        terms["tv"] = flags.total_variation_weight, TotalVariationLoss()
    return Objective(network, terms, pictures.size)


def style_loss(weighted_products, network, pictures):
    """Return the style loss of pictures whose masks are `inputs.Masks`; `weighted_products` has (weight, product)."""
    from neural_style import losses

    products = [product for _, product in weighted_products]
    masks, styles = pictures.masks, []
    for style, weight, mask, region in zip(
        pictures.styles, pictures.style_weights, masks.styles, masks.regions, strict=True
    ):
        sums = [total[0] for total in sums_of(products, network, style, mask)]
        areas = [product.areas(style.shape[:2], mask if masks.by_area else None)[0] for product in products]
        styles.append(losses.Style(sums, areas, weight, region))
    return losses.style_loss(weighted_products, styles, pictures.size, masks.generated, masks.by_area)


def sums_of(products, network, image, masks=None):
    """Return the sums over positions (regions, C, C') of each product of an image's features, as numpy arrays."""
    return network.sums(lambda features, guides: [product(features, guides) for product in products], image, masks)


def load_weights(flags, reporter):
    """Return the `models.weights.Weights` of the network asked for and tell the user where they come from."""
    weights = load(flags.model, flags.weights, reporter.say, reporter.download)
    reporter.close()
    reporter.say(f"weights: {flags.model} from {weights.source}, SHA-256 {weights.sha256[:12]}")
    return weights


def describe_sizes(scales, reporter):
    """Tell the user the sizes (height × width) of what goes in and comes out."""
    last = scales[-1]
    styles = ", ".join(_size(style.shape) for style in last.styles)
    painting = ", ".join(_size(pictures.size) for pictures in scales)
    reporter.say(f"sizes (height × width): read {_size(last.content_size)}, style {styles}, painting {painting}")


def _size(shape):
    return f"{shape[0]}×{shape[1]}"


def settings_of(flags, command, device, scales, plans, weights):
    """Return all that decides a run's result, as the JSON-able dict for settings.json and the pictures' text."""
    return {
        "command": command,
        "flags": vars(flags),
        "seed": flags.seed,
        "sizes": {
            "read": scales[-1].content_size,
            "styles": [style.shape[:2] for style in scales[-1].styles],
            "painting": [pictures.size for pictures in scales],
        },
        "memory": [asdict(plan) for plan in plans],
        "weights": {"network": flags.model, "source": weights.source, "sha256": weights.sha256},
        "device": device,
        "versions": {"python": platform.python_version(), **autodiff.versions()},
    }


def save_progress(run, flags, scales, folder, settings, record, animation, reporter):
    """Follow the `synthesis.synthesise` generator `run`, log and save it, print the final picture's path.

    `record` is what a checkpoint says besides the run's state; `animation` is a `runs.Animation` or None. Returns the
    exit status: 0, or that of the signal that ended the run early; what was reached is saved then too.
    """
    piped = flags.prefix == images.STANDARD
    final = images.STANDARD if piped else f"{flags.prefix}.png"
    saves = 0 if piped else flags.save_every
    progress = None

    def picture():
        return scales[progress.scale - 1].finish.picture(progress.image())

    def save(path):
        images.write(path, picture(), cli.picture_texts(settings))

    with cli.Interruption() as interruption:
        try:
            for progress in run:
                folder.log(progress)
                folder.preview(picture)
                reporter.progress(progress)
                is_frame = progress.ends_iteration or progress.evaluation == 0
                if animation and is_frame:
                    animation.add(picture())
                if progress.ends_iteration and saves and progress.iteration % saves == 0:
                    save(f"{flags.prefix}_at_iteration_{progress.iteration}.png")
                if interruption.signal:
                    break
                if progress.ends_iteration and not progress.ends_run:
                    folder.save(progress, record, animation.frames() if animation else [])
            if progress is None:
                raise InputError("the run is finished already: leave out --resume to paint it anew")
            save(final)
            goes_on = interruption.signal and not progress.ends_run
            if goes_on:
                folder.save(progress, record, animation.frames() if animation else [], anyway=True)
            if animation:
                if not is_frame:
                    animation.add(picture())
                animation.write(flags.prefix)
            if not goes_on:
                folder.finish(record["identity"])
        except InputError as problem:
            if progress is None:
                raise
            raise InputError(f"{problem}; what was reached is in {rescued(final, save)}") from problem
    reporter.close()
    if progress.ends_run and progress.evaluation < progress.evaluations:
        reporter.say(
            f"stopped after {progress.evaluation} of {progress.evaluations} evaluations: the loss hardly falls any more"
        )
    if interruption.signal:
        remedy = "" if piped or progress.ends_run else "; the same command with --resume goes on"
        reporter.say(f"interrupted after {progress.evaluation} evaluations; what was reached is in {final}{remedy}")
    if not piped:
        print(final, flush=True)
    return interruption.exit_status


def rescued(final, save):
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
