"""Where scripts work: what the work on one picture leaves for the next, and where messages go."""

from collections import OrderedDict

from neural_style.command.reporter import reporter_of

MOST = 64
"""Things that are kept: the vectors of some ten shapes of photographs, at the scales that `paint.py` goes through."""


class Workshop:
    """What a process that works on one picture after the other need not make anew: networks, compiled functions.

    A script that is run by itself has one of its own. `crew` is the `cluster.crew.Crew` that looks at tiles for it,
    None where it does so itself.
    """

    def __init__(self, reporter=None, most=MOST):
        """`reporter` hears what scripts say, else the one that a script's flags ask for; `most` things are kept."""
        self._reporter = reporter
        self._most = most
        self._things = OrderedDict()
        self.crew = None

    def reporter(self, flags):
        """Return the reporter of a script that is run with `flags`."""
        return self._reporter or reporter_of(flags)

    def has(self, key):
        """Return whether there is what `kept` would give for this key without making it."""
        return key in self._things

    def kept(self, key, make):
        """Return what make() gave when this was last called with the hashable `key`, or now.

        Of more than the most, what was not asked for the longest goes.
        """
        if key not in self._things:
            self._things[key] = make()
            while len(self._things) > self._most:
                self._things.popitem(last=False)
        self._things.move_to_end(key)
        return self._things[key]
