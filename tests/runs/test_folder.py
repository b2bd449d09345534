"""The folder of a run tells how it went, and takes little of its time."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from neural_style.errors import InputError
from neural_style.runs import folder as run_folder
from neural_style.runs.folder import RunFolder
from tests.conftest import opened


def test_previews_take_a_small_part_of_the_time(tmp_path, monkeypatch):
    clock, asked = [0.0], []
    monkeypatch.setattr(run_folder.time, "monotonic", lambda: clock[0])

    def picture():
        asked.append(clock[0])
        clock[0] += 0.1
        return Image.new("RGB", (3000, 1500))

    with run_folder.RunFolder(tmp_path / "out", ["style"]) as folder:
        while clock[0] < 100:
            folder.preview(picture)
            clock[0] += 0.5
        assert opened(folder.path / "preview.jpg").size == (1024, 512)
    assert len(asked) == 10


@pytest.mark.parametrize("content", ["4194305", "", "words"])
def test_the_lock_of_a_process_that_is_gone_counts_for_nothing(tmp_path, content):
    (tmp_path / "out_run").mkdir()
    (tmp_path / "out_run" / "lock").write_text(content)
    with run_folder.RunFolder(tmp_path / "out", ["style"]) as folder:
        assert (folder.path / "lock").read_text() == str(os.getpid())
    assert not (tmp_path / "out_run").exists()


class Slow:
    """A `synthesis.Progress` whose state takes a second to write, on a clock of its own."""

    def __init__(self, clock):
        self.clock = clock

    def position(self):
        return {"evaluation": round(self.clock[0])}

    def state(self):
        self.clock[0] += 1.0
        yield "numbers", np.zeros(3)


def test_checkpoints_take_a_small_part_of_the_time_except_for_the_last(tmp_path, monkeypatch):
    clock, written = [0.0], []
    monkeypatch.setattr(run_folder.time, "monotonic", lambda: clock[0])
    with run_folder.RunFolder(tmp_path / "out", ["style"]) as folder:
        while clock[0] < 100:
            before = clock[0]
            folder.save(Slow(clock), {}, [])
            if clock[0] > before:
                written.append(before)
            clock[0] += 0.5
        assert written == [0.0, 21.0, 42.0, 63.0, 84.0]
        assert folder.checkpoint()[0] == {"position": {"evaluation": 84}}
        folder.save(Slow(clock), {}, [], anyway=True)
        assert folder.checkpoint()[0] == {"position": {"evaluation": 100}}


LEFTOVER = f".{'0' * 32}.partial"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_deletes_at_once_what_one_before_it_has_left_in_its_folder(tmp_path):
    (tmp_path / "out_run").mkdir()
    (tmp_path / "out_run" / LEFTOVER).write_bytes(b"half of it")
    with RunFolder(tmp_path / "out", ["style"]):
        assert names(tmp_path / "out_run") == ["lock"]


def test_the_losses_are_drawn_when_the_folder_closes(tmp_path, drawn_plots):
    def progress(evaluation, total):
        numbers = {"scale": 1, "iteration": 1, "evaluation": evaluation, "total": total, "terms": {"style": total}}
        return SimpleNamespace(**numbers, gradient_norm=1.0, seconds=0.1)

    def drawn(*totals):
        with run_folder.RunFolder(tmp_path / "out", ["content", "style"]) as folder:
            for evaluation, total in enumerate(totals):
                folder.log(progress(evaluation, total))
        return np.asarray(opened(folder.path / "losses.png").convert("L"))

    falling, flat = drawn(1e6, 1e4, 1e2), drawn(1e6, 1e6, 1e6)
    assert falling.shape == flat.shape == (500, 800)
    assert (falling < 128).any()
    assert not np.array_equal(falling, flat)


def test_a_preview_that_cannot_be_written_ends_no_run(tmp_path, monkeypatch):
    def full(path, content):
        raise InputError(f"{path} cannot be written: No space left on device")

    with RunFolder(tmp_path / "out", ["style"]) as folder:
        monkeypatch.setattr(run_folder, "write_whole", full)
        folder.preview(lambda: Image.new("RGB", (4, 4)))
        assert not (folder.path / "preview.jpg").exists()
        monkeypatch.undo()
