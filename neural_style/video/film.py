"""Films as files: their frames, when each is shown, and their sound.

A film is a file that FFmpeg reads (by the package av), a GIF too, or a folder of pictures; it is written as MP4, WebM,
GIF, animated WebP, or a folder of pictures, by its ending.
"""

import contextlib
import io
import os
import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from neural_style.errors import InputError
from neural_style.files import replaced, write_whole
from neural_style.pictures import images

ENDINGS = (".mp4", ".webm", ".gif", ".webp")
"""What a film may be written as, besides a folder."""

FOLDER_RATE = 24
"""Frames a second of a folder of pictures, unless the user says another number."""

READ_BY_FFMPEG = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ogv", ".wmv", ".flv", ".3gp")
"""Endings of films that Pillow would not read."""

_TRUSTED = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,m4v,ogg,flv,asf,gif,wav",
    "protocol_whitelist": "file",
}
"""What FFmpeg may read: films themselves. Lists of films would have it read whatever somebody wrote into them."""

_CODECS = {".mp4": ("libx264", {"crf": "17", "preset": "medium"}), ".webm": ("libvpx-vp9", {"crf": "24", "b": "0"})}
"""FFmpeg's encoder of each kind of file, and its settings: the loss cannot be seen."""

_SOUND = {".mp4": "aac", ".webm": "libopus"}
"""The encoder of sound that cannot be taken over as it is."""

WITH_SOUND = tuple(_SOUND)
"""Endings of films that have sound."""


@dataclass(frozen=True)
class Film:
    """What is known of a film before it is painted: the (height, width) `size` of its frames as they are shown, and for
    each the time in seconds at which it is, from the first one on, which `begins` at that time in the file; whether it
    `has_sound`; and the `problem`, in words, with which it breaks off, if it does.
    """

    path: str
    size: tuple
    times: tuple
    has_sound: bool = False
    problem: str = ""
    begins: float = 0.0

    @property
    def rate(self):
        """Frames a second, on average."""
        if len(self.times) < 2 or self.times[-1] <= self.times[0]:
            return float(FOLDER_RATE)
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])

    @property
    def durations(self):
        """For each frame how long it is shown, in seconds; the last one as long as others are on average."""
        return [*np.diff(self.times), 1 / self.rate]


def opened(path, rate=FOLDER_RATE, look=lambda frame: None):
    """Return the `Film` at a path, a folder of pictures being shown at `rate` frames a second.

    All of it is read once, for nothing else tells how many frames there are; `look` is called with each, uint8 RGB
    (height, width, 3). Raises InputError if it is none, or empty.
    """
    times, size, problem = [], None, ""
    try:
        for time, frame in _timed(path, rate):
            look(frame)
            size = size or frame.shape[:2]
            times.append(time)
    except _BrokenError as broken:
        problem = str(broken)
    if not times:
        raise InputError(f"{path} is no film that can be read{f': {problem}' if problem else ', for it has no frame'}")
    return Film(str(path), size, _growing(times), _has_sound(path), problem, times[0])


def frames(film):
    """Yield the frames of a `Film`, each uint8 RGB (height, width, 3), of the first one's size."""
    with contextlib.suppress(_BrokenError):
        for _, frame in _timed(film.path, FOLDER_RATE):
            if frame.shape[:2] != film.size:
                frame = images.to_array(Image.fromarray(frame), film.size, "bicubic", "uint8")
            yield frame


def first_frame(path):
    """Return the first frame of the film at a path. Raises InputError if there is none that can be read."""
    try:
        _, frame = next(_timed(path, FOLDER_RATE))
    except StopIteration:
        raise InputError(f"{path} is no film that can be read, for it has no frame") from None
    except _BrokenError as broken:
        raise InputError(f"{path} is no film that can be read: {broken}") from broken
    return frame


class _BrokenError(Exception):
    """A film breaks off."""


def _timed(path, rate):
    """Yield (time in seconds, frame) of the film at a path. Raises _BrokenError where it breaks off."""
    if os.path.isdir(path):
        pictures = pictures_in(path)
        if not pictures:
            raise InputError(f"there is no picture in the folder {path}")
        films = [name for name in sorted(os.listdir(path)) if Path(name).suffix.lower() in READ_BY_FFMPEG]
        if films:
            raise InputError(f"{path} has films in it: give one of them, as {os.path.join(path, films[0])}")
        for number, picture in enumerate(pictures):
            yield number / rate, images.to_array(images.read(str(picture)), dtype="uint8")
        return
    if not os.path.isfile(path):
        raise InputError(f"there is no film {path}: check the path")
    if _is_webp(path):
        yield from _of_webp(path)
        return
    av = _av()
    if not os.path.getsize(path):
        raise InputError(f"{path} is an empty file: copy it anew")
    try:
        with av.open(path, options=_TRUSTED) as container:
            if not container.streams.video:
                raise InputError(f"{path} has no pictures, only sound")
            stream = container.streams.video[0]
            if stream.width * stream.height > 2 * Image.MAX_IMAGE_PIXELS:
                raise InputError(f"{path} has frames of {stream.height}×{stream.width} pixels, more than are read")
            stream.thread_type = "AUTO"
            time, longest = None, 0.0
            for number, frame in enumerate(container.decode(video=0)):
                before, time = time, frame.time if frame.time is not None else number / rate
                longest = max(longest, time - before if before is not None else 0.0)
                # The film says by which angle it is turned against the clock, when it is shown.
                yield time, np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
            promised = _promised(stream)
            # The last frame may be shown for as long as any other.
            if promised and time is not None and time + longest < min(promised - 1, 0.9 * promised):
                raise _BrokenError(f"after {time:.0f} of {promised:.0f} s")
    except av.FFmpegError as error:
        raise _BrokenError(_reason(error)) from error


def _promised(stream):
    """Return the time in the file at which the pictures of a film end by what it says at its beginning, None if it
    does not.
    """
    begins = float((stream.start_time or 0) * stream.time_base)
    if stream.duration:
        return begins + float(stream.duration * stream.time_base)
    with contextlib.suppress(KeyError, ValueError):
        hours, minutes, seconds = stream.metadata["DURATION"].split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    return None


def _reason(error):
    """Return in words why FFmpeg cannot go on."""
    words = error.strerror or str(error)
    return f"{words}; it is something else, or a part is missing" if "Invalid data" in words else words


def _is_webp(path):
    return Path(path).suffix.lower() == ".webp"


def _of_webp(path):
    """Yield what `_timed` does of an animated WebP, which FFmpeg does not read."""
    time = 0.0
    try:
        with Image.open(path) as picture:
            for frame in ImageSequence.Iterator(picture):
                yield time, np.asarray(frame.convert("RGB"))
                time += frame.info.get("duration", 1000 / FOLDER_RATE) / 1000
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise _BrokenError(str(error)) from error


def pictures_in(folder):
    """Return the paths of the pictures in a folder, by their names: frame 10 comes after frame 9."""
    return sorted(filter(_is_picture, Path(folder).iterdir()), key=_in_order)


def _is_picture(path):
    ending = path.suffix.lower()
    return Image.registered_extensions().get(ending) in Image.OPEN and not path.name.startswith(".")


def _in_order(path):
    """Return what a folder's pictures are sorted by: frame 10 comes after frame 9."""
    return [int(part) if part.isdigit() else part.casefold() for part in re.split(r"(\d+)", path.name)]


def _growing(times):
    """Return times that begin at 0 and grow, though those of a broken film may not."""
    result = [0.0]
    for before, time in pairwise(times):
        result.append(result[-1] + (time - before if time > before else 1 / FOLDER_RATE))
    return tuple(result)


def _has_sound(path):
    if os.path.isdir(path) or _is_webp(path):
        return False
    with _av().open(path, options=_TRUSTED) as container:
        return bool(container.streams.audio)


def check_writable(path):
    """Raise InputError if a film cannot be written to a path, before it is painted."""
    kind = kind_of(path)
    if kind in _CODECS and _CODECS[kind][0] not in _av().codecs_available:
        raise InputError(f"this FFmpeg cannot write {kind}: end {path} in another of {', '.join(ENDINGS)}")


def kind_of(path):
    """Return the ending that says how a film is written to a path, "" for a folder. Raises InputError for others."""
    ending = Path(path).suffix.lower()
    if ending in ENDINGS:
        return ending
    if ending and not os.path.isdir(path):
        kinds = ", ".join(ENDINGS)
        raise InputError(f"a film cannot be written to {path}: end it in one of {kinds}, or in nothing for a folder")
    return ""


def write(path, film, pictures):
    """Write the `pictures` of all frames of a `Film`, an iterable of Pillow images, to a path, with the film's sound.

    Raises InputError if it cannot be written.
    """
    kind = kind_of(path)
    if kind == "":
        for number, picture in enumerate(pictures):
            images.write(os.path.join(path, f"{number:06d}.png"), picture)
        for left in Path(path).glob("[0-9][0-9][0-9][0-9][0-9][0-9].png"):
            if int(left.stem) >= len(film.times):
                left.unlink()  # Of a longer film that was there.
    elif kind in _CODECS:
        try:
            with replaced(path) as file:
                _encode(file, kind, film, pictures)
        except _av().FFmpegError as error:
            raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
    else:
        write_whole(path, _animation(kind, film, pictures))


def _encode(file, kind, film, pictures):
    """Write a film with FFmpeg, each frame at its own time."""
    av = _av()
    codec, options = _CODECS[kind]
    base = Fraction(1, 90_000)
    with contextlib.ExitStack() as opened_files:
        container = opened_files.enter_context(av.open(file, "w", format=kind[1:]))
        stream = None
        sound = None
        for number, picture in enumerate(pictures):
            pixels = _even(np.asarray(picture.convert("RGB")))
            if stream is None:
                stream = container.add_stream(codec, rate=Fraction(film.rate).limit_denominator(1001), options=options)
                stream.height, stream.width = pixels.shape[:2]
                stream.pix_fmt, stream.time_base = "yuv420p", base
                stream.codec_context.time_base = base
                if film.has_sound:
                    source = opened_files.enter_context(av.open(film.path, options=_TRUSTED))
                    sound = _Sound(source, container, kind, film.begins)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = round(film.times[number] / base), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound:
            sound.copy()


class _Sound:
    """The sound of a film on its way into another: as it is where the file may have it so, else encoded anew."""

    def __init__(self, source, target, kind, begins):
        """The sound is that of `source` from the time `begins` on, in seconds."""
        self._source, self._target, self._begins = source, target, begins
        self._from = source.streams.audio[0]
        self._as_it_is = self._from.codec_context.name in _TAKEN[kind]
        if self._as_it_is:
            self._to = target.add_stream_from_template(self._from)
        else:
            self._to = target.add_stream(_SOUND[kind], rate=48_000)

    def copy(self):
        """Bring all of it over that can be read."""
        offset = round(self._begins / self._from.time_base)
        packets = (packet for packet in self._source.demux(self._from) if packet.dts is not None)
        if self._as_it_is:
            for packet in packets:
                packet.pts, packet.dts = packet.pts - offset, packet.dts - offset
                if packet.pts >= 0:
                    packet.stream = self._to
                    self._target.mux(packet)
            return
        av = _av()
        resampler = av.AudioResampler(format=self._to.format, layout="stereo", rate=48_000)
        for packet in packets:
            frames = []
            with contextlib.suppress(av.FFmpegError):  # A packet that is broken is left out.
                frames = packet.decode()
            for frame in frames:
                frame.pts = None if frame.pts is None else frame.pts - offset
                if frame.pts is None or frame.pts >= 0:
                    self._encode(resampler.resample(frame))
        self._encode(resampler.resample(None))
        self._target.mux(self._to.encode())

    def _encode(self, frames):
        for frame in frames:
            self._target.mux(self._to.encode(frame))


_TAKEN = {".mp4": ("aac", "mp3", "ac3", "alac"), ".webm": ("opus", "vorbis")}
"""Kinds of sound that a file may have."""


def _even(pixels):
    """Return pixels whose rows and columns are even in number, as the encoders want them; the last is there twice."""
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _animation(kind, film, pictures):
    """Return the bytes of an animated GIF or WebP, which have no sound."""
    content = io.BytesIO()
    first, *others = [picture.convert("RGB") for picture in pictures]
    # A GIF counts hundredths of a second; rounded one by one, the frames would take longer together, or less.
    step = 10 if kind == ".gif" else 1
    ends = [step * round(1000 / step * time) for time in [*film.times, film.times[-1] + film.durations[-1]]]
    milliseconds = [max(2 * step, end - begin) for begin, end in pairwise(ends)]
    settings = {"quality": 80, "method": 4} if kind == ".webp" else {"optimize": False}
    settings |= {"save_all": True, "append_images": others, "duration": milliseconds, "loop": 0}
    first.save(content, kind[1:], **settings)
    return content.getvalue()


def _av():
    """Return the package av. Raises InputError if it is not installed."""
    try:
        import av
    except ImportError as error:
        raise InputError("films need the Python package av: python -m pip install -r requirements-video.txt") from error
    return av
