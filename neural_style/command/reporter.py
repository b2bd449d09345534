"""What a script says while it works: messages and progress on the standard error."""

import contextlib
import json
import math
import os
import sys
import threading
import time

from tqdm import tqdm


class Listener:
    """A text stream for messages whose reader may leave: what is written then is lost, and nothing else."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        self._attempt(self._stream.write, text)
        return len(text)

    def flush(self):
        self._attempt(self._stream.flush)

    def _attempt(self, function, *arguments):
        try:
            function(*arguments)
        except ValueError:
            pass  # It was closed while another thread was about to write: what is late is lost.
        except OSError:
            # What the stream still has of it would fail once more when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


PATIENCE = 2.0
"""Seconds of silence after which what is waited for is named."""

HEARTBEAT = 30.0
"""Seconds of silence, away from a terminal, after which it is said how far an iteration or a picture's tiles are."""

COLUMNS = 80
"""Of a terminal that says it has none, as some in containers do."""


def reporter_of(flags):
    """Return the reporter that a script's flags --quiet and --json ask for."""
    return JsonReporter() if flags.json and not flags.quiet else Reporter(flags.quiet)


class Reporter:
    """Messages and progress on standard error: a live bar on a terminal, plain lines elsewhere, nothing if quiet."""

    def __init__(self, quiet=False, stream=None):
        self._stream = Listener(sys.stderr if stream is None else stream)
        self._quiet = quiet
        self._live = not quiet and self._stream.isatty()
        self._bar = None
        self._shows = None
        self._quarter = 0
        self._timer = None
        self._last = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Leave the bar, if there is one, as it stands."""
        self._arrived()
        if self._bar is not None:
            self._bar.close()
            self._bar = self._shows = None

    @contextlib.contextmanager
    def apart(self):
        """Write to a copy of the standard error meanwhile: for what holds back all that is written to it."""
        try:
            copy = os.fdopen(os.dup(self._stream.fileno()), "w", encoding=self._stream.encoding, errors="replace")
        except (OSError, ValueError):
            yield  # It is no file, so nothing holds it back.
            return
        stream = self._stream
        with copy:
            self._stream = Listener(copy)
            try:
                yield
            finally:
                self._arrived()
                self._stream = stream

    def say(self, line):
        """Print one line, above the bar if there is one."""
        self._arrived()
        self._print(line)

    def result(self, path):
        """Print the path of a result to the standard output, with the bar, if there is one, out of its way."""
        self._arrived()
        if self._bar is not None:
            self._bar.clear()
        print(path, flush=True)
        if self._bar is not None:
            self._bar.refresh()

    def awaits(self, what):
        """Name `what` comes next if nothing else is told for so long that one would wonder."""
        self._arrived()
        if not self._quiet:
            self._timer = threading.Timer(PATIENCE, self._print, [f"{what} …"])
            self._timer.daemon = True
            self._timer.start()

    def download(self, done, total):
        """Show that `done` of `total` bytes (0: unknown) have come."""
        self._arrived()
        if self._bar is not None and done < self._bar.n:
            self.close()  # The source before broke off.
        if self._live:
            bar = self._shown("bytes", total=total or None, unit="B", unit_scale=True, leave=False)
            bar.update(done - bar.n)
        elif total and 4 * done // total > self._quarter:
            self.say(f"fetched {done / 1e6:.0f} of {total / 1e6:.0f} MB")
            self._quarter = 4 * done // total

    def tiles(self, done, total):
        """Show that `done` of `total` tiles of the one picture that a script works on are done."""
        self._arrived()
        if self._live:
            self._show_tiles(done, total)
        elif 4 * done // total > 4 * (done - 1) // total:
            self.say(f"{done} of {total} tiles done")

    def tile(self, done, total):
        """Show that a look at a picture, one of many, is through with `done` of `total` tiles."""
        if self._live and self._shows == "evaluations":
            self._bar.set_description_str(f"tile {done}/{total}")
        elif self._live:
            self._show_tiles(done, total)
        elif self._is_silent():
            self.say(f"tile {done} of {total} of this look at the picture")

    def progress(self, progress, left):
        """Show one `synthesis.Progress` of a run for which `left` seconds are left."""
        self._arrived()
        if self._live:
            self._show_progress(progress, left)
        elif progress.ends_iteration or progress.ends_run or self._is_silent():
            self.say(_line(progress, left))
        if progress.ends_run:
            self.close()

    def _arrived(self):
        """Take back what is awaited."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _is_silent(self):
        """Return whether nothing has been said for so long that one would wonder."""
        return time.monotonic() - self._last > HEARTBEAT

    def _print(self, line):
        self._last = time.monotonic()
        if not self._quiet:
            tqdm.write(line, file=self._stream)

    def _show_progress(self, progress, left):
        # All of it fits 80 columns; the losses come last because a narrower terminal cuts the end.
        time_left = tqdm.format_interval(left)
        line = f"{{desc}} {{n_fmt}}/{{total_fmt}} {{bar:6}} {time_left} {{rate_inv_fmt}}{{postfix}}"
        bar = self._shown("evaluations", total=progress.evaluations, unit="ev", bar_format=line)
        bar.bar_format = line  # The time left is a part of it.
        terms = " ".join(f"{name} {value:.1e}" for name, value in progress.terms.items())
        bar.set_description_str(f"{progress.iteration}/{progress.iterations}", refresh=False)
        bar.set_postfix_str(terms, refresh=False)
        bar.update(progress.evaluation - bar.n)

    def _show_tiles(self, done, total):
        if self._shows == "tiles" and done < self._bar.n:
            self.close()  # Another picture.
        bar = self._shown("tiles", total=total, initial=done, unit="tile", leave=False)
        bar.update(done - bar.n)

    def _shown(self, what, **settings):
        """Return the bar of `what`, a new one with the `settings` of tqdm if there is none or it shows another."""
        if self._shows != what:
            self.close()
            width = {"ncols": COLUMNS} if _has_no_columns(self._stream) else {"dynamic_ncols": True}
            self._bar, self._shows = tqdm(file=self._stream, **width, **settings), what
        return self._bar


class JsonReporter(Reporter):
    """The same for programs: one JSON object per line, whose field "event" says what it is.

    message, waiting: `text`; download, tiles: `done`, `total`; progress: what losses.csv has, and `left`, the seconds
    that are left. What is not a finite number is null.
    """

    def __init__(self, stream=None):
        super().__init__(stream=stream)
        self._live = False
        self._fetched = -1

    def say(self, line):
        self._write("message", text=line)

    def awaits(self, what):
        self._write("waiting", text=what)

    def download(self, done, total):
        percent = 100 * done // total if total else done // 1_000_000
        if percent != self._fetched:
            self._fetched = percent
            self._write("download", done=done, total=total)

    def tiles(self, done, total):
        self._write("tiles", done=done, total=total)

    tile = tiles

    def progress(self, progress, left):
        names = ("scale", "iteration", "iterations", "evaluation", "evaluations", "total", "best", "terms")
        values = {name: getattr(progress, name) for name in (*names, "gradient_norm", "seconds")}
        self._write("progress", **values, left=left)

    def _write(self, event, **fields):
        self._print(as_json({"event": event, **fields}))


def as_json(value):
    """Return a dict of texts, numbers and such dicts as one line of JSON, null for numbers that are not finite."""

    def finite(value):
        if isinstance(value, dict):
            return {name: finite(inner) for name, inner in value.items()}
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(finite(value), ensure_ascii=False)


def complaint(script, problem, json=None):
    """Return the line in which a script says what is wrong, as JSON if asked for, by its command line if not here."""
    text = " ".join(problem.split())
    if "--json" in sys.argv[1:] if json is None else json:
        return as_json({"event": "error", "script": script, "text": text})
    return f"{script}: error: {text}"


def _has_no_columns(stream):
    """Return whether a stream is a terminal that does not know how wide it is."""
    try:
        return os.get_terminal_size(stream.fileno()).columns == 0
    except (OSError, ValueError):
        return False


def _line(progress, left):
    """Return a plain line of progress: iteration, losses, speed, and the `left` seconds that it still takes."""
    terms = " ".join(f"{name} {value:.3g}" for name, value in progress.terms.items())
    within = "" if progress.ends_iteration or progress.ends_run else f", evaluation {progress.evaluation}"
    text = f"iteration {progress.iteration}/{progress.iterations}{within}: best loss {progress.best:.4g}, now {terms}"
    if progress.evaluation == 0:
        return text
    pace = progress.seconds / (progress.evaluation + 1)
    return f"{text}, {pace:.2f} s per evaluation, {tqdm.format_interval(left)} left"
