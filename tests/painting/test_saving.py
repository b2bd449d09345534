"""Whatever happens to the disk and to the readers, what was reached is saved."""

import os
import shlex
import shutil
import subprocess
import sys

import pytest

from neural_style.errors import InputError
from neural_style.pictures import images
from neural_style.runs import folder as run_folder
from tests.conftest import CASTLE, LIGHT, ROOT, STARRY_NIGHT, opened
from tests.short_runs import losses, paint

pytestmark = pytest.mark.usefixtures("shallow")


@pytest.mark.parametrize("reader", ["| true", "> /dev/full"])
def test_a_picture_that_the_standard_output_does_not_take_is_saved_elsewhere(tmp_path, reader):
    command = [sys.executable, ROOT / "network.py", CASTLE, STARRY_NIGHT, "-", "--image_size", "48", "--num_iter", "0"]
    command += LIGHT
    line = f"{shlex.join(map(str, command))} {reader}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=os.environ | {"TMPDIR": tmp_path})
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last.startswith("network.py: error: the output could not be written: ")
    assert opened(last.partition("; what was reached is in ")[2]).height == 48


def test_a_run_goes_on_when_nobody_reads_its_messages_any_more(tmp_path):
    arguments = [CASTLE, STARRY_NIGHT, tmp_path / "out", "--image_size", "48", "--num_iter", "3", "--evaluations", "1"]
    arguments += LIGHT
    line = f"{shlex.join([sys.executable, str(ROOT / 'network.py'), *map(str, arguments)])} 2>&1 > out.txt | head -1"
    done = subprocess.run(
        ["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, (tmp_path / "out.txt").read_text()) == (0, f"{tmp_path / 'out.png'}\n")
    assert (tmp_path / "out.png").exists()


def test_a_folder_that_is_removed_meanwhile_is_made_again(tmp_path, monkeypatch):
    log = run_folder.RunFolder.log

    def remove(folder, progress):
        if progress.evaluation == 5:
            shutil.rmtree(tmp_path / "deep")
        log(folder, progress)

    monkeypatch.setattr(run_folder.RunFolder, "log", remove)
    assert paint(tmp_path / "deep" / "out") == 0
    assert opened(tmp_path / "deep" / "out.png").height == 48
    assert len(losses(tmp_path / "deep" / "out")) == 10


def test_what_cannot_be_saved_in_its_place_is_saved_in_another(tmp_path, monkeypatch):
    write = images.write_whole

    def full(path, content):
        if str(path).startswith(str(tmp_path)) and str(path).endswith(".png"):
            raise InputError(f"{path} cannot be written: No space left on device")
        write(path, content)

    monkeypatch.setattr(images, "write_whole", full)
    monkeypatch.setenv("TMPDIR", str(tmp_path.parent))
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(InputError, match=r"No space left on device; what was reached is in (\S+)") as error:
        paint(tmp_path / "out")
    path = str(error.value).rpartition(" ")[2]
    assert not path.startswith(str(tmp_path) + os.sep)
    assert opened(path).height == 48


def test_a_checkpoint_that_does_not_fit_on_the_disk_is_one_line_and_the_picture_is_there(tmp_path):
    """As on a full disk: no file may have more than 30 kB, which a picture of this size has not."""
    arguments = [CASTLE, STARRY_NIGHT, tmp_path / "out", "--image_size", "48", "--num_iter", "3", "--evaluations", "3"]
    limited = ["bash", "-c", 'ulimit -f 30 && exec "$@"', "bash", sys.executable, ROOT / "network.py", *arguments]
    done = subprocess.run(limited, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"network.py: error: {tmp_path / 'out_run' / 'checkpoint.npz'} cannot"
    )
    assert f"what was reached is in {tmp_path / 'out'}.png" in done.stderr
    assert "Traceback" not in done.stderr
    assert opened(tmp_path / "out.png").height == 48
    left = os.listdir(tmp_path) + os.listdir(tmp_path / "out_run")
    assert not [name for name in left if name.endswith(".partial")]
