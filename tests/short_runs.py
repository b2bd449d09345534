"""Paintings that tests have made in their own process: small, of few evaluations."""

import csv

import numpy as np

import network
from neural_style.pictures import images
from tests.conftest import CASTLE, SHALLOW, STARRY_NIGHT, opened


def paint(prefix, *flags, content=CASTLE):
    """Run network.py in this process on small pictures, one scale, three iterations."""
    settings = ["--image_size", "48", "--num_iter", "3", "--evaluations", "3", *SHALLOW]
    return network.main([str(content), str(STARRY_NIGHT), str(prefix), *settings, *map(str, flags)])


def losses(prefix):
    """Return the rows of a run's losses.csv, without the time."""
    with open(f"{prefix}_run/losses.csv", newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def painted(script, tmp_path, *flags, styles=(STARRY_NIGHT,)):
    """Run a script in this process; return its picture as floats."""
    arguments = [
        str(CASTLE),
        *map(str, styles),
        str(tmp_path / "out"),
        "--image_size",
        "48",
        "--evaluations",
        "4",
        *map(str, flags),
    ]
    assert script.main(arguments) == 0
    return np.asarray(opened(tmp_path / "out.png"), float)


def content_of(picture):
    return images.to_array(images.read(CASTLE), picture.shape[:2])
