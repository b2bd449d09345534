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
    return set(
        re.findall(r"^ *(python (?:paint|network|inetwork|neural_doodle)\.py .*results/.*)$", text, re.MULTILINE)
    )


@pytest.mark.parametrize("name", ["painting.md", "coming-from.md"])
def test_the_gallery_makes_every_picture_of_a_page(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    shown = {command for command in commands_in(text) if not re.search(r"bold\.toml|results/sky ", command)}
    assert shown <= commands_in((ROOT / "examples" / "gallery.sh").read_text(encoding="utf-8"))
    assert len(shown) >= 4
