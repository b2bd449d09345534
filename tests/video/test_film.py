"""Films are read and written frame by frame, with their times and their sound."""

import sys
from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image

from neural_style.errors import InputError
from neural_style.video import film as films
from neural_style.video.film import Film

TIMES = (0.0, 0.1, 0.2, 0.5, 0.6)
"""Of five frames, one of which is shown for longer."""


@pytest.fixture
def pictures(random_image):
    """Five different frames of odd height."""
    return [Image.fromarray((90 + 0.3 * random_image(47, 64, seed=number)).astype("uint8")) for number in range(5)]


@pytest.fixture
def film():
    return Film("", (47, 64), TIMES)


def with_sound(path, codec, seconds=1.0):
    """Write a film of gray frames and a tone to a path."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264" if path.suffix == ".mp4" else "libvpx-vp9", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream(codec, rate=48_000, layout="mono")
        for _ in range(round(10 * seconds)):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, "uint8"), "rgb24")))
        container.mux(video.encode())
        tone = np.sin(np.arange(round(48_000 * seconds)) * 2 * np.pi * 440 / 48_000).astype("float32")[None]
        frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        resampler = av.AudioResampler(format=sound.format, layout="mono", rate=48_000, frame_size=sound.frame_size)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(sound.encode(part))
        container.mux(sound.encode())


@pytest.mark.parametrize(("ending", "error"), [(".mp4", 6), (".webm", 6), (".gif", 12), (".webp", 6), ("", 0)])
def test_a_film_comes_back_as_it_was_written(tmp_path, film, pictures, ending, error):
    path = str(tmp_path / f"film{ending}")
    films.write(path, film, iter(pictures))
    again = films.opened(path, rate=10)
    assert again.size == ((48, 64) if ending in (".mp4", ".webm") else (47, 64))  # Theirs have an even number of rows.
    assert len(again.times) == 5
    if ending:
        assert again.times == pytest.approx(TIMES, abs=0.011)
    for frame, picture in zip(films.frames(again), pictures, strict=True):
        assert np.abs(frame[:47].astype(float) - np.asarray(picture)).mean() <= error


def test_how_often_and_for_how_long_frames_are_shown(film):
    assert film.rate == pytest.approx(4 / 0.6)
    assert film.durations == pytest.approx([0.1, 0.1, 0.3, 0.1, 0.15])
    assert replace(film, times=(0.0,)).rate == films.FOLDER_RATE


def test_pictures_in_a_folder_are_in_the_order_of_their_numbers_and_of_one_size(tmp_path, pictures):
    for number, picture in zip((10, 9, 1), pictures, strict=False):
        picture.resize((64, 47 if number < 10 else 94)).save(tmp_path / f"frame {number}.png")
    (tmp_path / "notes.txt").touch()
    film = films.opened(tmp_path, rate=5)
    assert (film.size, film.times) == ((47, 64), (0.0, 0.2, 0.4))
    assert [round(frame.mean()) for frame in films.frames(film)] == [
        round(np.asarray(pictures[index].resize((64, 47))).mean()) for index in (2, 1, 0)
    ]


@pytest.mark.parametrize(("source", "codec"), [(".mp4", "aac"), (".webm", "libopus")])
@pytest.mark.parametrize("target", [".mp4", ".webm"])
def test_the_sound_is_kept_in_files_that_have_sound(tmp_path, pictures, source, codec, target):
    with_sound(tmp_path / f"in{source}", codec)
    film = films.opened(tmp_path / f"in{source}")
    assert film.has_sound
    out = tmp_path / f"out{target}"
    films.write(str(out), film, (Image.fromarray(frame) for frame in films.frames(film)))
    with av.open(str(out)) as container:
        tone = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(tone) == pytest.approx(48_000, rel=0.06)
    frequencies = np.abs(np.fft.rfft(tone.astype("float64")))
    assert np.argmax(frequencies) * 48_000 / len(tone) == pytest.approx(440, abs=3)


def test_a_film_of_a_turned_camera_is_upright(monkeypatch, tmp_path, film, pictures):
    films.write(str(tmp_path / "film.mp4"), film, iter(pictures))
    upright = next(films.frames(films.opened(tmp_path / "film.mp4")))
    decode = av.container.InputContainer.decode

    class Turned:
        """A frame that says that it is turned by a quarter when it is shown."""

        rotation = 90

        def __init__(self, frame):
            self.time = frame.time
            self.to_ndarray = frame.to_ndarray

    real = films._av()

    class Container:
        def __init__(self, path):
            self._container = real.open(path)
            self.streams = self._container.streams

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            self._container.close()

        def decode(self, **streams):
            return map(Turned, decode(self._container, **streams))

    package = type("av", (), {"open": lambda path, options: Container(path), "FFmpegError": real.FFmpegError})
    monkeypatch.setattr(films, "_av", lambda: package)
    frame = next(films.frames(Film(str(tmp_path / "film.mp4"), (64, 48), TIMES)))
    assert np.array_equal(frame, np.rot90(upright))  # Against the clock.


def test_of_a_film_that_breaks_off_there_is_what_comes_before(tmp_path, random_image):
    long = Film("", (48, 64), tuple(number / 10 for number in range(60)))
    noise = (np.random.default_rng(n).integers(0, 255, (48, 64, 3), "uint8") for n in range(60))
    path = tmp_path / "film.webm"
    films.write(str(path), long, map(Image.fromarray, noise))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    broken = films.opened(path)
    assert 10 < len(broken.times) < 60
    assert broken.problem == f"after {broken.times[-1]:.0f} of 6 s"
    assert len(list(films.frames(broken))) == len(broken.times)


def test_what_is_no_film_is_told_in_a_line(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("no film")
    (tmp_path / "empty.mp4").touch()
    Image.new("RGB", (8, 8)).save(tmp_path / "picture.gif")
    for name, problem in (
        ("gone.mp4", "there is no film .*gone.mp4: check the path"),
        ("empty", "there is no picture in the folder"),
        (
            "text.mp4",
            "text.mp4 is no film that can be read: Invalid data.*; it is something else, or a part is missing",
        ),
        ("empty.mp4", "empty.mp4 is an empty file: copy it anew"),
        (".", r". has films in it: give one of them, as .*empty.mp4"),
    ):
        with pytest.raises(InputError, match=problem):
            films.opened(str(tmp_path / name))
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 480), "int16"), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        container.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(InputError, match=r"sound\.wav has no pictures, only sound"):
        films.opened(str(tmp_path / "sound.wav"))


@pytest.mark.parametrize(
    "text", ["#EXTM3U\n#EXTINF:1,\nother.mp4\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile other.mp4\n"]
)
def test_a_list_of_films_is_none_for_it_may_lead_anywhere(tmp_path, film, pictures, text):
    films.write(str(tmp_path / "other.mp4"), film, iter(pictures))
    (tmp_path / "film.mp4").write_text(text)
    with pytest.raises(InputError, match=r"film.mp4 is no film that can be read"):
        films.opened(str(tmp_path / "film.mp4"))


@pytest.mark.parametrize("path", ["film.avi", "film.jpg"])
def test_a_kind_of_file_that_is_not_written_is_refused(path):
    with pytest.raises(
        InputError, match=r"a film cannot be written to film.*: end it in one of .mp4, .webm, .gif, .webp"
    ):
        films.kind_of(path)


def test_without_the_package_it_is_said_what_to_install(monkeypatch, tmp_path):
    (tmp_path / "film.mp4").touch()
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match=r"films need the Python package av: .*-r requirements-video.txt"):
        films.opened(tmp_path / "film.mp4")


def test_the_frames_of_a_gif_take_as_long_together_as_those_of_the_film(tmp_path, pictures):
    times = tuple(number / 30 for number in range(5))
    films.write(str(tmp_path / "film.gif"), Film("", (47, 64), times), iter(pictures))
    with Image.open(tmp_path / "film.gif") as gif:
        durations = []
        for number in range(gif.n_frames):
            gif.seek(number)
            durations.append(gif.info["duration"])
    assert sum(durations) == pytest.approx(1000 * 5 / 30, abs=6)


def test_sound_keeps_its_place_in_a_film_that_begins_later(tmp_path):
    with_sound(tmp_path / "in.mp4", "aac")
    with av.open(str(tmp_path / "in.mp4")) as source, av.open(str(tmp_path / "later.mkv"), "w") as target:
        streams = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                offset = round(5 / packet.time_base)
                packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    film = films.opened(tmp_path / "later.mkv")
    assert film.begins == pytest.approx(5, abs=0.1)
    for ending in (".mp4", ".webm"):
        films.write(str(tmp_path / f"out{ending}"), film, map(Image.fromarray, films.frames(film)))
        with av.open(str(tmp_path / f"out{ending}")) as container:
            first = next(container.decode(audio=0))
        assert first.time == pytest.approx(0, abs=0.1)
