"""Convolutions of 3×3 in a quarter of the multiplications (Lavin & Gray 2015, arXiv 1509.09308, F(4×4, 3×3)).

An output of 4×4 positions is made from 6×6 inputs d and the 3×3 kernel g by Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A. Over all
such windows the product ⊙, summed over channels, is 36 matrix products.
"""

import keras
import numpy as np
from keras import ops

from neural_style import backend

INPUT = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
"""Bᵀ."""

KERNEL = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
"""G."""

OUTPUT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
"""Aᵀ."""


class WinogradConvolution(keras.layers.Layer):
    """A convolution of 3×3 with zeros around, its bias and ReLU, for images of fixed size: float32 (1, h, w, channels).

    Its weights are constants; only the gradient by its input is there, itself such a convolution.
    """

    def __init__(self, kernel, bias, name):
        """`kernel` is float32 (3, 3, C, K) as Keras has it, `bias` (K,)."""
        super().__init__(name=name, trainable=False)
        turned = np.transpose(kernel[::-1, ::-1], (0, 1, 3, 2))
        self._forward, self._backward = (self._constant(transformed(k)) for k in (kernel, turned))
        self._bias = self._constant(bias)

    def _constant(self, values):
        return self.add_weight(shape=values.shape, initializer=lambda *_, **__: values, trainable=False)

    def compute_output_shape(self, shape):
        return (*shape[:3], self._bias.shape[0])

    def call(self, x):
        product = backend.with_gradient("WinogradConvolution", _product, _gradient)
        return ops.relu(product(x, self._forward, self._backward) + self._bias)


def _product(x, forward, backward):
    return convolved(x, forward)


def _gradient(upstream, forward, backward):
    return convolved(upstream, backward)


def transformed(kernel):
    """Return G g Gᵀ of all kernels (3, 3, C, K) as float32 (36, C, K), columns before rows."""
    both = np.einsum("ia,jb->jiab", KERNEL, KERNEL).reshape(36, 9)
    return (both @ kernel.reshape(9, -1).astype("float64")).reshape(36, *kernel.shape[2:]).astype("float32")


def convolved(x, kernels):
    """Return the convolution (1, h, w, K) of x (1, h, w, C) with the `transformed` kernels (36, C, K)."""
    _, height, width, _ = ops.shape(x)  # Of an image of any size they are known only when it is there.
    channels = kernels.shape[1]
    rows, columns = -(-height // 4), -(-width // 4)
    x = ops.pad(x, ((0, 0), (1, 4 * rows + 3 - height), (1, 4 * columns + 3 - width), (0, 0)))
    windows = _windows(ops.reshape(x, (1, rows + 1, 4, -1)))
    windows = ops.matmul(np.array(INPUT, "float32"), ops.reshape(windows, (6, -1)))
    windows = _windows(ops.reshape(windows, (6 * rows, columns + 1, 4, channels)))
    windows = ops.matmul(np.array(INPUT, "float32"), ops.reshape(windows, (6, -1)))
    products = ops.matmul(ops.reshape(windows, (36, rows * columns, channels)), kernels)
    return _assembled(products, rows, columns, kernels.shape[2])[:, :height, :width]


def _windows(blocks):
    """Return the six positions of all windows (6, n, m, C), overlapping by two, of blocks of four (n, m + 1, 4, C)."""
    positions = ops.unstack(blocks, axis=2)
    return ops.stack([own[:, :-1] for own in positions] + [following[:, 1:] for following in positions[:2]])


def _assembled(products, rows, columns, channels):
    """Return the image (1, 4 · rows, 4 · columns, K) of windows in the transformed space, (36, rows · columns, K)."""
    to_positions = np.array(OUTPUT, "float32")
    image = ops.reshape(ops.matmul(to_positions, ops.reshape(products, (6, -1))), (4, 6, -1))
    image = ops.matmul(to_positions[None], image)
    image = ops.transpose(ops.reshape(image, (4, 4, rows, columns, channels)), (2, 1, 3, 0, 4))
    return ops.reshape(image, (1, 4 * rows, 4 * columns, channels))
