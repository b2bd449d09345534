"""What a loss is: a form, which many paintings share, and the arrays of one of them."""


class Loss:
    """A loss of one painting.

    `form` has what the loss computes, as the functions `sums(features, guides)` and `value(sums, targets)` (see
    `neural_style.losses`) and the tuple of `layers` it sees. It is hashable and knows no picture: what is compiled for
    it serves all losses of equal form. `guides` and `targets` are this painting's.
    """

    def __init__(self, form, targets=(), guides=None):
        self.form = form
        self.targets = targets
        self.guides = guides or {}

    @property
    def layers(self):
        """The layers whose features the loss sees, "image" among them where it sees pixels."""
        return self.form.layers

    def sums(self, features, guides):
        """Return arrays that add over disjoint sets of positions, those of `features` and `guides` being one."""
        return self.form.sums(features, guides)

    def value(self, sums):
        """Return the loss, a scalar, from the sums over all positions."""
        return self.form.value(sums, self.targets)
