"""What a run leaves is found, and made smaller for the page, and nothing else of its folder is shown."""

import json
import os

import pytest
from PIL import Image

from neural_style.web.record import Run
from neural_style.web.results import PHOTOGRAPH, THUMBNAIL, Results
from neural_style.web.uploads import Uploads
from tests.conftest import CASTLE, opened


@pytest.fixture
def results(tmp_path):
    """The folder of a run of a photograph that was uploaded."""
    uploads = Uploads(tmp_path / "uploads")
    folder = tmp_path / "run"
    (folder / "picture_run").mkdir(parents=True)
    values = {"content": str(uploads.keep(CASTLE))}
    return Results(Run("run", "network.py", [], values, "2026-11-29", "done"), folder, uploads)


def save(path, size=(900, 600)):
    Image.new("RGB", size, (10, 20, 30)).save(path)


def test_a_thumbnail_is_made_once_for_each_picture(results):
    save(results.folder / "picture.png")
    first = results.file(THUMBNAIL)
    assert opened(first).size == (360, 240)
    made = first.stat().st_mtime_ns
    assert results.file(THUMBNAIL).stat().st_mtime_ns == made
    save(results.folder / "picture.png", (300, 600))
    os.utime(results.folder / "picture.png", ns=(made + 10**9, made + 10**9))
    assert opened(results.file(THUMBNAIL)).size == (180, 360)


def test_there_is_no_thumbnail_without_a_picture_that_can_be_read(results):
    assert results.file(THUMBNAIL) is None
    (results.folder / "picture.png").write_bytes(b"half a pict")
    assert results.file(THUMBNAIL) is None


def test_the_photograph_is_shown_as_a_browser_can_if_it_was_uploaded(results, tmp_path):
    assert opened(results.file(PHOTOGRAPH)).size == opened(CASTLE).size
    for path in ("/etc/passwd", str(CASTLE), str(tmp_path / "uploads" / "gone.png"), 5, None, "\0"):
        elsewhere = Run("run", "network.py", [], {"content": path}, "2026-11-29", "done")
        other = Results(elsewhere, tmp_path / "other", results.uploads)
        assert other.photograph() is None
        assert other.file(PHOTOGRAPH) is None


@pytest.mark.parametrize(
    "name", ["run.json", "log.txt", "../uploads", "picture.html", "picture_run", "picture_at_iteration_x.png", ""]
)
def test_other_files_are_not_shown(results, name):
    (results.folder / "run.json").write_text("{}")
    (results.folder / "log.txt").write_text("")
    (results.folder / "picture.html").write_text("")
    assert results.file(name) is None


def test_iterations_are_in_their_order(results):
    for number in (10, 2, 1):
        save(results.folder / f"picture_at_iteration_{number}.png", (6, 4))
    (results.folder / "picture_at_iteration_x.png").write_bytes(b"")
    names = [path.name for path in results.iterations()]
    assert names == [f"picture_at_iteration_{number}.png" for number in (1, 2, 10)]
    assert results.file(names[1]) == results.iterations()[1]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"flags": 1}',
        '{"flags": {"num_iter": [1], "evaluations": "a"}, "sizes": {"painting": [[4, 4]]}}',
        '{"flags": {"num_iter": [1], "evaluations": 20}, "sizes": {"painting": [["a", 4]]}}',
        '{"flags": {"num_iter": [1, 2], "evaluations": 20}, "sizes": {"painting": [[4, 4]]}}',
        '{"flags": {"num_iter": [], "evaluations": 20}, "sizes": {"painting": []}}',
    ],
)
def test_how_long_a_run_takes_is_not_told_from_what_is_no_record_of_settings(results, content):
    (results.folder / "picture_run/settings.json").write_text(content)
    assert results.pace() is None


def test_how_long_a_run_takes_is_told_from_its_settings(results):
    settings = {"flags": {"num_iter": [1, 2], "evaluations": 20}, "sizes": {"painting": [[40, 60], [80, 120]]}}
    (results.folder / "picture_run/settings.json").write_text(json.dumps(settings))
    assert results.pace().total == 61


def test_losses_are_read_as_far_as_they_are_written(results):
    path = results.folder / "picture_run/losses.csv"
    path.write_text("evaluation,total\n0,5.5\n1,4.5\n2,")
    assert results.losses() == [{"evaluation": 0.0, "total": 5.5}, {"evaluation": 1.0, "total": 4.5}]
    path.write_text("evaluation,total\n0,a\n")
    assert results.losses() == []
