"""The weighted sum of losses on one feature extractor, and its gradient by the pixels."""

from keras import ops

from neural_style import autodiff


class Objective:
    """What a run minimises: sum of weight · loss over named terms, as a function of the image.

    The image is a flat float32 vector of height · width · 3 RGB values in 0..255, as the optimiser has it.
    """

    def __init__(self, extractor, terms, size):
        """Set up and compile.

        `extractor` maps an image (1, height, width, 3) to its features by layer (`models.vgg`); `terms` maps a name
        to (weight, loss), the losses as in `neural_style.losses`; `size` is the image's (height, width).
        """
        self.size = size
        self._extractor = extractor
        self._terms = terms
        self._guides = {name: loss.guides for name, (_, loss) in terms.items()}
        self._evaluate = autodiff.value_and_grad(self._total)

    def evaluate(self, vector):
        """Return (loss, {name: weighted term}, gradient) at the image `vector`.

        The loss and terms are floats, the gradient a vector on the device.
        """
        loss, terms, gradient = self._evaluate(vector, self._guides)
        terms = ops.convert_to_numpy(terms).tolist()
        return float(loss), dict(zip(self._terms, terms, strict=True)), gradient

    def _total(self, vector, guides):
        image = ops.reshape(vector, (1, *self.size, 3))
        features = {"image": image, **self._extractor(image)}
        terms = ops.stack(
            [weight * loss.value(loss.sums(features, guides[name])) for name, (weight, loss) in self._terms.items()]
        )
        return ops.sum(terms), terms
