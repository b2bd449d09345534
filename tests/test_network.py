"""network.py as a user runs it: pictures and numbers out, one line for every problem."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import network
from neural_style.errors import InputError
from neural_style.pictures import images
from neural_style.runs import folder as run_folder
from tests.conftest import CASTLE, LIGHT, REFERENCE, ROOT, SHALLOW, STARRY_NIGHT, opened

SMALL = ["--image_size", "48", "--evaluations", "4", *SHALLOW]

pytestmark = pytest.mark.usefixtures("shallow")


def paint(prefix, *flags):
    """Run network.py in this process on small sample pictures; return its exit status."""
    return network.main([str(CASTLE), str(STARRY_NIGHT), str(prefix), *SMALL, *map(str, flags)])


def rows(prefix):
    with open(f"{prefix}_run/losses.csv", newline="") as file:
        return list(csv.DictReader(file))


def pixels(path):
    return np.asarray(opened(path))


@pytest.fixture
def prefix(tmp_path):
    return tmp_path / "a new folder" / "out"


def test_a_run_writes_its_pictures_and_prints_only_the_last_path(prefix, run_script):
    done = run_script("network.py", CASTLE, STARRY_NIGHT, prefix, *SMALL, "--num_iter", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{prefix}.png\n"
    written = sorted(entry.name for entry in prefix.parent.iterdir())
    assert written == ["out.png", "out_at_iteration_1.png", "out_at_iteration_2.png", "out_run"]
    run_files = sorted(entry.name for entry in (prefix.parent / "out_run").iterdir())
    assert run_files == ["checkpoint.npz", "losses.csv", "losses.png", "settings.json"]
    assert images.size(opened(f"{prefix}.png")) == (48, 48 * 1024 // 683)
    lines = [line for line in done.stderr.splitlines() if not line.endswith(" …")]  # The names of long waits.
    assert lines[0].startswith("sizes (height × width): read 683×1024")
    assert lines[1].startswith("weights: vgg16 from ")
    assert lines[2].startswith("device: ")
    assert lines[3].startswith("memory: 48×71 in one piece, about 1.")
    assert [line.split(":")[0] for line in lines[4:]] == ["iteration 1/2", "iteration 2/2"]


def test_quiet_leaves_only_the_path(prefix, run_here):
    done = run_here("network.py", CASTLE, STARRY_NIGHT, prefix, *SMALL, "--num_iter", "1", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{prefix}.png\n", "")


def test_while_a_run_goes_on_a_preview_shows_its_picture(prefix, monkeypatch):
    shown = []

    def look(folder, progress):
        with contextlib.suppress(FileNotFoundError):
            shown.append(pixels(folder.path / "preview.jpg").astype("float32"))

    monkeypatch.setattr(run_folder, "PREVIEW_SECONDS", 0.0)
    monkeypatch.setattr(run_folder, "PREVIEW_SHARE", 1.0)
    log = run_folder.RunFolder.log
    monkeypatch.setattr(run_folder.RunFolder, "log", lambda *a: (look(*a), log(*a)))
    paint(prefix, "--num_iter", 1)
    content = np.asarray(images.read(CASTLE).resize(shown[0].shape[1::-1], Image.Resampling.BILINEAR), "float32")
    assert np.abs(shown[0] - content).mean() < 8
    assert np.abs(shown[-1] - pixels(f"{prefix}.png")).mean() < np.abs(shown[0] - pixels(f"{prefix}.png")).mean()
    assert not (prefix.parent / "out_run" / "preview.jpg").exists()


def test_the_losses_are_logged_for_the_start_and_every_evaluation(prefix):
    paint(prefix, "--num_iter", 2)
    log = rows(prefix)
    header = "scale,iteration,evaluation,total,content,style,tv,gradient_norm,seconds"
    assert (prefix.parent / "out_run" / "losses.csv").read_text().splitlines()[0] == header
    assert [int(row["evaluation"]) for row in log] == list(range(9))
    assert [int(row["iteration"]) for row in log] == [0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert float(log[0]["content"]) == 0
    for row in log:
        terms = sum(float(row[name]) for name in ("content", "style", "tv"))
        assert terms == pytest.approx(float(row["total"]), rel=1e-5)
    assert float(log[-1]["total"]) < 0.5 * float(log[0]["total"])


def test_the_picture_moves_from_the_photograph_towards_the_painting(prefix):
    paint(prefix, "--num_iter", 2, "--evaluations", 25)
    result = pixels(f"{prefix}.png").astype(float)
    photograph = images.to_array(images.read(CASTLE), result.shape[:2])
    painting = images.to_array(images.read(STARRY_NIGHT), result.shape[:2])

    def colour_distance(a, b):
        return np.abs(a.mean(axis=(0, 1)) - b.mean(axis=(0, 1))).sum()

    assert colour_distance(result, painting) < 0.5 * colour_distance(photograph, painting)
    correlation = np.corrcoef(result.mean(axis=2).ravel(), photograph.mean(axis=2).ravel())[0, 1]
    assert correlation > 0.3


def test_no_iterations_write_the_evaluated_start(prefix):
    assert paint(prefix, "--num_iter", 0) == 0
    assert len(rows(prefix)) == 1
    picture = images.read(CASTLE)
    size = images.size_of_rows(images.size(picture), 48)
    assert np.array_equal(pixels(f"{prefix}.png"), images.to_array(picture, size))


def test_scales_are_painted_in_turn_each_from_the_one_before(prefix):
    assert paint(prefix, "--scales", 32, 64, "--num_iter", 2, 1) == 0
    log = rows(prefix)
    assert [row["scale"] for row in log] == ["1"] * 9 + ["2"] * 5
    assert pixels(f"{prefix}_at_iteration_2.png").shape == (32, 47, 3)
    assert pixels(f"{prefix}_at_iteration_3.png").shape == (64, 95, 3)
    coarse, fine = opened(f"{prefix}_at_iteration_2.png"), opened(f"{prefix}.png")
    photograph = images.to_array(images.read(CASTLE), (64, 95))
    enlarged = np.asarray(coarse.resize(fine.size, Image.Resampling.BICUBIC), float)
    difference = np.abs(np.asarray(fine, float) - enlarged).mean()
    assert difference < 0.5 * np.abs(np.asarray(fine, float) - photograph).mean()


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_an_animation_shows_the_start_and_every_iteration(prefix, ending):
    paint(prefix, "--scales", 32, 64, "--num_iter", 1, "--animate", "--save_every", 0)
    with Image.open(f"{prefix}.{ending}") as animation:
        assert animation.n_frames == 3
        assert animation.size == (95, 64)


@pytest.mark.parametrize(("save_every", "saved"), [(0, []), (2, [2]), (1, [1, 2, 3])])
def test_pictures_are_saved_as_often_as_asked(prefix, save_every, saved):
    paint(prefix, "--num_iter", 3, "--save_every", save_every)
    names = {entry.name for entry in prefix.parent.glob("*.png")}
    assert names == {"out.png"} | {f"out_at_iteration_{n}.png" for n in saved}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_picture(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        paint(tmp_path / name, "--num_iter", 1, "--init_image", "noise", "--seed", seed)
    a, b, c = (pixels(tmp_path / f"{name}.png") for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def grain(picture):
    """Return the mean difference between neighbouring pixels."""
    return np.mean([np.abs(np.diff(picture.astype(float), axis=axis)).mean() for axis in (0, 1)])


def test_noise_starts_from_noise_of_all_colours_without_grain(prefix):
    paint(prefix, "--image_size", 160, "--num_iter", 0, "--init_image", "noise")
    noise = pixels(f"{prefix}.png").astype(float)
    assert noise.mean() == pytest.approx(127.5, abs=6)
    assert noise.std() == pytest.approx(60, abs=6)
    assert np.abs(noise[..., 0] - noise[..., 1]).mean() > 40
    assert grain(noise) < 14


def test_from_noise_a_painting_has_no_more_grain_than_from_the_content(prefix):
    grains = []
    for start in ("content", "noise"):
        paint(prefix, "--init_image", start, "--evaluations", 12)
        grains.append(grain(pixels(f"{prefix}.png")))
    assert grains[1] < 1.3 * grains[0]


def test_gray_pictures_make_a_gray_painting(prefix, tmp_path):
    paths = []
    for path in (CASTLE, STARRY_NIGHT):
        paths.append(tmp_path / f"gray-{path.stem}.jpg")
        images.gray(opened(path)).save(paths[-1], quality=60)
    for start in ("noise", "content"):
        arguments = [*paths, prefix, *SMALL, *SHALLOW, "--num_iter", 1, "--evaluations", 4, "--init_image", start]
        network.main([str(argument) for argument in arguments])
        assert np.ptp(pixels(f"{prefix}.png"), axis=2).max() == 0


def test_gray_takes_the_colours_out_of_content_and_start(prefix):
    paint(prefix, "--num_iter", 0, "--init_image", "gray")
    start = pixels(f"{prefix}.png")
    assert np.array_equal(start[..., 0], start[..., 1])
    assert np.array_equal(start[..., 0], start[..., 2])
    assert float(rows(prefix)[0]["content"]) == 0


def test_a_picture_can_be_the_start(prefix):
    paint(prefix, "--num_iter", 0, "--init_image", STARRY_NIGHT)
    start = pixels(f"{prefix}.png")
    assert np.array_equal(start, images.to_array(images.read(STARRY_NIGHT), start.shape[:2]))
    assert float(rows(prefix)[0]["content"]) > 0


def test_the_picture_can_be_saved_in_the_contents_own_size(prefix):
    paint(prefix, "--num_iter", 0, "--rescale_image", "--rescale_method", "bicubic")
    assert pixels(f"{prefix}.png").shape == (683, 1024, 3)


def test_without_the_aspect_ratio_the_picture_is_square(prefix):
    paint(prefix, "--num_iter", 0, "--maintain_aspect_ratio", "False")
    assert pixels(f"{prefix}.png").shape == (48, 48, 3)


def test_a_style_can_keep_its_own_size(prefix):
    paint(prefix, "--num_iter", 0, "--style_fit", "keep")
    settings = json.loads((prefix.parent / "out_run" / "settings.json").read_text())
    assert settings["sizes"]["styles"] == [[568, 718]]


def test_the_run_stops_when_it_improves_too_little(prefix, capsys):
    paint(prefix, "--num_iter", 9, "--min_improvement", 99.9)
    assert len(rows(prefix)) == 5
    assert "stopped after 4 of 36 evaluations" in capsys.readouterr().err


def test_the_picture_and_the_run_folder_say_how_it_was_made(prefix, weights):
    paint(prefix, "--num_iter", 0, "--seed", 7)
    settings = json.loads((prefix.parent / "out_run" / "settings.json").read_text())
    assert settings["flags"]["image_size"] == 48
    assert settings["seed"] == 7
    assert settings["sizes"] == {"read": [683, 1024], "styles": [[48, 71]], "painting": [[48, 71]]}
    assert settings["weights"]["sha256"] == weights.sha256
    assert {"keras", "tensorflow", "python"} <= set(settings["versions"])
    assert settings.pop("finished")["weights"] == weights.sha256
    with Image.open(f"{prefix}.png") as picture:
        assert str(CASTLE) in picture.text["Command"]
        assert json.loads(picture.text["Settings"]) == settings


def test_weights_of_zero_leave_their_terms_out(prefix):
    paint(prefix, "--num_iter", 1, "--content_weight", 0, "--total_variation_weight", 0)
    assert {(row["content"], row["tv"]) for row in rows(prefix)} == {("0", "0")}


def test_several_styles_share_the_weight_when_the_counts_differ(prefix, capsys):
    arguments = [str(CASTLE), str(STARRY_NIGHT), str(REFERENCE / "style1.png"), str(prefix), *SMALL, "--num_iter", "0"]
    network.main([*arguments, "--style_weight", "3"])
    assert "each of the 2 styles has the weight 1.5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--content_layer", "conv9_9"], "vgg16 has no layer 'conv9_9': did you mean "),
        (["--image_size", "15"], "15×22 pixels"),
        (["--image_size", "1000000000"], "choose a smaller --image_size"),
        (["--init_image", "grey"], "--init_image grey is neither content, gray, noise nor a picture that is there"),
        (["--weights", "nowhere.h5"], "there is no file nowhere.h5 (--weights)"),
        (["--content_weight", "0", "--style_weight", "0"], "--content_weight and --style_weight are zero"),
        (["--content_weight", "1e38"], "content loss"),
        (["--num_iter", "1", "2"], "--num_iter has 2 numbers for 1 scales"),
        (["--scales", "48", "12"], "12 rows make a picture of 12×17 pixels"),
    ],
)
def test_problems_are_named(prefix, flags, problem):
    with pytest.raises(InputError) as error:
        paint(prefix, "--init_image", str(STARRY_NIGHT), *flags)
    assert problem in str(error.value)
    assert not (prefix.parent / "out_run" / "losses.csv").exists()


def test_a_small_style_that_is_to_keep_its_size_is_refused(tmp_path, prefix):
    Image.new("RGB", (40, 12)).save(tmp_path / "small.png")
    with pytest.raises(InputError, match=r"small\.png is smaller than 16×16 pixels: use --style_fit stretch"):
        network.main([str(CASTLE), str(tmp_path / "small.png"), str(prefix), *SMALL, "--style_fit", "keep"])


def test_a_start_that_fails_leaves_an_earlier_run_as_it_is(prefix):
    paint(prefix, "--num_iter", 0, "--init_image", STARRY_NIGHT)
    files = {path: path.read_bytes() for path in (prefix.parent / "out_run").iterdir()}
    with pytest.raises(InputError, match="content loss"):
        paint(prefix, "--num_iter", 0, "--init_image", STARRY_NIGHT, "--content_weight", "1e38")
    assert {path: path.read_bytes() for path in (prefix.parent / "out_run").iterdir()} == files


@pytest.mark.skipif(os.name == "nt", reason="Windows paths are text")
def test_a_path_whose_bytes_are_no_text_is_written_and_printed(tmp_path):
    prefix = os.fsencode(tmp_path) + b"/caf\xe9"
    command = [sys.executable, ROOT / "network.py", CASTLE, STARRY_NIGHT, prefix, *SMALL, *LIGHT, "--num_iter", "0"]
    done = subprocess.run(command, capture_output=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, prefix + b".png\n"), done.stderr
    assert os.path.exists(prefix + b".png")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_is_one_line(prefix):
    command = [sys.executable, ROOT / "network.py", CASTLE, STARRY_NIGHT, prefix, *SMALL, *LIGHT, "--num_iter", "0"]
    command += ["--quiet"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=100)
    assert done.returncode == 1
    assert done.stderr.startswith("network.py: error: the output could not be written: No space left")
    assert done.stderr.count("\n") == 1


def test_an_unknown_backend_is_refused_in_one_line_before_anything_is_fetched(prefix, run_here, tmp_path):
    own = {"KERAS_BACKEND": "theano", "KERAS_HOME": str(tmp_path / "cache")}
    done = run_here("network.py", CASTLE, STARRY_NIGHT, prefix, *SMALL, "--quiet", **own)
    assert done.returncode == 1
    problem = (
        "network.py: error: the backend theano is not supported: set KERAS_BACKEND to tensorflow or jax or torch\n"
    )
    assert done.stderr == problem
    assert not (tmp_path / "cache").exists()


def test_a_missing_picture_is_one_line_and_exit_1_within_a_moment(prefix, run_script):
    begin = time.monotonic()
    done = run_script("network.py", "no such photo.jpg", STARRY_NIGHT, prefix)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "network.py: error: there is no picture no such photo.jpg: check the path\n"
    assert time.monotonic() - begin < 10


def test_a_prefix_that_cannot_be_written_is_named_before_the_network_loads(run_here):
    done = run_here("network.py", CASTLE, STARRY_NIGHT, ROOT / "LICENSE" / "out", *SMALL)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "out_run cannot be written" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_keeps_what_it_reached(prefix, number, status):
    command = [
        sys.executable,
        ROOT / "network.py",
        CASTLE,
        STARRY_NIGHT,
        prefix,
        *SMALL,
        *LIGHT,
        "--num_iter",
        "100000",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "iteration 2" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(number)
    output, messages = process.communicate(timeout=60)
    assert process.returncode == status
    assert output == f"{prefix}.png\n"
    assert "interrupted after" in messages
    assert "Traceback" not in messages
    assert pixels(f"{prefix}.png").shape[0] == 48
    assert (prefix.parent / "out_run" / "losses.png").exists()
