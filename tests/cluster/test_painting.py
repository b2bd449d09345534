"""A painting over a cluster is the one of this machine, however many processes there are."""

from importlib.util import find_spec

import numpy as np
import pytest

from tests.conftest import CASTLE, SHALLOW, STARRY_NIGHT, opened

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")


@pytest.fixture
def painted(tmp_path, run_here):
    """A function that paints a small picture in tiles with more flags; returns its pixels and its losses."""

    def paint(name, *flags):
        run_here(
            "network.py", CASTLE, STARRY_NIGHT, tmp_path / name, "--image_size", 64, "--tile", 32, *SHALLOW, *flags
        )
        losses = (tmp_path / f"{name}_run" / "losses.csv").read_text().splitlines()
        return np.asarray(opened(tmp_path / f"{name}.png")), [line.rpartition(",")[0] for line in losses]

    return paint


def test_a_painting_is_the_same_and_goes_on_with_another_number_of_processes(painted):
    iterations = ["--evaluations", "2", "--num_iter"]
    pixels, losses = painted("here", *iterations, "3")
    cluster, own_losses = painted("there", *iterations, "3", "--cluster", "local:2")
    assert np.array_equal(pixels, cluster)
    assert losses == own_losses
    painted("parts", *iterations, "1")
    parts, _ = painted("parts", *iterations, "3", "--cluster", "local:1", "--resume")
    assert np.array_equal(pixels, parts)
