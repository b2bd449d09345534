"""Files, folders and patterns stand for pictures, which are told apart by what they are called."""

import pytest
from PIL import Image

from neural_style.batch.pictures import found
from neural_style.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """A function that makes pictures of these names in a folder, and returns the folder."""

    def make(*names, inside="photos"):
        for name in names:
            path = tmp_path / inside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8)).save(path, "PNG")
        return tmp_path / inside

    return make


def labels(*given, **settings):
    return [picture.label for picture in found(map(str, given), "--photos", **settings)]


def test_a_folder_stands_for_all_pictures_below_it_in_order(folder):
    photos = folder("b.png", "a.JPG", "sub/c.webp", "sub/deep/d.heic")
    (photos / "notes.txt").write_text("no picture")
    result = found([str(photos)], "--photos")
    assert [(p.folder, p.label) for p in result] == [("", "a"), ("", "b"), ("sub", "c"), ("sub/deep", "d")]
    assert result[2].path == str(photos / "sub" / "c.webp")


def test_what_runs_leave_and_what_is_hidden_is_no_photograph(folder):
    photos = folder("a.png", ".hidden.png", ".cache/b.png", "a_run/losses.png", "fun_run/we.png")
    (photos / "a_run" / "settings.json").touch()
    assert labels(photos) == ["a", "we"]
    assert labels(photos / "**") == ["a", "we"]


def test_results_within_the_folder_are_none_either_unless_they_are_asked_for(folder):
    photos = folder("a.png", "painted/a_style.png")
    assert labels(photos, leaving_out=photos / "painted") == ["a"]
    assert labels(photos / "painted", leaving_out=photos / "painted") == ["a_style"]


def test_a_file_is_taken_whatever_it_is_called(folder):
    photos = folder("picture.png")
    (photos / "picture.png").rename(photos / "picture")
    assert labels(photos / "picture") == ["picture"]


def test_a_pattern_stands_for_the_pictures_that_are_called_like_it(folder):
    photos = folder("a1.png", "a2.png", "b1.png", "sub/a3.png")
    assert labels(photos / "a*.png") == ["a1", "a2"]
    assert labels(photos / "**" / "a*") == ["a1", "a2", "a3"]


def test_a_file_with_brackets_in_its_name_is_no_pattern(folder):
    assert labels(folder("a [1].png") / "a [1].png") == ["a [1]"]


def test_a_picture_that_is_given_twice_is_there_once(folder):
    photos = folder("a.png", "b.png")
    assert labels(photos / "b.png", photos) == ["b", "a"]


def test_pictures_that_differ_by_their_ending_or_case_are_told_apart(folder):
    photos = folder("castle.png", "castle.jpg", "Castle.JPG")
    assert labels(photos) == ["Castle-JPG", "castle-jpg-2", "castle-png"]


def test_files_of_one_name_in_several_places_are_told_apart(folder):
    one, other = folder("a.png", inside="one"), folder("a.png", inside="other")
    assert labels(one / "a.png", other / "a.png") == ["a-png", "a-png-2"]
    assert labels(one, other) == ["a-png", "a-png-2"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("gone.png", "there is no file or folder .*gone.png .*--photos.*: check the path"),
        ("empty", "there is no picture in the folder .*empty"),
        ("*.png", r"no picture is called like .*\*.png .*: check the pattern"),
    ],
)
def test_where_there_is_nothing_it_is_said(tmp_path, given, problem):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=problem):
        found([str(tmp_path / given)], "--photos")
