"""How rough a picture is."""

from keras import ops


class TotalVariationLoss:
    """How rough the image is: sum((dx² + dy²)^1.25), dx and dy the differences to the right and lower neighbour.

    The sum runs over all pixels but the last row and column of `features["image"]`. A tile of an image therefore
    comes with one more row and column where there are more.
    """

    layers = ("image",)
    guides = {}

    def sums(self, features, guides):
        image = features["image"]
        here = image[:, :-1, :-1]
        squares = ops.square(image[:, 1:, :-1] - here) + ops.square(image[:, :-1, 1:] - here)
        return {"variation": ops.sum(ops.power(squares, 1.25))}

    def value(self, sums):
        return sums["variation"]
