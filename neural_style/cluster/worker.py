"""A process that looks at tiles for another, on this machine or on another one."""

import os
import platform
import socket
from dataclasses import dataclass

import numpy as np

from neural_style.cluster.session import use_cores


@dataclass(frozen=True)
class Sight:
    """The network to look through: its `model`, the `layers` that are seen, and how it is made (`models.vgg`)."""

    model: str
    layers: tuple
    pool_type: str
    winograd: bool
    precision: str


class TileWorker:
    """Looks at tiles. It keeps of each what does not change, its guides, and between the two looks what it is seen
    with, so that neither is sent again.
    """

    def __init__(self, backend_name, cores, gpus):
        """`cores` and `gpus` are what it has of its machine."""
        os.environ["KERAS_BACKEND"] = backend_name
        use_cores(cores)
        self._part = 1.0 if gpus else min(1.0, cores / (os.cpu_count() or 1))
        self._made = {}
        self._token = None
        self._guides, self._seen = {}, {}
        from neural_style import backend

        self._device = backend.start()

    def about(self):
        """Return what the one who asks must know: the machine, versions, and the bytes that tiles may use."""
        from neural_style import backend
        from neural_style.tiling import memory

        here = backend.free_device_memory()
        allowed = self._part * memory.allowance_of_machine() if here is None else memory.SHARE * here
        return {
            "host": socket.gethostname(),
            "process": os.getpid(),
            "device": self._device,
            "versions": {"Python": platform.python_version(), **backend.versions()},
            "allowed": int(allowed),
        }

    def sums(self, token, sight, weights, forms, tile, seen, guides):
        """Return the sums over a tile's positions, as numpy arrays, of what it is `seen` with.

        Guides that are None are those it got before with the same `token`; with another, all before are dropped.
        """
        self._take(token, tile, seen, guides)
        functions = self._functions(sight, weights, forms)
        return _attempted(lambda: _on_host(functions.sums_of(tile, *self._arrays(tile))))

    def gradient(self, token, sight, weights, forms, tile, derivatives, seen=None, guides=None):
        """Return the gradient of ⟨sums, derivatives⟩ by what the tile is seen with, a numpy array (h, w, 3).

        What is None it got with `sums`.
        """
        from neural_style.tiling.network import on_device

        if seen is not None:
            self._take(token, tile, seen, guides)
        functions, arrays = self._functions(sight, weights, forms), self._arrays(tile)
        del self._seen[tile]
        return _attempted(lambda: _on_host(functions.gradient_of(tile, *arrays, on_device(derivatives)))[0])

    def forget(self, token, tile):
        """Drop what there is of a tile that another looks at from now on."""
        if token == self._token:
            self._guides.pop(tile, None)
            self._seen.pop(tile, None)

    def _take(self, token, tile, seen, guides):
        """Keep what a tile is seen with, and its guides, out of the memory in which they came."""
        if token != self._token:
            self._token, self._guides, self._seen = token, {}, {}
        if guides is not None:
            self._guides[tile] = _copied(guides)
        self._seen[tile] = _copied(seen)

    def _arrays(self, tile):
        from neural_style.tiling.network import on_device

        return on_device(self._seen[tile]), on_device(self._guides[tile])

    def of_picture(self, sight, weights, function, tile, seen, guides):
        """Return function(features, guides), as numpy arrays, at a tile's own positions of any picture."""
        from neural_style.tiling.network import on_device

        view = self._view(sight, weights)

        def result():
            guides_on_device = None if guides is None else on_device(guides)
            return _on_host(function(view.own(on_device(seen), tile), guides_on_device))

        return _attempted(result)

    def _view(self, sight, weights):
        from models import vgg
        from neural_style import backend
        from neural_style.tiling.network import View

        def make():
            winograd = sight.winograd and backend.on_cpu()
            extractor = vgg.feature_extractor(
                sight.model, list(sight.layers), sight.pool_type, weights, winograd=winograd, precision=sight.precision
            )
            return View(extractor, sight.layers)

        return self._kept(sight, make)

    def _functions(self, sight, weights, forms):
        from neural_style.tiling.objective import Functions

        make = lambda: Functions(self._view(sight, weights), forms)
        return self._kept((sight, tuple(forms.items())), make)

    def _kept(self, key, make):
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


def _attempted(function):
    """Return function(). Raises MemoryError, which every process knows, for what backends raise in its place."""
    from neural_style.backend import gpu

    try:
        return function()
    except Exception as error:
        if gpu.may_be_out_of_memory(error):
            raise MemoryError(str(error)[:200]) from None
        raise


def _copied(arrays):
    from keras import tree

    return tree.map_structure(np.array, arrays)


def _on_host(arrays):
    """Return a structure of the backend's arrays as numpy's."""
    from keras import ops, tree

    return tree.map_structure(ops.convert_to_numpy, arrays)
