"""Label maps: rough maps of coloured regions, one colour per label, for paintings from doodles.

A map is a picture whose colours name regions. Inside the program it is an 8-bit RGB Pillow image until its colours are
known, then an array of label numbers, and at the layers of a network one soft mask per label.
"""

from operator import itemgetter

import numpy as np
from PIL import Image

from models.layers import layer_names
from neural_style.errors import InputError

SMALLEST_SHARE = 0.001
"""Part of a map's pixels that a colour must cover to be taken for a label, where their number is not given."""

MOST_LABELS = 32
"""More colours than this of SMALLEST_SHARE are taken for a photograph instead of a map."""

CLUSTERED_PIXELS = 1 << 18
"""Pixels of each map that k-means looks at, at most."""

LEAST_SHARE_OF_MAP = 0.8
"""Part of each map that must have the labels' colours exactly, where their number is not given."""

NEAREST_COLOURS = 24
"""Distance in RGB below which two colours are taken for one that a compression has spread."""

FAINTEST = 1e-3
"""Largest value a label's mask must reach at a layer. Below it the label's loss there would be noise."""


def palette(maps, count=None, names=None):
    """Return the colours of the labels in the RGB pictures `maps` together, float32 (labels, 3) in 0..255.

    With a `count`, k-means finds them; it starts from colours that are frequent and far from each other. Without, they
    are the colours that cover more than SMALLEST_SHARE of one of the maps, so the blends along smooth borders are none.
    Raises InputError, with the maps' `names`, if there are fewer colours than `count`; without it, if there are none or
    more than MOST_LABELS, two hardly differ, or one of the maps has much else.
    """
    names = names or ["the map"] * len(maps)
    if count is None:
        colours, where = _frequent_colours(maps, names)
        _check_plain(colours, where, maps, names)
        return colours
    from scipy.cluster.vq import kmeans2

    pixels = np.concatenate([_spread(np.asarray(image).reshape(-1, 3)) for image in maps])
    colours, occurrences = _colours_of(pixels)
    if len(colours) < count:
        raise InputError(f"--nlabels {count} is more than the {len(colours)} colours in {_listed(names)}")
    centres, _ = kmeans2(pixels.astype("float64"), _scattered(colours, occurrences, count), iter=20, minit="matrix")
    return centres.astype("float32")


def nearest(image, colours, size=None):
    """Return the number of the nearest of `colours` for every pixel of the RGB picture, int (height, width).

    It is brought to `size` by nearest neighbour first.
    """
    if size is not None and size != (image.height, image.width):
        image = image.resize(size[::-1], Image.Resampling.NEAREST)
    found, where = np.unique(_packed(np.asarray(image)), return_inverse=True)
    distances = np.square(_unpacked(found)[:, None] - colours[None]).sum(axis=-1)
    return distances.argmin(axis=-1)[where].reshape(image.height, image.width)


def hexadecimal(colour):
    """Return a colour of `palette` as users write it, like #ff8000."""
    return "#" + "".join(f"{round(float(value)):02x}" for value in colour)


def at_layers(labels, count, network, layers):
    """Return {layer: float32 (1, h, w, count)}, one soft mask in 0..1 per label, at the size of each layer's features.

    `labels` are numbers below `count` (height, width). They go through what the features of `network` go through:
    where it has a convolution, the mean over 3×3 pixels, of those inside the picture; where it has a pooling, the mean
    over 2×2.
    """
    masks = (labels[..., None] == np.arange(count)).astype("float32")
    result, block = {}, "1"
    for layer in layer_names(network):
        if layer[4] != block:
            masks, block = _halved(masks), layer[4]
        masks = _blurred(masks)
        if layer in layers:
            result[layer] = masks[None]
    return result


def lost(masks):
    """Return the first (layer, label) of `at_layers` whose mask is too faint to say anything, or None."""
    for layer, values in masks.items():
        faint = np.flatnonzero(values.max(axis=(0, 1, 2)) < FAINTEST)
        if faint.size:
            return layer, int(faint[0])
    return None


def inside(masks):
    """Return masks (1, h, w, count) of a layer without their outermost positions, but for labels that are only there.

    The features at these positions see beyond the picture, where a network has zeros.
    """
    inner = np.zeros_like(masks)
    inner[:, 1:-1, 1:-1] = masks[:, 1:-1, 1:-1]
    return np.where(inner.max(axis=(0, 1, 2)) < FAINTEST, masks, inner)


def _frequent_colours(maps, names):
    """Return the colours that cover more than SMALLEST_SHARE of one of the maps, the most frequent first.

    With them comes the list of the `names` of the maps that have the most of each.
    """
    shares = {}
    for name, image in zip(names, maps, strict=True):
        colours, occurrences = _colours_of(np.asarray(image).reshape(-1, 3))
        for colour, share in zip(colours.tolist(), occurrences / occurrences.sum(), strict=True):
            shares[tuple(colour)] = max(shares.get(tuple(colour), (0.0, name)), (share, name), key=itemgetter(0))
    frequent = [colour for colour, (share, _) in shares.items() if share > SMALLEST_SHARE]
    if not 1 <= len(frequent) <= MOST_LABELS:
        raise InputError(
            f"{len(frequent)} colours cover more than {SMALLEST_SHARE:.1%} of {_listed(names, 'or')}, which does not "
            "look like a map of regions: paint with a few plain colours, or give their number with --nlabels"
        )
    frequent.sort(key=lambda colour: -shares[colour][0])
    return np.array(frequent, "float32"), [shares[colour][1] for colour in frequent]


def _listed(names, word="and"):
    """Return the different names as users read them."""
    return f" {word} ".join(dict.fromkeys(map(str, names)))


def _check_plain(colours, where, maps, names):
    """Raise InputError unless the colours are plainly different and make up nearly all of each of the maps.

    `where` has the name of a map for each of the colours.
    """
    distances = np.sqrt(np.square(colours[:, None] - colours[None]).sum(axis=-1))
    first, second = np.unravel_index((distances + 1e3 * np.eye(len(colours))).argmin(), distances.shape)
    remedy = "paint with a few plain colours and save as PNG without smoothing, or give their number with --nlabels"
    if len(colours) > 1 and distances[first, second] < NEAREST_COLOURS:
        pair = " and ".join(f"{hexadecimal(colours[index])} of {where[index]}" for index in (first, second))
        raise InputError(f"two colours hardly differ, {pair}: {remedy}")
    for name, image in zip(names, maps, strict=True):
        share = np.isin(_packed(np.asarray(image)), _packed(np.rint(colours))).mean()
        if share < LEAST_SHARE_OF_MAP:
            raise InputError(f"{name} has the colours of the regions on only {share:.0%} of it: {remedy}")


def _scattered(colours, occurrences, count):
    """Return `count` of the colours that are frequent and far apart, float64: where k-means begins."""
    chosen = [int(occurrences.argmax())]
    distances = np.full(len(colours), np.inf)
    while len(chosen) < count:
        distances = np.minimum(distances, np.square(colours - colours[chosen[-1]]).sum(axis=-1))
        chosen.append(int((occurrences * distances).argmax()))
    return colours[chosen]


def _spread(pixels):
    """Return the pixels (n, 3) or, where there are more, CLUSTERED_PIXELS of them, each with the same chance.

    Evenly spread, they could all be of a few columns.
    """
    if len(pixels) <= CLUSTERED_PIXELS:
        return pixels
    return pixels[np.random.default_rng(0).integers(0, len(pixels), CLUSTERED_PIXELS)]


def _colours_of(pixels):
    """Return the different colours of pixels (n, 3), float64, and how often each occurs."""
    found, occurrences = np.unique(_packed(pixels), return_counts=True)
    return _unpacked(found), occurrences


def _packed(pixels):
    """Return 8-bit RGB (…, 3) as one number per pixel."""
    red, green, blue = np.moveaxis(pixels.astype("uint32"), -1, 0)
    return red << 16 | green << 8 | blue


def _unpacked(numbers):
    """Return the RGB of `_packed` numbers, float64 (n, 3)."""
    return np.stack([numbers >> 16, numbers >> 8 & 255, numbers & 255], axis=-1).astype("float64")


def _blurred(masks):
    """Return the means over 3×3 positions of masks (h, w, labels), of those inside."""
    from scipy.ndimage import correlate1d

    def sums(array):
        # SciPy's uniform filter takes differences of running sums, which may fall below zero: masks are rooted later.
        for axis in (0, 1):
            array = correlate1d(array, (1.0, 1.0, 1.0), axis, mode="constant")
        return array

    return sums(masks) / sums(np.ones(masks.shape[:2], "float32"))[..., None]


def _halved(masks):
    """Return the means over 2×2 positions of masks (h, w, labels); an odd last row or column is left out."""
    height, width, count = masks.shape
    windows = masks[: height // 2 * 2, : width // 2 * 2].reshape(height // 2, 2, width // 2, 2, count)
    return windows.mean(axis=(1, 3))
