"""What is written in a run's folder is read only as what it can be."""

import json

import pytest

from neural_style.errors import InputError
from neural_style.web import record


def written(tmp_path, **changes):
    """The file of a run with these changes; None leaves a setting out."""
    content = {
        "id": "anything",
        "script": "paint.py",
        "arguments": ["photo.png", "style.png", "elsewhere/picture", "--image_size", "80"],
        "values": {},
        "created": "2026-11-29 01:21:14.913141",
    }
    content = {name: value for name, value in (content | changes).items() if value is not None}
    path = tmp_path / "a run" / "run.json"
    path.parent.mkdir()
    path.write_text(json.dumps(content))
    return path


def test_a_run_has_its_folders_name_and_its_result_there(tmp_path):
    run = record.read(written(tmp_path))
    assert run.id == "a run"
    prefix = str(tmp_path / "a run" / "picture")
    assert run.arguments == ["photo.png", "style.png", prefix, "--image_size", "80"]


@pytest.mark.parametrize(
    "changes",
    [
        {"script": "rm.py"},
        {"script": ["paint.py"]},
        {"script": "../paint.py"},
        {"arguments": "photo.png"},
        {"arguments": [1]},
        {"arguments": []},
        {"script": "enhance.py", "arguments": ["photo.png", "--sharpen", "1"]},
        {"script": "neural_doodle.py", "arguments": ["--output", "x"]},
        {"created": 5},
        {"created": "yesterday"},
        {"created": None},
        {"values": []},
        {"state": "new"},
        {"state": []},
        {"problem": 1},
        {"process": [1]},
        {"process": ["a", "b"]},
        {"process": "ab"},
        {"resumes": "yes"},
        {"more": 1},
    ],
)
def test_what_no_run_of_the_page_has_is_refused(tmp_path, changes):
    with pytest.raises(InputError, match=r"^(it|its|when) "):
        record.read(written(tmp_path, **changes))


@pytest.mark.parametrize("content", ["", "{", "[1]", '"x"', "null", "[" * 100_000])
def test_what_is_no_record_is_refused(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=r"^it "):
        record.read(tmp_path / "run.json")


def test_a_file_of_other_bytes_is_refused(tmp_path):
    (tmp_path / "run.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not written as JSON"):
        record.read(tmp_path / "run.json")


@pytest.mark.parametrize("script", record.SCRIPTS)
def test_the_place_of_the_result_is_taken_out_again(script):
    arguments = ["photo.png", "style.png", "--size", "50"]
    assert record.without_result(script, record.with_result(script, arguments, "there")) == arguments
