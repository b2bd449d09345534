"""How much memory a painting needs, how much there is, and what follows: the tiles and the optimiser's history."""

import heapq
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from models.layers import layer_names, stride
from neural_style import backend
from neural_style.errors import InputError
from neural_style.tiling.tiles import intervals, margin

SHARE = 0.8
"""Part of the memory that is available which a run may use without being asked to."""

BASE = 2**30
"""Bytes that Python, the backend and the weights of the network take (measured with TensorFlow)."""

VECTORS = 11
"""Vectors of the image at once besides the history, some of them only kept by the allocator (measured)."""

VECTORS_OF_LARGE = 5
"""The same for LARGE images in tiles: the point, the direction, two gradients, and the pictures in 8 bits."""

FLOAT = 4
"""Bytes of a float32."""

BYTES = {"float32": FLOAT, "bfloat16": 2}
"""Bytes of a number by precision."""

LONGEST_HISTORY = 20
"""Pairs of differences beyond which the optimiser's memory gains little (see benchmarks/optimiser.py)."""

KEPT = 3
"""What tiles of LARGE images take more, relative to their work, when the memory of one is kept for the next (measured:
about 2 in the first evaluation, and more later, until `Plan.keeps_up_to` is reached)."""

SHAPE = 80 * 2**20
"""Bytes that each further shape of tiles takes, for which functions are compiled anew (measured; where memory is kept,
they are in KEPT)."""

WORKED_ON, WORKED_ON_SHORT = 4, 9
"""Copies of the largest layer that it is worked on with, on a CPU with vectors of 512 bits and on others (measured with
TensorFlow, whose library oneDNN has other ways there)."""

MASKED = 1 / 3
"""Copies of the features under each mask that wait at once, on the average (measured with TensorFlow)."""

LARGE = 12_000_000
"""Pixels of an image in tiles beyond which its vectors are so long, beside the work on a tile, that what is freed is
given back, or kept by plan. TensorFlow's own allocator keeps pieces of all sizes, which is best for everything else."""

SIDES = (2048, 1536, 1024, 768, 640, 512, 448, 384, 320, 256)
"""Rows of tiles to choose from; smaller ones are nearly all margin."""

CHOICES = (
    *((side, 3, True) for side in (None, *SIDES)),
    *((side, 3, False) for side in SIDES[-5:]),
    *((side, 1, False) for side in (*SIDES[-5:], 192, 128, 64)),
)
"""Sides of tiles (None: one piece), the least history each is taken with, and whether memory is kept from one tile to
the next: the fastest first. Without that, tiles of LARGE images take twice as long."""

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Plan:
    """How a picture is painted: in tiles of `side` rows (None: in one piece), with a `history` of so many pairs.

    That needs about `needed` bytes at most. With `large` it is as `Demand.is_large` says, and with `keeps` too, what is
    freed of memory is kept for the next tile, which is faster, unless the process has more than `needed` bytes after
    one: what is kept lies in pieces, and these become more.
    """

    side: int | None
    history: int
    needed: int
    keeps: bool = False
    large: bool = False

    @property
    def keeps_up_to(self):
        """The bytes up to which memory is kept; None where it is not."""
        return self.needed if self.keeps else None

    def describe(self, size, allowed, margin=0):
        """Return what users read of the plan for a picture of (height, width) `size` and the bytes allowed.

        Of a `margin` that is part of the size they need not know.
        """
        height, width = (length - 2 * margin for length in size)
        count = math.prod(len(intervals(length, self.side or length, 0)) for length in size)
        pieces = "in one piece" if count == 1 else f"in {count} tiles of {self.side} rows"
        text = f"{height}×{width} {pieces}, about {gibibytes(self.needed)} of the {gibibytes(allowed)} allowed"
        return text if self.needed <= allowed else f"{text}: the machine may run out of it"


def size_in_bytes(text):
    """Return the bytes that `text` names, like 6G, 6GiB, 512M or 1.5 T. Raises ValueError for anything else."""
    match = re.fullmatch(r"([0-9]*\.?[0-9]+)\s*([KMGT]?)(I?B)?", text.strip().upper())
    if match is None:
        raise ValueError(f"'{text}' is no size of memory like 6G or 1500M")
    return int(float(match[1]) * _UNITS[match[2]])


def gibibytes(count):
    """Return a number of bytes as users read it."""
    return f"{count / _UNITS['G']:.2f} GiB"


def allowance():
    """Return the bytes that a run may use unasked: SHARE of the GPU's free memory, or of the machine's.

    What the process has of the machine's memory already counts to it.
    """
    on_device = backend.free_device_memory()
    return allowance_of_machine() if on_device is None else int(SHARE * on_device)


def allowance_of_machine():
    """Return the bytes of the machine's memory that a run may use unasked; no backend need be there."""
    free = min([psutil.virtual_memory().available, *container_limits()])
    return int(SHARE * free) + psutil.Process().memory_info().rss


def container_limits(root="/"):
    """Return the bytes left below each memory limit of the control groups (Linux) that this process is in."""
    try:
        lines = Path(root, "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    left = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        mount = Path(root, "sys/fs/cgroup", controllers)
        limit_name, usage_name = _CONTROL_FILES[controllers]
        folder = mount / path.strip("/")
        # Inside a container the path may be that of the machine, which is not there; the mount then is its own group.
        for group in (folder, *(parent for parent in folder.parents if parent.is_relative_to(mount))):
            limit, usage = (_number(group / name) for name in (limit_name, usage_name))
            if limit is not None and usage is not None:
                left.append(max(0, limit - usage + _reclaimable(group)))
    return left


_CONTROL_FILES = {"": ("memory.max", "memory.current"), "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes")}
"""The files with the limit and the usage, by control group version: 2 names no controllers."""


def _number(path):
    """Return the number in a file; None where there is none, or the word for no limit."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _reclaimable(group):
    """Return the bytes of files a control group has in memory that the kernel would drop for others."""
    try:
        lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    counts = dict(line.split() for line in lines)
    return int(counts.get("total_inactive_file", counts.get("inactive_file", 0)))


@dataclass(frozen=True)
class Demand:
    """What decides how much memory a painting of (height, width) `size` needs.

    `network` is "vgg16" or "vgg19" with `channels` by layer, worked on in a `precision` of BYTES; `layers` are all
    layers that losses look at, `style_layers` those of each product of the style loss, so that one may be there twice,
    `regions` their masks, and `styles` the sizes of the style pictures. `on_cpu` is whether arrays are in the machine's
    memory; of a GPU's nothing was measured, and only what the arrays themselves take is counted. `beside_large` is
    whether another scale of the run is a LARGE image in tiles, `long_vectors` as `backend.has_long_vectors` says.
    `margin` is how many pixels of the size, on each side, the painting has while it is painted alone.
    """

    network: str
    channels: dict
    layers: tuple
    style_layers: tuple
    regions: int
    size: tuple
    styles: tuple
    precision: str = "float32"
    on_cpu: bool = True
    beside_large: bool = False
    long_vectors: bool = True
    margin: int = 0

    def is_large(self, side):
        """Return whether memory is allocated, with tiles of `side` rows, as LARGE images in several tiles want it.

        All scales of a run are allocated alike.
        """
        return self.on_cpu and (self.beside_large or (math.prod(self.size) > LARGE and self._shapes(side) > 1))

    def of(self, side, history, keeps=False):
        """Return the bytes needed at most with tiles of `side` rows, or None, and a `history` of so many pairs.

        With `keeps`, the memory of one tile is kept for the next.
        """
        keeps = keeps and self.is_large(side)
        work = self._work() * (1 + KEPT if keeps else 1)
        return int(self.of_optimiser(side, history) + self._of_shapes(side, keeps) + self._seen_at_most(side) * work)

    def of_optimiser(self, side, history):
        """Return the bytes that a process needs which looks at no tile itself, and has all but that in it."""
        vectors = 3 * ((VECTORS_OF_LARGE if self.is_large(side) else VECTORS) + 2 * history)
        return int(BASE + FLOAT * math.prod(self.size) * (vectors + self._guides()))

    def of_tiles(self, side, workers):
        """Return the bytes that each of so many `workers` needs that look at the tiles of the image, and of styles."""
        work = self._of_shapes(side, False) + self._seen_at_most(side) * self._work()
        kept = FLOAT * (3 + self._guides()) * math.prod(self.size) / workers
        return int(BASE + work + kept)

    def _of_shapes(self, side, keeps):
        """Return the bytes that tiles of more than one shape take, which are in KEPT where memory is kept."""
        return SHAPE * (self._shapes(side) - 1) if self.on_cpu and not keeps else 0

    def _shapes(self, side):
        """Return of how many shapes tiles are that are wider than their margin.

        In each dimension there are three, with a border of the picture before them, behind them, or neither.
        """
        return math.prod(min(3, len(intervals(length, side or length, 0))) for length in self.size)

    def _seen_at_most(self, side):
        """Return the pixels that the largest tile of any of the pictures is seen with."""
        return max(self._seen(size, side) for size in (self.size, *self.styles))

    def _seen(self, size, side):
        """Return the pixels of a picture of (height, width) `size` that its largest tile is seen with."""
        around = margin(self.network, self.layers)
        return math.prod(max(i.last - i.first for i in intervals(length, side or length, around)) for length in size)

    def _guides(self):
        """Return the floats per pixel that losses hold: the content's features and masks."""
        content = set(self.layers) - set(self.style_layers)
        masks = 2 * self.regions * sum(1 / stride(layer) ** 2 for layer in set(self.style_layers))
        return sum(self._floats(layer) for layer in content) + masks

    def _work(self):
        """Return the bytes per pixel seen at once that one loss and gradient takes.

        These are the features of all layers, which the way back needs; the derivatives by those of the style layers,
        which wait there for their turn, with copies under the masks; and what the largest layer is worked on with.
        Only the derivatives, and the first layer, are float32 whatever the precision.
        """
        names = layer_names(self.network)
        deepest = max(names.index(layer) for layer in self.layers)
        each = BYTES[self.precision]
        features = sum((FLOAT if layer == "conv1_1" else each) * self._floats(layer) for layer in names[: deepest + 1])
        waiting = sum((1 + MASKED * self.regions) * self._floats(layer) for layer in self.style_layers)
        copies = WORKED_ON if self.long_vectors or not self.on_cpu else WORKED_ON_SHORT
        return features + FLOAT * waiting + copies * each * self._floats("conv1_2")

    def _floats(self, layer):
        return self.channels[layer] / stride(layer) ** 2


ONE_PIECE = Plan(None, LONGEST_HISTORY, 0)
"""The plan of pictures for which there is memory enough."""


class TooLargeError(InputError):
    """The painting of a `Demand` needs `needed` bytes of memory, more than it may use."""

    def __init__(self, demand, needed, allowed):
        height, width = (length - 2 * demand.margin for length in demand.size)
        rounded_up = gibibytes(needed + _UNITS["G"] // 200)
        remedy = "a smaller size or a larger --max_memory" if allowed > BASE else "a --max_memory of more than 1 GiB"
        super().__init__(
            f"painting {height}×{width} pixels needs {rounded_up} of memory at least, but {gibibytes(allowed)} may "
            f"be used: choose {remedy}"
        )
        self.needed = needed


def plans(demands, allowed, side=None, histories=None):
    """Return the `Plan`s of a run's scales, whose `Demand`s these are, each as `plan` does.

    If one of them is large, all are, and keep memory or not as the large ones can. `histories` are the scales' numbers
    of pairs where they are given.
    """
    histories = histories or [None] * len(demands)
    scales = list(zip(demands, histories, strict=True))
    separate, too_large = [], []
    for demand, history in scales:
        try:
            separate.append(plan(demand, allowed, side, history=history))
        except TooLargeError as problem:
            too_large.append(problem)
    if too_large:
        raise max(too_large, key=lambda problem: problem.needed)
    large = [plan for plan in separate if plan.large]
    if not large:
        return separate
    keeps = [all(plan.keeps for plan in large)]
    return [plan(replace(demand, beside_large=True), allowed, side, keeps, history) for demand, history in scales]


def plan(demand, allowed, side=None, keeping=(True, False), history=None):
    """Return the `Plan` of a painting within `allowed` bytes. Raises `TooLargeError` if there is none.

    With a `side`, 0 for one piece, it is in tiles of that, whatever they need. `keeping` says whether memory may be
    kept and whether it may be given back, `history` how many pairs the optimiser has if that is given.
    """
    choices = CHOICES if side is None else [(side or None, 3, True), (side or None, 1, False)]
    choices = [choice for choice in choices if choice[2] in keeping]
    for rows, least, keeps in choices:
        none = demand.of(rows, 0, keeps)
        pairs = min(LONGEST_HISTORY, (allowed - none) // (demand.of(rows, 1, keeps) - none))
        if pairs >= (history or least):
            return _planned(demand, rows, history or pairs, keeps)
    rows, _, keeps = choices[-1]
    if side is not None:
        return _planned(demand, rows, history or 1, keeps)
    needed = min(demand.of(rows, history or least, keeps) for rows, least, keeps in choices)
    raise TooLargeError(demand, needed, allowed)


def plan_for_workers(demand, allowed, workers, theirs, side=None, history=None):
    """Return the `Plan` of a painting whose tiles are looked at by so many `workers`, each with `theirs` of bytes.

    The tiles are those that take the least time, where they find room. The optimiser and the pictures are within the
    `allowed` bytes of one process. With a `side`, or a `history`, it is that. Raises `TooLargeError`.
    """
    sides = [side] if side else [rows for rows in (*SIDES, 192, 128, 64) if rows < max(demand.size)]
    fitting = [rows for rows in sides if side or demand.of_tiles(rows, workers) <= theirs]
    if not fitting:
        raise TooLargeError(demand, min(demand.of_tiles(rows, workers) for rows in sides), theirs)
    rows = min(fitting, key=lambda rows: (longest_share(demand, rows, workers), -rows))
    none = demand.of_optimiser(rows, 0)
    pairs = min(LONGEST_HISTORY, (allowed - none) // (demand.of_optimiser(rows, 1) - none))
    if not history and pairs < 1:
        raise TooLargeError(demand, demand.of_optimiser(rows, 1), allowed)
    history = history or pairs
    return Plan(rows, history, demand.of_optimiser(rows, history), large=demand.is_large(rows))


def longest_share(demand, side, workers):
    """Return the pixels that tiles of `side` rows are seen with, of the one of so many `workers` that has the most."""
    around = margin(demand.network, demand.layers)
    rows, columns = (
        [interval.last - interval.first for interval in intervals(length, side, around)] for length in demand.size
    )
    loads = [0] * workers
    for pixels in sorted((height * width for height in rows for width in columns), reverse=True):
        heapq.heapreplace(loads, loads[0] + pixels)
    return max(loads)


def _planned(demand, rows, history, keeps):
    """Return the `Plan` of a painting in tiles of so many `rows`, or None."""
    large = demand.is_large(rows)
    return Plan(rows, history, demand.of(rows, history, keeps), keeps and large, large)
