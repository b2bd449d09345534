"""How still a film holds, and what that costs: video.py beside the same frames painted singly.

    python -m benchmarks.film [--rows 160] [--frames 6] [--style starry-night] [--flicker 1] [FILM ...]

Besides the FILMs given there are two made of the samples: a pan over a photograph that zooms in, and a bird that moves
before a landscape which moves the other way. The temporal error is the mean squared difference, in 0..255, to the frame
before, warped, where its motion can be relied on; the style loss is that of all frames but the first.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.problems import INPUTS
from benchmarks.report import Table, timed
from neural_style import backend
from neural_style.command.reporter import Reporter
from neural_style.command.workshop import Workshop
from neural_style.painting import flagship
from neural_style.video import film as films
from neural_style.video import flow
from neural_style.video.frames import Painter

LANCZOS = Image.Resampling.LANCZOS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("films", metavar="FILM", nargs="*")
    parser.add_argument("--rows", type=int, default=160)
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--style", default="starry-night", help="the name of a sample")
    parser.add_argument("--flicker", type=float, default=1.0)
    flags = parser.parse_args()
    backend.start()
    print(measure(flags).markdown())


def measure(flags):
    """Return the `Table` of all films."""
    size = flags.rows, flags.rows * 3 // 2
    made = {"a pan": pan(flags.frames, size), "two layers": layers(flags.frames, size)}
    made |= {Path(path).name: _of_file(path, flags.frames, size) for path in flags.films}
    columns = ["film", "painted", "temporal error", "relative", "style loss", "relative", "seconds a frame"]
    table = Table(f"{flags.frames} frames of {size[0]}×{size[1]} in the style of {flags.style}", columns)
    for name, frames in made.items():
        single = None
        for how in ("singly", "as a film"):
            (paintings, losses), seconds = timed(lambda how=how, frames=frames: painted(frames, flags, how == "singly"))
            found = temporal_error(frames, paintings), float(np.mean(losses[1:]))
            single = single or found
            error, style = (value / before for value, before in zip(found, single, strict=True))
            table.add(name, how, found[0], error, found[1], style, seconds / len(frames))
    return table


class _Losses(Reporter):
    """Hears the style loss at the end of each frame."""

    def __init__(self):
        super().__init__(quiet=True)
        self.last = 0.0

    def progress(self, progress, left):
        self.last = progress.terms["style"]


def painted(frames, flags, singly):
    """Return the paintings of frames, uint8 RGB each, and their style losses."""
    reporter, paintings, losses = _Losses(), [], []
    (style,) = (INPUTS / "style").glob(f"{flags.style}.*")
    asked = flagship.METHOD.parse(["film", str(style), "out", "--image_size", str(flags.rows)])
    asked.flicker = flags.flicker
    workshop = Workshop(reporter)
    painter = None
    for frame in frames:
        if singly or painter is None:
            painter = Painter(asked, workshop, reporter)
        paintings.append(painter.paint(frame)[0])
        losses.append(reporter.last)
    return paintings, losses


def temporal_error(frames, paintings):
    """Return the mean squared difference of paintings to those before them, warped."""
    errors = []
    for (before, now), (earlier, painting) in zip(
        itertools.pairwise(frames), itertools.pairwise(paintings), strict=True
    ):
        motion = flow.flow(now, before)
        known = flow.reliable(motion, flow.flow(before, now))
        errors.append(np.mean((flow.warped(earlier, motion) - painting)[known] ** 2))
    return float(np.mean(errors))


def pan(count, size):
    """Return frames of a camera that goes over a photograph and zooms in."""
    picture = Image.open(INPUTS / "content" / "neuschwanstein-castle.jpg").convert("RGB")
    frames = []
    for number in range(count):
        width, left, top = 620 - 13 * number, 60 + 22 * number, 100 + 4 * number
        box = left, top, left + width, top + width * size[0] / size[1]
        frames.append(np.asarray(picture.resize(size[::-1], LANCZOS, box)))
    return frames


def layers(count, size):
    """Return frames of a bird that moves before a landscape which moves the other way."""
    ground = Image.open(INPUTS / "content" / "great-wall.jpg").convert("RGB")
    bird = Image.open(INPUTS / "content" / "scarlet-macaw.jpg").convert("RGB")
    mask = Image.open(INPUTS / "mask" / "macaw.png").convert("L").resize(bird.size)
    rows = size[0] * 7 // 8
    shape = round(bird.width * rows / bird.height), rows
    bird, mask = bird.resize(shape, LANCZOS), mask.resize(shape, LANCZOS)
    frames = []
    for number in range(count):
        left = 20 + 8 * number
        frame = ground.resize(size[::-1], LANCZOS, (left, 30, left + 700, 30 + 700 * size[0] / size[1]))
        frame.paste(bird, (5 + round(size[1] * number / 40), size[0] // 9), mask)
        frames.append(np.asarray(frame))
    return frames


def _of_file(path, count, size):
    """Return frames of a film, cut to a shape."""
    pictures = itertools.islice(films.frames(films.opened(path)), count)
    return [np.asarray(_cut(Image.fromarray(frame), size)) for frame in pictures]


def _cut(picture, size):
    width = min(picture.width, picture.height * size[1] / size[0])
    left = (picture.width - width) / 2
    return picture.resize(size[::-1], LANCZOS, (left, 0, left + width, width * size[0] / size[1]))


if __name__ == "__main__":
    main()
