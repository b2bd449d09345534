"""How much sooner a run reaches the loss that the original scripts' form of it ends with.

    python -m benchmarks.original [--rows 288] [--evaluations 200]

The original form, as in the Keras scripts this toolkit mirrors: content, style and painting go through the network
together at every evaluation, the gradient is taken through the whole batch, the images are float64 on the way to and
from scipy's L-BFGS-B, and that starts anew every 20 evaluations. It is written out here on direct convolutions of the
same backend. Both forms minimise the same loss from the same start.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import fmin_l_bfgs_b

import network
from benchmarks.problems import INPUTS, PAIRS
from benchmarks.report import Table, timed
from models.layers import layer_names
from neural_style import backend
from neural_style.command.reporter import Reporter
from neural_style.painting.recipe import load_weights
from neural_style.pictures import images

MEAN_RGB = (123.68, 116.779, 103.939)
"""The mean colour that VGG-16 expects to be subtracted."""

EVALUATIONS_PER_ITERATION = 20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=288)
    parser.add_argument("--evaluations", type=int, default=200, help="of the original form")
    parser.add_argument("--content_weight", type=float, default=0.025)
    flags = parser.parse_args()
    backend.start()
    print(measure(flags.rows, flags.evaluations, flags.content_weight).markdown())


def measure(rows, evaluations, content_weight=0.025):
    """Return the `Table` for sample pictures of 3 : 4; Keras is loaded."""
    from keras import ops

    from neural_style.painting.objective import objective as objective_of

    task, pictures, weights = sample(rows, content_weight)
    start = pictures.start.astype("float64")
    original = OriginalForm(task.flags, pictures, weights)
    original.evaluate(start.ravel())  # Compiles.
    (goal, count), before = timed(lambda: original.minimise(start.ravel(), evaluations))

    objective = objective_of(task, pictures, weights)
    objective.evaluate(ops.convert_to_tensor(start.ravel(), "float32"))
    (reached, needed), seconds = timed(lambda: reach(objective, start, goal, evaluations))

    size = "×".join(map(str, pictures.size))
    columns = ["form", "evaluations", "loss", "seconds", "seconds per evaluation", "relative"]
    table = Table(f"To the loss that the original form ends with, {size}", columns)
    table.add("original, restarted every 20", count, goal, before, before / count, 1.0)
    table.add("ours", needed, reached, seconds, seconds / needed, seconds / before)
    return table


def sample(rows, content_weight):
    """Return the task, pictures and weights of network.py for a photograph of `rows` rows, stretched to 3 : 4."""
    content, style = (INPUTS / kind / f"{name}.jpg" for kind, name in zip(("content", "style"), PAIRS[0], strict=True))
    with tempfile.TemporaryDirectory() as folder:
        stretched = Path(folder, "content.png")
        images.write(stretched, images.read(content).resize((rows * 4 // 3, rows)))
        flags = ["--image_size", rows, "--content_weight", content_weight]
        task = network.METHOD.task([str(part) for part in (stretched, style, "unused", *flags)])
        reporter = Reporter(quiet=True)
        return task, task.read(reporter)[0], load_weights(task.flags, reporter)


class OriginalForm:
    """The loss of network.py for one style, evaluated as the original scripts do."""

    def __init__(self, flags, pictures, weights):
        self._flags = flags
        self._tensors = {layer: tuple(map(backend.constant, pair)) for layer, pair in weights.tensors.items()}
        self._mean = backend.constant(np.array(MEAN_RGB, "float32"))
        self._given = np.stack([pictures.content, pictures.styles[0]]).astype("float32")
        self._compiled = backend.value_and_grad(self._loss)

    def evaluate(self, image):
        """Return the loss and its gradient, float64, at a flat float64 `image`."""
        from keras import ops

        loss, _, gradient = self._compiled(ops.convert_to_tensor(image.astype("float32")), self._given)
        return float(loss), ops.convert_to_numpy(gradient).astype("float64")

    def minimise(self, image, evaluations):
        """Return the loss after at least so many evaluations, and their number."""
        count = 0
        while count < evaluations:
            image, loss, done = fmin_l_bfgs_b(self.evaluate, image, maxfun=EVALUATIONS_PER_ITERATION)
            count += done["funcalls"]
        return loss, count

    def _loss(self, image, given):
        from keras import ops

        height, width = given.shape[1:3]
        image = ops.reshape(image, (1, height, width, 3))
        features = self._features(ops.concatenate([given, image]))
        content = features[self._flags.content_layer]
        loss = self._flags.content_weight * ops.sum(ops.square(content[2] - content[0]))
        for layer in network.STYLE_LAYERS:
            style, generated = (gram(features[layer][index]) for index in (1, 2))
            distance = ops.sum(ops.square(style - generated)) / (4 * 3**2 * (height * width) ** 2)
            loss += self._flags.style_weight[0] / len(network.STYLE_LAYERS) * distance
        down = ops.square(image[:, :-1, :-1] - image[:, 1:, :-1])
        right = ops.square(image[:, :-1, :-1] - image[:, :-1, 1:])
        return loss + self._flags.total_variation_weight * ops.sum(ops.power(down + right, 1.25)), ()

    def _features(self, batch):
        from keras import ops

        x, features = batch - self._mean, {}
        for layer in layer_names("vgg16")[: layer_names("vgg16").index(self._flags.content_layer) + 1]:
            kernel, bias = self._tensors[layer]
            if layer == "conv1_1":
                kernel = ops.flip(kernel, axis=2)
            elif layer.endswith("_1"):
                x = ops.max_pool(x, 2, strides=2)
            x = ops.relu(ops.conv(x, kernel, padding="same") + bias)
            features[layer] = x
        return features


def gram(features):
    from keras import ops

    matrix = ops.reshape(features, (-1, features.shape[-1]))
    return ops.matmul(ops.transpose(matrix), matrix)


def reach(objective, start, goal, most):
    """Return the loss, and the number of evaluations, with which our run gets to the loss `goal`."""
    from neural_style.painting.synthesis import optimiser_of

    optimiser, count = optimiser_of(start), 0
    while count < most and (count == 0 or optimiser.best_loss > goal):
        loss, _, gradient = objective.evaluate(*optimiser.line())
        optimiser.tell(loss, gradient)
        count += 1
    return optimiser.best_loss, count


if __name__ == "__main__":
    main()
