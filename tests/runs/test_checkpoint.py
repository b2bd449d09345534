"""A checkpoint knows the run that it is of."""

import pytest

import network
from neural_style.runs import checkpoint
from tests.conftest import CASTLE, STARRY_NIGHT


def test_every_flag_that_a_checkpoint_passes_over_is_one(tmp_path):
    flags = vars(network.METHOD.parse([str(CASTLE), str(STARRY_NIGHT), str(tmp_path / "out"), "--image_size", "48"]))
    assert flags.keys() >= checkpoint.WITHOUT_EFFECT


def test_a_run_does_not_go_on_with_other_weights_or_another_backend():
    before = {"format": 3, "flags": {}, "pictures": {}, "weights": "a", "backend": {"tensorflow": "2.21"}}
    assert checkpoint.difference(before, dict(before)) is None
    assert checkpoint.difference(before, before | {"backend": {"tensorflow": "2.22"}}) is None
    assert checkpoint.difference(before, before | {"weights": "b"}) == "the weights of the network are others"
    said = checkpoint.difference(before, before | {"backend": {"jax": "0.9"}})
    assert said == "it ran on tensorflow and this runs on jax"


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"image_size": 32, "scales": [32]}, {"image_size": 400, "scales": [32, 40]}, "--scales was 32 and is 32 40"),
        (
            {"image_size": "50%", "scales": [30]},
            {"image_size": "50%", "scales": [35]},
            "the size of the content picture",
        ),
        ({"image_size": 30, "scales": [30]}, {"image_size": 35, "scales": [35]}, "--image_size was 30 and is 35"),
        (
            {"image_size": 300, "scales": [212, 300], "quality": "normal"},
            {"image_size": 400, "scales": [200, 283, 400], "quality": "normal"},
            "--image_size was 300 and is 400",
        ),
        (
            {"style_loss": "gram", "content_loss_type": 0},
            {"style_loss": "wasserstein", "content_loss_type": 3},
            "--style_loss was gram and is wasserstein",
        ),
    ],
)
def test_another_run_is_told_by_what_its_user_has_typed(before, now, said):
    identities = [
        {"format": checkpoint.FORMAT, "flags": flags, "pictures": {"content_size": size}}
        for flags, size in ((before, "a"), (now, "b"))
    ]
    assert checkpoint.difference(*identities).startswith(said)


def test_other_scales_of_the_same_size_and_picture_are_those_of_another_version():
    identities = [
        {
            "format": checkpoint.FORMAT,
            "flags": {"image_size": "50%", "scales": scales},
            "pictures": {"content_size": "a"},
        }
        for scales in ([20, 30], [30])
    ]
    assert checkpoint.difference(*identities) == "it was painted by another version of these scripts"
