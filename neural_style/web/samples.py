"""The sample pictures that come with the scripts, for those who only want to see what happens."""

from pathlib import Path
from urllib.parse import quote

from neural_style.errors import InputError
from neural_style.installation import ROOT

FOLDER = ROOT / "images"

SAMPLES = "/samples/"
"""Where the addresses of samples begin."""

KINDS = {
    "photographs": "inputs/content/*.jpg",
    "styles": "inputs/style/*",
    "maps": "inputs/doodle/*-style.png",
    "doodles": "inputs/doodle/*-target.png",
    "masks": "inputs/mask/*.png",
    "paintings": "output/*-*.webp",
    "presets": "output/presets/*.webp",
}
"""What there are samples of, and their files in FOLDER."""


def names(kind):
    """Return the names, as `path` takes them, of the samples of a kind, in their order."""
    return [path.relative_to(FOLDER).as_posix() for path in sorted(FOLDER.glob(KINDS[kind]))]


def path(name):
    """Return the path of a sample. Raises InputError if there is none of that name."""
    if name not in {known for kind in KINDS for known in names(kind)}:
        raise InputError(f"there is no sample {name}")
    return FOLDER / name


def is_one(path, kind):
    """Return whether a file that was kept is, by its name, a sample of a kind."""
    return Path(path).name in {Path(name).name for name in names(kind)}


def address(name):
    """Return the address of a sample, relative to the page."""
    return f"{SAMPLES[1:]}{quote(name)}"


def strip(kind):
    """Return the HTML of all samples of a kind, small, to be clicked."""
    buttons = [
        f'<button type="button" data-sample="{name}" title="{called(name)}">'
        f'<img src="{address(name)}" alt="{called(name)}" loading="lazy"></button>'
        for name in names(kind)
    ]
    return f'<div class="samples" role="group" aria-label="samples">{"".join(buttons)}</div>'


def called(name):
    """Return what a sample is called."""
    return Path(name).stem.replace("-", " ")
