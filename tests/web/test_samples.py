"""The sample pictures of the page are those that come with the scripts, and no other files."""

import pytest

from neural_style.errors import InputError
from neural_style.pictures import images
from neural_style.web import samples


@pytest.mark.parametrize("kind", samples.KINDS)
def test_there_are_samples_of_each_kind_and_each_can_be_read(kind):
    names = samples.names(kind)
    assert len(names) > 1
    for name in names:
        assert images.read(str(samples.path(name))).width > 100


def test_a_file_that_was_kept_is_told_from_a_users_own():
    assert samples.is_one("uploads/0123/kingfisher.jpg", "photographs")
    assert not samples.is_one("uploads/0123/kingfisher.jpg", "styles")
    assert not samples.is_one("uploads/0123/my bird.jpg", "photographs")


@pytest.mark.parametrize("name", ["inputs/SOURCES.md", "../README.md", "inputs/content/none.jpg", "", "/etc/passwd"])
def test_nothing_else_is_a_sample(name):
    with pytest.raises(InputError, match="there is no sample"):
        samples.path(name)
