"""How long a run still takes, told from how far it has come."""

from dataclasses import dataclass

ANY_SIZE = 20_000
"""Pixels that cost as much as the part of an evaluation that does not depend on their number."""

START = 10
"""Evaluations that take as long as what a scale begins with: its targets are made, its graph is compiled."""


@dataclass(frozen=True)
class Pace:
    """The work of a run: the (height, width) and the number of iterations of each scale, and the evaluations of one.

    An evaluation costs what its pixels do, so that the last scale of several takes most of the time. Both constants are
    of paint.py on two CPU cores, where the whole time that is told from the first scale on is within a third of what it
    turns out to be.
    """

    sizes: list
    iterations: list
    evaluations: int

    @property
    def total(self):
        """The evaluations of the whole run after that of its start, if no scale ends early."""
        return sum(self._looks()) - 1

    def left(self, scale, evaluation, seconds):
        """Return the seconds that are left once a run is `seconds` old.

        It has just made this `evaluation`, which counts from 0 over all scales, at this `scale`, which counts from 1.
        """
        looks = self._looks()
        costs = [height * width + ANY_SIZE for height, width in self.sizes]
        work = [(START + number) * cost for number, cost in zip(looks, costs, strict=True)]
        here = evaluation + 1 - sum(looks[: scale - 1])
        done = sum(work[: scale - 1]) + (START + here) * costs[scale - 1]
        return seconds * (sum(work) / done - 1)

    def _looks(self):
        """Return how many evaluations each scale makes, that of its start too."""
        return [number * self.evaluations + 1 for number in self.iterations]
