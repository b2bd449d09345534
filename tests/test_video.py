"""A film is painted frame by frame, each held to where those before have moved to."""

import json
import signal
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

import video
from neural_style.batch import working
from neural_style.errors import InputError
from neural_style.video import film as films
from neural_style.video import flow
from neural_style.video.cuts import Scene
from neural_style.video.film import Film
from neural_style.video.work import Work
from tests.conftest import CASTLE, ROOT, STARRY_NIGHT, opened

SHORT = ["--image_size", "48", "--num_iter", "2", "--evaluations", "4"]


@pytest.fixture
def panned(tmp_path):
    """A function that makes a folder of frames along which a camera goes over a picture."""

    def make(count=5, path=CASTLE, name="film", begin=0):
        picture = opened(path).convert("RGB").resize((360, 240), Image.Resampling.LANCZOS)
        for number in range(count):
            left = 20 + 6 * number
            frame = picture.crop((left, 40, left + 216, 184))
            (tmp_path / name).mkdir(exist_ok=True)
            frame.save(tmp_path / name / f"{begin + number}.png")
        return tmp_path / name

    return make


def run(capsys, *arguments):
    """Run video.py in this process; return its exit status, its output, and the lines of its messages."""
    status = video.main([*map(str, arguments)])
    out, err = capsys.readouterr()
    return status, out, err.splitlines()


def painted(capsys, source, out, *flags):
    status, output, err = run(capsys, source, STARRY_NIGHT, out, *SHORT, *flags)
    assert (status, output) == (0, f"{out}\n")
    return [frame.astype(float) for frame in films.frames(films.opened(out))], err


def temporal_error(sources, paintings):
    """The mean squared difference to the frame before, warped, where the flow can be relied on."""
    errors = []
    for (before, now), (earlier, painting) in zip(pairwise(sources), pairwise(paintings), strict=True):
        motion = flow.flow(now, before)
        known = flow.reliable(motion, flow.flow(before, now))
        errors.append(np.mean((flow.warped(earlier, motion) - painting)[known] ** 2))
    return np.mean(errors)


@pytest.mark.slow
def test_a_film_holds_still_where_frames_painted_singly_flicker(capsys, panned, tmp_path, shallow):
    source, longer = panned(4), ("--evaluations", "10")
    together, err = painted(capsys, source, tmp_path / "together", *longer)
    assert err[0] == f"{source}: 4 frames of 144×216 pixels, 0.2 s at 24 a second"
    assert err[1].startswith("4 of them are painted, at 48×72: ")
    assert err[-1].startswith("4 of 4: frame 4, ")
    singly = []
    for number in range(4):
        alone = panned(1, name=f"alone {number}")
        (alone / "0.png").write_bytes((source / f"{number}.png").read_bytes())
        singly += painted(capsys, alone, tmp_path / f"single {number}", *longer)[0]
    small = [np.asarray(opened(source / f"{n}.png").resize((72, 48), Image.Resampling.BICUBIC)) for n in range(4)]
    assert np.array_equal(together[0], singly[0])  # The first is painted as a photograph is.
    assert temporal_error(small, together) < temporal_error(small, singly) / 3
    assert not (tmp_path / "together_run" / "frames").exists()


def test_a_film_is_written_as_its_ending_says_with_the_times_of_its_frames(capsys, panned, tmp_path, shallow):
    pictures = [Image.open(panned(3) / f"{number}.png") for number in range(3)]
    films.write(str(tmp_path / "in.webm"), Film("", (144, 216), (0.0, 0.1, 0.4)), pictures)
    painted(capsys, tmp_path / "in.webm", tmp_path / "out.mp4", "--quality", "draft")
    film = films.opened(tmp_path / "out.mp4")
    assert (film.size, film.times) == ((48, 72), pytest.approx((0.0, 0.1, 0.4), abs=0.002))


def interrupted(monkeypatch, when):
    """Have the signal of Ctrl+C come when so many frames are done."""
    ends, done = working.Ear.ends, []

    def ended(self, seconds):
        ends(self, seconds)
        done.append(1)
        if len(done) == when:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(working.Ear, "ends", ended)


def test_a_film_goes_on_after_any_frame_to_the_same_frames(capsys, panned, tmp_path, shallow):
    source = panned(4)
    whole, _ = painted(capsys, source, tmp_path / "whole")
    with pytest.MonkeyPatch.context() as monkeypatch:
        interrupted(monkeypatch, 2)
        status, output, err = run(capsys, source, STARRY_NIGHT, tmp_path / "parts", *SHORT)
    assert (status, output) == (130, "")
    assert err[-1] == "interrupted: 2 of 4 are done; the same command with --resume goes on"
    with pytest.raises(InputError, match=r"the frames in .*parts_run are of another run, by its flags: give the same"):
        run(capsys, source, STARRY_NIGHT, tmp_path / "parts", *SHORT, "--resume", "--seed", "3")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(Work, "scales", ([32, 48], [1, 1]))  # As another release might choose them.
        with pytest.raises(InputError, match="of another run, by its scales"):
            run(capsys, source, STARRY_NIGHT, tmp_path / "parts", *SHORT, "--resume")
    parts, err = painted(capsys, source, tmp_path / "parts", "--resume")
    assert "2 frames to make; 2 of 4 are finished already" in err
    assert np.array_equal(parts, whole)
    _, err = painted(capsys, source, tmp_path / "parts", "--resume")
    assert err[-1] == "the film is finished already: leave out --resume to paint it anew"


def test_each_scene_begins_anew(capsys, panned, tmp_path, shallow):
    panned(3)
    source = panned(2, ROOT / "images" / "inputs" / "content" / "scarlet-macaw.jpg", begin=3)
    both, err = painted(capsys, source, tmp_path / "both")
    assert err[0].endswith("at 24 a second, 1 cut")
    second = panned(2, ROOT / "images" / "inputs" / "content" / "scarlet-macaw.jpg", name="second")
    alone, _ = painted(capsys, second, tmp_path / "alone")
    assert np.array_equal(both[3:], alone)


def test_for_a_draft_frames_are_carried_on_by_their_motion(capsys, panned, tmp_path, shallow):
    source = panned(4)
    all_frames, _ = painted(capsys, source, tmp_path / "all")
    some, err = painted(capsys, source, tmp_path / "some", "--every", "3")
    assert err[1].startswith("2 of them are painted, ")
    assert np.array_equal(some[0], all_frames[0])
    small = [np.asarray(opened(source / f"{n}.png").resize((72, 48), Image.Resampling.BICUBIC)) for n in range(4)]
    assert temporal_error(small, some) < temporal_error(small, all_frames)
    # What comes in at the border is in the frame that is painted after it, and moves on from there.
    strips = [frame[4:-4, -3:] for frame in small[2:]]
    assert np.abs(strips[0].astype(float) - strips[1]).mean() > 10
    motion = flow.flow(small[2], small[3])
    known = flow.reliable(motion, flow.flow(small[3], small[2]))[4:-4, -3:]
    assert known.mean() > 0.5
    assert np.abs(some[2] - flow.warped(some[3], motion))[4:-4, -3:][known].mean() < 12


def test_a_draft_goes_on_to_the_same_frames_too(capsys, panned, tmp_path, shallow):
    source = panned(6)
    whole, _ = painted(capsys, source, tmp_path / "whole", "--every", "2")
    for when in (2, 4):
        with pytest.MonkeyPatch.context() as monkeypatch:
            interrupted(monkeypatch, when)
            status, _, err = run(capsys, source, STARRY_NIGHT, tmp_path / "parts", *SHORT, "--every", "2")
        assert (status, err[-1].split(";")[0]) == (130, f"interrupted: {when} of 6 are done")
        parts, _ = painted(capsys, source, tmp_path / "parts", "--resume", "--every", "2")
        assert np.array_equal(parts, whole)


def test_a_finished_film_that_is_another_is_told_of(capsys, panned, tmp_path, shallow):
    source = panned(2)
    painted(capsys, source, tmp_path / "out")
    _, err = painted(capsys, source, tmp_path / "out", "--resume", "--seed", "3")
    assert f"the finished film of {tmp_path / 'out_run'} is another, by its flags: painted anew" in err


def test_what_a_film_loses_is_said_first(capsys, tmp_path, panned, shallow):
    pictures = [Image.open(panned(3) / f"{number}.png") for number in range(3)]
    films.write(str(tmp_path / "in.mp4"), Film("", (144, 216), (0.0, 1 / 60, 2 / 60)), pictures)
    _, err = painted(capsys, tmp_path / "in.mp4", tmp_path / "out.gif", "--fps", "10")
    assert f"warning: a GIF has at most 50 frames a second: it is slower than {tmp_path / 'in.mp4'}" in err
    assert f"warning: --fps is for folders of pictures: {tmp_path / 'in.mp4'} keeps its own times" in err
    film = Film("with-sound.mp4", (144, 216), (0.0, 0.1), has_sound=True)
    for out, lines in (("out.webp", 1), ("folder", 1), ("out.webm", 0)):
        work = Work(video.parse(["with-sound.mp4", str(STARRY_NIGHT), out]), film, [Scene(0, 2)])
        assert sum(f"{out} has no sound: end it in one of .mp4, .webm" in line for line in work.described()) == lines


def test_without_weight_against_flicker_frames_are_freer(capsys, panned, tmp_path, shallow):
    source = panned(2)
    held, _ = painted(capsys, source, tmp_path / "held", "--flicker", "10")
    free, _ = painted(capsys, source, tmp_path / "free", "--flicker", "0")
    small = [np.asarray(opened(source / f"{n}.png").resize((72, 48), Image.Resampling.BICUBIC)) for n in range(2)]
    assert np.array_equal(held[0], free[0])
    assert temporal_error(small, held) < 0.5 * temporal_error(small, free)


def test_what_is_done_to_a_painting_before_it_is_shown_is_not_painted_on(capsys, panned, tmp_path, shallow):
    source = panned(2)
    plain, _ = painted(capsys, source, tmp_path / "plain", "--keep_frames")
    coloured, _ = painted(capsys, source, tmp_path / "coloured", "--preserve_color", "--keep_frames")
    frames = [sorted((tmp_path / f"{name}_run" / "frames").iterdir()) for name in ("plain", "coloured")]
    assert [path.read_bytes() for path in frames[0]] == [path.read_bytes() for path in frames[1]]
    assert np.abs(coloured[1] - plain[1]).mean() > 5
    assert not (tmp_path / "plain_run" / "shown").exists()


def test_programs_read_which_frame_is_in_hand(capsys, panned, tmp_path, shallow):
    _, _, err = run(capsys, panned(2), STARRY_NIGHT, tmp_path / "out", *SHORT, "--json")
    events = [event for event in map(json.loads, err) if event["event"] == "batch"]
    assert [event["done"] for event in events if event["state"] == "done"] == [1, 2]
    assert {(event["name"], event["evaluations"]) for event in events if "evaluation" in event} == {
        ("frame 1", 8),
        ("frame 2", 8),
    }


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["gone.mp4", STARRY_NIGHT, "out.mp4"], "there is no film gone.mp4: check the path"),
        ([CASTLE.parent, STARRY_NIGHT, "out.avi"], "a film cannot be written to out.avi: end it in one of .mp4"),
        (["-", STARRY_NIGHT, "out.mp4"], "films are read from files and written to files: give paths instead of -"),
        ([CASTLE.parent, STARRY_NIGHT, "out.mp4", "--animate"], "video.py makes a moving picture anyway"),
        ([CASTLE.parent, "gone.jpg", "out.mp4"], "there is no picture gone.jpg: check the path"),
    ],
)
def test_a_wrong_command_is_told_in_a_line(capsys, tmp_path, monkeypatch, arguments, problem):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        run(capsys, *arguments)
    assert str(error.value).startswith(problem)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")
def test_scenes_are_painted_at_once_by_several_processes(capsys, panned, tmp_path):
    panned(2)
    source = panned(2, ROOT / "images" / "inputs" / "content" / "scarlet-macaw.jpg", begin=2)
    # Other processes would take what their machine is fast in.
    light = ["--content_layer", "conv1_2", "--style_weight", "1", "--precision", "float32"]
    alone, _ = painted(capsys, source, tmp_path / "alone", *light, "--num_iter", "1", "--evaluations", "2")
    several, err = painted(
        capsys, source, tmp_path / "several", *light, "--num_iter", "1", "--evaluations", "2", "--jobs", "2"
    )
    assert len(several) == 4
    assert np.abs(np.array(several) - alone).mean() < 0.5  # Other numbers of cores may round otherwise.
    assert err[-1].startswith("4 of 4: frame ")


def test_a_film_replaces_nothing_that_is_not_its_own(tmp_path, panned):
    source = panned(2)
    for name in ("style.webp", "other.gif"):
        opened(STARRY_NIGHT).resize((40, 30)).save(tmp_path / name)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "000000.png").touch()
    style = tmp_path / "style.webp"
    for arguments, problem in (
        ([source, style, style], "the result would overwrite .*style.webp"),
        ([source, STARRY_NIGHT, tmp_path / "other.gif"], "OUT .*other.gif is a picture that is there already"),
        ([source, STARRY_NIGHT, tmp_path / "full"], "the folder .*full has something in it already"),
        ([source, STARRY_NIGHT, source / "out.gif"], "out.gif lies among the frames in"),
    ):
        with pytest.raises(InputError, match=problem):
            video.parse([*map(str, arguments)])


def test_frames_that_are_painted_are_not_lost_to_a_misspelt_style(capsys, panned, tmp_path, shallow):
    source = panned(2)
    painted(capsys, source, tmp_path / "out", "--keep_frames")
    frame = tmp_path / "out_run" / "frames" / "000001.png"
    before = frame.read_bytes()
    with pytest.raises(InputError, match=r"there is no picture gone\.jpg"):
        run(capsys, source, "gone.jpg", tmp_path / "out", *SHORT)
    assert frame.read_bytes() == before


def test_a_shorter_film_in_a_folder_leaves_no_frames_of_a_longer_one(capsys, panned, tmp_path, shallow):
    painted(capsys, panned(3), tmp_path / "out")
    shorter = panned(2, name="shorter")
    assert len(painted(capsys, shorter, tmp_path / "out")[0]) == 2


def test_warnings_are_said_once(capsys, panned, tmp_path, shallow):
    _, err = painted(capsys, panned(3), tmp_path / "out", "--mask_feather", "3")
    assert err.count("warning: --mask_feather does nothing without a mask") == 1
