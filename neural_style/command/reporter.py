"""What a script says while it works: messages and progress on the standard error."""

import os
import sys

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
        except OSError:
            # What the stream still has of it would fail once more when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


class Reporter:
    """Messages and progress on standard error: a live bar on a terminal, plain lines elsewhere, nothing if quiet."""

    def __init__(self, quiet=False, stream=None):
        self._stream = Listener(sys.stderr if stream is None else stream)
        self._quiet = quiet
        self._live = not quiet and self._stream.isatty()
        self._bar = None
        self._quarter = 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Leave the bar, if there is one, as it stands."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def say(self, line):
        """Print one line, above the bar if there is one."""
        if not self._quiet:
            tqdm.write(line, file=self._stream)

    def download(self, done, total):
        """Show that `done` of `total` bytes (0: unknown) have come."""
        if self._bar is not None and done < self._bar.n:
            self.close()  # The source before broke off.
        if self._live:
            bar = self._shown(total=total or None, unit="B", unit_scale=True, leave=False)
            bar.update(done - bar.n)
        elif total and 4 * done // total > self._quarter:
            self.say(f"fetched {done / 1e6:.0f} of {total / 1e6:.0f} MB")
            self._quarter = 4 * done // total

    def tiles(self, done, total):
        """Show that `done` of `total` tiles of a picture are done."""
        if self._live:
            bar = self._shown(total=total, unit="tile", leave=False, dynamic_ncols=True)
            bar.update(done - bar.n)
        elif 4 * done // total > 4 * (done - 1) // total:
            self.say(f"{done} of {total} tiles done")

    def progress(self, progress, left):
        """Show one `synthesis.Progress` of a run for which `left` seconds are left."""
        if self._live:
            self._show_progress(progress, left)
        elif progress.ends_iteration or progress.ends_run:
            self.say(_line(progress, left))
        if progress.ends_run:
            self.close()

    def _show_progress(self, progress, left):
        # All of it fits 80 columns; the losses come last because a narrower terminal cuts the end.
        time_left = tqdm.format_interval(left)
        line = f"{{desc}} {{n_fmt}}/{{total_fmt}} {{bar:6}} {time_left} {{rate_inv_fmt}}{{postfix}}"
        bar = self._shown(total=progress.evaluations, unit="ev", dynamic_ncols=True, bar_format=line)
        bar.bar_format = line  # The time left is a part of it.
        terms = " ".join(f"{name} {value:.1e}" for name, value in progress.terms.items())
        bar.set_description_str(f"{progress.iteration}/{progress.iterations}", refresh=False)
        bar.set_postfix_str(terms, refresh=False)
        bar.update(progress.evaluation - bar.n)

    def _shown(self, **settings):
        """Return the bar, a new one with the `settings` of tqdm if there is none."""
        if self._bar is None:
            self._bar = tqdm(file=self._stream, **settings)
        return self._bar


def _line(progress, left):
    """Return a plain line of progress: iteration, losses, speed, and the `left` seconds that it still takes."""
    terms = " ".join(f"{name} {value:.3g}" for name, value in progress.terms.items())
    text = f"iteration {progress.iteration}/{progress.iterations}: best loss {progress.best:.4g}, now {terms}"
    if progress.evaluation == 0:
        return text
    pace = progress.seconds / (progress.evaluation + 1)
    return f"{text}, {pace:.2f} s per evaluation, {tqdm.format_interval(left)} left"
