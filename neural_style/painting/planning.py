"""What a run works with: the device, and how the memory is shared out."""

import math
import os
from dataclasses import replace

from neural_style import backend
from neural_style.backend import allocator
from neural_style.command.script import load_backend
from neural_style.errors import InputError
from neural_style.tiling import memory


def start_backend(run):
    """Load Keras and its backend for a `recipe.Run`, tell the user on what it runs, and return the device's name.

    From then on the precision among its flags is one of the two that there are.
    """
    say = run.reporter.say
    device = load_backend(run.reporter, *expected_allocation(run))
    versions = ", ".join(f"{name} {version}" for name, version in backend.versions().items())
    say(f"device: {device} ({os.cpu_count()} cores), {versions}")
    advice = backend.advice(device)
    if advice:
        say(advice)
    flags = run.task.flags
    if flags.precision == "auto":
        flags.precision = backend.precision("auto")
        say(f"precision: {flags.precision}")
    elif flags.precision == "bfloat16":
        backend.check_bfloat16()
        if backend.is_slow_in_bfloat16():
            say("warning: here --precision bfloat16 takes more time than float32, though less memory")
    return device


def expected_allocation(run):
    """Return how memory is allocated, as far as the machine's can tell: whether large, whether kept (`backend.start`).

    It depends on the sizes of all scales. That of a GPU is known only once the backend is loaded.
    """
    flags = run.task.flags
    if run.workshop.crew:
        return any(_is_shared(flags, demand(run, p)) and math.prod(p.size) > memory.LARGE for p in run.scales), False
    allowed = memory.allowance_of_machine() if flags.max_memory is None else flags.max_memory
    try:
        (plan, *_) = memory.plans([demand(run, pictures) for pictures in run.scales], allowed, flags.tile)
    except InputError:
        return False, False  # There may be room on a GPU.
    return plan.large, plan.keeps


def plan_memory(run, before=None):
    """Return the `memory.Plan` of each scale of a `recipe.Run`, act on the largest and tell the user.

    A run that goes on keeps the plans it had `before`, a list of dicts, on which its numbers depend; if the flags say
    something of memory, only how many pairs the optimiser keeps.
    """
    flags, say = run.task.flags, run.reporter.say
    allowed = memory.allowance() if flags.max_memory is None else flags.max_memory
    demands = [demand(run, pictures, backend.on_cpu()) for pictures in run.scales]
    workers = run.workshop.crew and run.workshop.crew.gather()
    if workers:
        allowed -= run.workshop.crew.store
    plans = [memory.Plan(**plan) for plan in before or []]
    if not plans or flags.tile is not None or flags.max_memory is not None:
        histories = [plan.history for plan in plans] or [None] * len(demands)
        if workers:
            plans = _plans_for(workers, flags, demands, allowed, histories)
        else:
            plans = memory.plans(demands, allowed, flags.tile, histories)
    if before and [plan.side for plan in plans] != [plan["side"] for plan in before]:
        say("warning: the run began in other tiles, so that its last digits may differ")
    if all(plan.keeps for plan in plans):
        allocator.keep_memory()
    largest, pictures = max(zip(plans, run.scales, strict=True), key=lambda pair: pair[0].needed)
    most = "" if pictures is run.scales[-1] else "most for "
    say(f"memory: {most}{largest.describe(pictures.size, allowed, pictures.margin)}")
    return plans


WORTH_SENDING = 500_000
"""Pixels from which on an image goes to a cluster unasked: of smaller ones, tiles would be mostly margin."""


def _is_shared(flags, demand):
    """Return whether the image of a `memory.Demand` goes to the run's crew, in tiles."""
    if flags.tile is not None:
        return 0 < flags.tile < max(demand.size)
    return math.prod(demand.size) >= WORTH_SENDING


def _plans_for(workers, flags, demands, allowed, histories):
    """Return the `memory.Plan` of each scale of a run that has so many workers, with so many bytes each."""
    plans = {}
    for number, (own, history) in enumerate(zip(demands, histories, strict=True)):
        if _is_shared(flags, own):
            plans[number] = memory.plan_for_workers(own, allowed, *workers, flags.tile, history)
    beside_large = any(plan.large for plan in plans.values())
    here = [number for number in range(len(demands)) if number not in plans]
    own = [replace(demands[number], beside_large=beside_large) for number in here]
    plans.update(zip(here, memory.plans(own, allowed, flags.tile, [histories[n] for n in here]), strict=True))
    return [plans[number] for number in range(len(demands))]


def demand(run, pictures, on_cpu=True):
    """Return the `memory.Demand` of one scale's `photograph.Pictures`, on the CPU or on a GPU."""
    content_layers, style_layers = run.task.layers(pictures)
    masks = pictures.masks.generated
    return memory.Demand(
        network=run.task.flags.model,
        channels={layer: len(bias) for layer, (_, bias) in run.weights.tensors.items()},
        layers=(*content_layers, *style_layers),
        style_layers=tuple(style_layers),
        regions=next(iter(masks.values())).shape[-1] if masks else 0,
        size=pictures.size,
        styles=tuple(style.shape[:2] for style in pictures.styles),
        # What is not known before the backend is loaded takes this at most.
        precision="bfloat16" if run.task.flags.precision == "bfloat16" else "float32",
        on_cpu=on_cpu,
        long_vectors=backend.has_long_vectors(),
        margin=pictures.margin,
    )
