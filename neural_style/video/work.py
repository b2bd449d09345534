"""What there is to do for a film: how many frames of which size, and about how long it takes."""

import copy
from dataclasses import dataclass

from neural_style.painting import sizes
from neural_style.video.film import Film


@dataclass(frozen=True)
class Work:
    """A film to paint: the `flags` of video.py, the `Film`, and the `Scene`s it is cut into."""

    flags: object
    film: Film
    scenes: list

    @property
    def scales(self):
        """The rows of each scale of a scene's first frame, and the iterations at each; others have the last alone."""
        flags = copy.copy(self.flags)
        flags.num_iter = flags.num_iter and list(flags.num_iter)
        return sizes.course(flags, self.film.size)

    @property
    def frames_to_paint(self):
        """How many frames are painted and not carried on from those before."""
        return sum(len(range(scene.begin, scene.end, self.flags.every)) for scene in self.scenes)

    @property
    def evaluations(self):
        """The evaluations of all frames, those of smaller scales counted by their pixels."""
        scales, iterations = self.scales
        each = self.flags.evaluations
        costs = [n * each * (rows / scales[-1]) ** 2 for rows, n in zip(scales, iterations, strict=True)]
        return len(self.scenes) * sum(costs) + (self.frames_to_paint - len(self.scenes)) * costs[-1]

    def described(self):
        """Yield what a user wants to know before it begins, line by line."""
        film = self.film
        height, width = film.size
        seconds = film.times[-1] + film.durations[-1]
        cuts = len(self.scenes) - 1
        sound = ", with sound" if film.has_sound else ""
        cut = f", {cuts} cut{'s' * (cuts != 1)}" if cuts else ""
        yield (
            f"{film.path}: {len(film.times)} frames of {height}×{width} pixels, {seconds:.1f} s at {film.rate:.3g} a "
            f"second{sound}{cut}"
        )
        if film.problem:
            yield f"warning: {film.path} breaks off ({film.problem}): what comes before is painted"
        rows, columns = sizes.painting_size(self.scales[0][-1], film.size)
        count = self.frames_to_paint
        yield f"{count} of them are painted, at {rows}×{columns}: {self.evaluations:.0f} evaluations in all"
