"""Files are written all or nothing, and what killed processes leave does not stay."""

import os
import signal
import subprocess
import sys

import pytest
from conftest import ROOT

from neural_style import lock
from neural_style.errors import InputError
from neural_style.files import replaced, write_whole

WRITER = """
import sys
from neural_style.files import replaced
with replaced(sys.argv[1]) as file:
    file.write(b"half of it")
    file.flush()
    print("writing", flush=True)
    sys.stdin.readline()
"""
BUSY_WRITER = """
import sys
from neural_style.files import write_whole
for number in range(300):
    write_whole(sys.argv[1], bytes([number % 256]) * 5000)
"""


@pytest.fixture
def writer(tmp_path):
    """A process that has written half of tmp_path/out."""
    command = [sys.executable, "-c", WRITER, tmp_path / "out"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_as_it_was_until_all_is_written(tmp_path):
    write_whole(tmp_path / "a folder" / "out", b"before")
    with replaced(tmp_path / "a folder" / "out") as file:
        file.write(b"after")
        file.flush()
        assert (tmp_path / "a folder" / "out").read_bytes() == b"before"
    assert (tmp_path / "a folder" / "out").read_bytes() == b"after"
    assert names(tmp_path / "a folder") == ["out"]


@pytest.mark.parametrize("stops_with", [KeyboardInterrupt, ValueError])
def test_what_stops_the_writing_leaves_the_file_as_it_was_and_nothing_else(stops_with, tmp_path):
    write_whole(tmp_path / "out", b"before")

    def write():
        with replaced(tmp_path / "out") as file:
            file.write(b"half of it")
            raise stops_with

    with pytest.raises(stops_with):
        write()
    assert (tmp_path / "out").read_bytes() == b"before"
    assert names(tmp_path) == ["out"]


def test_an_error_of_the_file_system_is_one_line_that_names_the_file(tmp_path):
    with (
        pytest.raises(InputError, match=r"out cannot be written: No space left on device$"),
        replaced(tmp_path / "out"),
    ):
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == []


def test_what_a_killed_process_has_left_is_deleted_with_the_next_file_in_its_folder(writer, tmp_path):
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert len(names(tmp_path)) == 1
    write_whole(tmp_path / "another", b"")
    assert names(tmp_path) == ["another"]


def test_a_file_that_another_process_is_writing_is_left_alone(writer, tmp_path):
    write_whole(tmp_path / "out", b"mine")
    assert len(names(tmp_path)) == 2
    writer.communicate("go on\n")
    assert writer.returncode == 0
    assert (tmp_path / "out").read_bytes() == b"half of it"
    assert names(tmp_path) == ["out"]


def test_processes_that_write_into_one_folder_at_once_do_not_disturb_each_other(tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", BUSY_WRITER, tmp_path / name], cwd=ROOT, stderr=subprocess.PIPE)
        for name in ("same", "same", "same", "other")
    ]
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [(b"", 0)] * 4
    assert {name: len((tmp_path / name).read_bytes()) for name in names(tmp_path)} == {"same": 5000, "other": 5000}


def test_where_nothing_can_be_locked_files_are_written_and_none_is_taken_for_a_leftover(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "hold", lambda file: None)
    leftover = tmp_path / f".{'0' * 32}.partial"
    leftover.touch()
    write_whole(tmp_path / "out", b"whole")
    assert (tmp_path / "out").read_bytes() == b"whole"
    assert leftover.exists()


@pytest.mark.parametrize("name", [".partial", ".notes.partial", f"{'0' * 32}.partial", f".{'g' * 32}.partial"])
def test_files_of_others_with_names_like_that_stay(name, tmp_path):
    (tmp_path / name).touch()
    write_whole(tmp_path / "out", b"")
    assert names(tmp_path) == sorted([name, "out"])


def test_a_file_that_was_deleted_before_it_was_locked_is_made_anew(tmp_path, monkeypatch):
    """As by another process that took it for a leftover."""
    hold, taken = lock.hold, []

    def late(file):
        if not taken:
            taken.append(file.name)
            os.unlink(file.name)
        return hold(file)

    monkeypatch.setattr(lock, "hold", late)
    write_whole(tmp_path / "out", b"whole")
    assert taken
    assert (tmp_path / "out").read_bytes() == b"whole"
    assert names(tmp_path) == ["out"]
