"""The examples run unattended, and what README shows can be made again."""

import os
import re
import subprocess

import pytest

from tests.conftest import ROOT, opened


@pytest.mark.skipif(os.name == "nt", reason="Windows has no bash of its own")
def test_the_chain_of_all_tools_makes_a_picture_of_its_size(tmp_path):
    reduced = {"SCALES": "24 32", "ITERATIONS": "1", "UPSCALE_MODEL": "lanczos", "SIZE": "160x90"}
    command = ["bash", ROOT / "examples" / "multiscale.sh", tmp_path / "a folder"]
    done = subprocess.run(command, env={**os.environ, **reduced}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "a folder" / "multiscale.png"
    assert done.stdout == f"{path}\n"
    assert opened(path).size == (160, 90)


def commands_in(text):
    scripts = "paint|network|inetwork|neural_doodle"
    return set(re.findall(rf"^ *(python (?:{scripts})\.py [^|\n]*results/[^|\n]*)$", text, re.MULTILINE))


def test_one_script_has_the_command_of_every_picture():
    readme = commands_in((ROOT / "README.md").read_text())
    script = commands_in((ROOT / "examples" / "gallery.sh").read_text())
    assert readme == script
    assert len(script) >= 14


def test_readme_has_each_heading_once():
    found = re.findall(r"^##+ .+", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(found) == len(set(found)) > 10
