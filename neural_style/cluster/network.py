"""A network that looks at pictures in tiles by the processes of a crew."""

from dataclasses import dataclass

import numpy as np
from keras import ops, tree

from models.layers import size_at
from neural_style.tiling.network import SILENT, Layer, TiledNetwork, cut


class ClusterNetwork(TiledNetwork):
    """A `TiledNetwork` whose tiles are looked at by the members of a `crew.Crew`, to the same numbers."""

    def __init__(self, crew, sight, weights, view, side, reporter=SILENT):
        """Set up.

        `sight` is the `worker.Sight` that members look through, `weights` Ray's reference of the network's tensors,
        `view` the `View` of the same network in this process, and `side` has the rows and columns of a tile at most.
        """
        super().__init__(view, sight.model, side, reporter)
        self._crew, self._sight, self._weights, self._reporter = crew, sight, weights, reporter
        self._shared = None

    def looks(self, size, functions, guides):
        tiles = self.tiles(size)
        if self._shared is None or self._shared.tiles != tiles:
            self._shared = _Shared(self._crew.next_token(), tiles, [None] * len(tiles), {})
        common = self._shared.token, self._sight, self._weights, functions.forms
        return ClusterLooks(self._crew, self._shared, guides, common, self._reporter)

    def sums(self, function, image, guides=None):
        if len(self.tiles(image.shape[:2])) == 1:
            return super().sums(function, image, guides)

        def total():
            result = None
            for sums in self._of_picture(function, image, guides):
                result = sums if result is None else tree.map_structure(np.add, result, sums)
            return result

        return self.attempt(total, image.shape[:2])

    def layer(self, name, image):
        if len(self.tiles(image.shape[:2])) == 1:
            return super().layer(name, image)

        def whole():
            size = image.shape[:2]
            tiles, result = self.tiles(size), None
            for tile, own in zip(tiles, self._of_picture(Layer(name), image, None), strict=True):
                if result is None:
                    result = np.empty((1, *size_at(name, size), own.shape[-1]), own.dtype)
                result[(slice(None), *tile.own(name))] = own
            return result

        return self.attempt(whole, image.shape[:2])

    def _of_picture(self, function, image, guides):
        """Yield function(features, guides) of the tiles of a picture, in their order."""
        tiles = self.tiles(image.shape[:2])
        function = self._crew.ray.put(function)

        def submit(member, number):
            tile = tiles[number]
            seen = np.ascontiguousarray(image[tile.seen][None], "float32")
            own = tile.cut(guides) if guides else None
            return member.actor.of_picture.remote(self._sight, self._weights, function, tile, seen, own)

        for number, result in enumerate(self._crew.results(submit, [None] * len(tiles)), start=1):
            yield result
            if len(tiles) > 1:
                self._reporter.tile(number, len(tiles))


@dataclass(frozen=True)
class _Shared:
    """How an image's tiles are shared out: who has looked at each (`owners`), and has its guides (`holders`)."""

    token: int
    tiles: list
    owners: list
    holders: dict


class ClusterLooks:
    """What `tiling.network.Looks` are, by the members of a crew."""

    def __init__(self, crew, shared, guides, common, reporter):
        """`shared` says who has what of the tiles, `common` is what a `worker.TileWorker` is told at every look."""
        self._crew, self._shared, self._guides, self._common = crew, shared, guides, common
        self._reporter = reporter
        self._seen_by = {}

    def sums(self, image):
        def submit(member, number):
            self._seen_by[number] = member
            tile = self._shared.tiles[number]
            guides = None if self._shared.holders.get(number) is member else self._brought(member, number)
            return member.actor.sums.remote(*self._common, tile, _on_host(image(tile.seen)), guides)

        yield from self._told(submit, 1)

    def gradients(self, image, derivatives):
        derivatives = self._crew.ray.put(tree.map_structure(_on_host, derivatives))

        def submit(member, number):
            tile, more = self._shared.tiles[number], ()
            if self._seen_by.pop(number, None) is not member:  # Another had it for the first look.
                more = _on_host(image(tile.seen)), self._brought(member, number)
            return member.actor.gradient.remote(*self._common, tile, derivatives, *more)

        yield from zip(self._shared.tiles, self._told(submit, 2), strict=True)

    def _brought(self, member, number):
        """Return the guides of a tile, to be brought to a member; who had them before is told to forget them."""
        tile, before = self._shared.tiles[number], self._shared.holders.get(number)
        if before is not None and before is not member:
            before.actor.forget.remote(self._shared.token, tile)
        self._shared.holders[number] = member
        return cut(tile, self._guides)

    def _told(self, submit, look):
        """Yield what the crew gives, and tell how far this of two looks is."""
        count = len(self._shared.tiles)
        results = self._crew.results(submit, self._shared.owners)
        for number, result in enumerate(results, start=1 + (look - 1) * count):
            yield result
            self._reporter.tile(number, 2 * count)


def _on_host(array):
    return ops.convert_to_numpy(array)
