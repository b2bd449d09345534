"""The run folder: what was asked for, how the losses went, and how the picture looks by now."""

import contextlib
import csv
import errno
import io
import itertools
import json
import tempfile
import time
from pathlib import Path

from neural_style.errors import InputError
from neural_style.files import delete_leftovers, write_whole
from neural_style.lock import Lock
from neural_style.pictures.images import as_bytes
from neural_style.runs import checkpoint

PREVIEW_SIDE = 1024
"""Pixels of the longer side of a preview, at most."""

PREVIEW_SECONDS = 2.0
"""Least time between two previews."""

PREVIEW_SHARE = 0.01
"""Part of a run's time that its previews may take."""

CHECKPOINT_SHARE = 0.05
"""The same for its checkpoints. On a GPU an iteration may take less time than to write what the optimiser remembers."""


class RunFolder:
    """The folder `<prefix>_run/` beside a run's pictures: settings.json, losses.csv, losses.png, while the run goes on
    preview.jpg, and until it is finished checkpoint.npz.

    Use it as a context manager; the plot is drawn from the losses when it closes, however the run ended. Raises
    InputError where a file cannot be written, and if another process has a run in this folder.
    """

    def __init__(self, prefix, terms):
        """`prefix` is that of the run's pictures; `terms` are the names of the loss's terms, in order."""
        self.path = Path(f"{prefix}_run")
        self._columns = ["scale", "iteration", "evaluation", "total", *terms, "gradient_norm", "seconds"]
        self._terms = terms
        self._rows = []
        self._settings = {}
        self._file = None
        self._next_preview = 0.0
        self._next_checkpoint = 0.0
        self._lock = Lock(self.path / "lock")
        self._goes_on = False

    def __enter__(self):
        try:
            with self._told():
                self._begin()
        except InputError:
            self._lock.release()
            raise
        return self

    def _begin(self):
        """Lock the folder, which is made if need be, and see to it that it can be written."""
        self.path.mkdir(parents=True, exist_ok=True)
        if not self._lock.take():
            remedy = "wait for its end, or choose another PREFIX"
            raise InputError(f"{self._lock.holder()} has a run in {self.path}: {remedy}")
        delete_leftovers(self.path)
        for name in ("settings.json", "losses.csv", "losses.png", "preview.jpg"):
            if (self.path / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, f"{name} in it is a folder")
        tempfile.TemporaryFile(dir=self.path).close()  # Better to fail now than after the first evaluation.

    def __exit__(self, *exception):
        try:
            self._close(*exception)
        finally:
            self._lock.release()
        with contextlib.suppress(OSError):
            self.path.rmdir()  # Succeeds only if the run never began and left the folder empty.

    def _close(self, *exception):
        """Close losses.csv and draw it, and delete the preview of a run that did not fail."""
        if self._file is not None:
            # A run that failed already has a problem to tell of; one of its losses must not hide it.
            with contextlib.suppress(InputError) if exception[0] else contextlib.nullcontext():
                with self._told():
                    self._file.close()  # Which writes once more what could not be written before.
                plot_losses(self.path / "losses.png", self._columns, self._rows, self._terms)
            if not exception[0]:
                with contextlib.suppress(OSError):
                    (self.path / "preview.jpg").unlink(missing_ok=True)  # The picture itself is there now.

    def describe(self, settings):
        """Take the JSON-able dict `settings` for settings.json, which is written with the first evaluation.

        Until then the folder may hold an earlier run, whose files must go on belonging together.
        """
        self._settings = settings

    def checkpoint(self):
        """Return (run, arrays) of the folder's checkpoint, (None, None) without one.

        Raises InputError if it is damaged.
        """
        return checkpoint.read(self.path / checkpoint.NAME)

    def size_of_checkpoint(self):
        """Return the bytes of the folder's checkpoint, 0 without one."""
        path = self.path / checkpoint.NAME
        return path.stat().st_size if path.exists() else 0

    def go_on(self, evaluation):
        """Go on with the losses of the run that is in the folder, after the `evaluation` of that number."""
        self._goes_on = True
        with contextlib.suppress(OSError, ValueError, csv.Error), (self.path / "losses.csv").open(newline="") as file:
            _, *rows = [row for row in csv.reader(file) if len(row) == len(self._columns)]  # The last may be cut short.
            rows = [[int(n) for n in row[:3]] + row[3:] for row in rows]
            self._rows = [row for row in rows if row[self._columns.index("evaluation")] <= evaluation]

    def save(self, progress, run, frames, anyway=False):
        """Write a checkpoint of a `synthesis.Progress`, with the dict `run` and the animation's `frames`.

        If that is too soon after the last nothing is written, unless `anyway`.
        """
        now = time.monotonic()
        if now < self._next_checkpoint and not anyway:
            return
        arrays = itertools.chain(progress.state(), ((f"frame_{n}", frame) for n, frame in enumerate(frames)))
        checkpoint.write(self.path / checkpoint.NAME, {**run, "position": progress.position()}, arrays)
        done = time.monotonic()
        self._next_checkpoint = done + (done - now) / CHECKPOINT_SHARE

    def finish(self, identity, keeps):
        """Note in settings.json that the run of this `checkpoint.identity` is finished.

        Its checkpoint is deleted, unless the folder `keeps` it.
        """
        with contextlib.suppress(InputError):  # The picture is there; without the note, it can only be painted again.
            self._write_settings({**self._settings, "finished": identity})
        if not keeps:
            self._forget()

    def finished(self):
        """Return the identity of the run in the folder if it is finished, else None."""
        try:
            return json.loads((self.path / "settings.json").read_text(encoding="utf-8")).get("finished")
        except (OSError, ValueError, AttributeError):
            return None

    def _forget(self):
        checkpoint.delete(self.path / checkpoint.NAME)

    def _write_settings(self, settings):
        write_whole(self.path / "settings.json", f"{json.dumps(settings, indent=2)}\n".encode())

    def log(self, progress):
        """Append one `synthesis.Progress` to losses.csv, at once; a term it does not have counts as zero."""
        row = [progress.scale, progress.iteration, progress.evaluation, f"{progress.total:.9g}"]
        row += [f"{progress.terms.get(name, 0.0):.9g}" for name in self._terms]
        row += [f"{progress.gradient_norm:.9g}", f"{progress.seconds:.3f}"]
        with self._told():
            if self._file is None:
                if not self._goes_on:
                    self._forget()
                self._write_settings(self._settings)
                self._begin_file()
            elif not (self.path / "losses.csv").exists():  # Somebody has removed the folder.
                self.path.mkdir(parents=True, exist_ok=True)
                self._file.close()
                self._begin_file()
            self._write(row)
        self._rows.append(row)

    def preview(self, picture):
        """Write the Pillow image that `picture()` returns to preview.jpg, unless that is too soon after the last.

        One that cannot be written is no reason to end the run.
        """
        now = time.monotonic()
        if now < self._next_preview:
            return
        image = picture()
        image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
        with contextlib.suppress(InputError, OSError):
            write_whole(self.path / "preview.jpg", as_bytes(image, ".jpg"))
        took = time.monotonic() - now
        self._next_preview = now + max(PREVIEW_SECONDS, took / PREVIEW_SHARE)

    def _begin_file(self):
        """Begin losses.csv, with the rows there are."""
        self._file = (self.path / "losses.csv").open("w", newline="", encoding="utf-8")
        for row in [self._columns, *self._rows]:
            self._write(row)

    def _write(self, row):
        csv.writer(self._file, lineterminator="\n").writerow(row)
        self._file.flush()

    @contextlib.contextmanager
    def _told(self):
        """Make an InputError of what the file system refuses."""
        try:
            yield
        except OSError as error:
            raise InputError(f"the folder {self.path} cannot be written: {error.strerror or error}") from error


class NoFolder(contextlib.nullcontext):
    """Stands for the folder of a run that leaves none: whatever `RunFolder` does, it does not."""

    def __enter__(self):
        return self

    def __getattr__(self, method):
        return lambda *_, **__: None


def plot_losses(path, columns, rows, terms):
    """Draw the total and each term over the evaluations, on a log scale, into the PNG file `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for name in ["total", *terms]:
        values = [float(row[columns.index(name)]) for row in rows]
        # A log scale has no place for zero; a term that is zero, such as the content at the start, leaves a gap.
        values = [value if value > 0 else float("nan") for value in values]
        axes.plot(values, label=name, linewidth=2.5 if name == "total" else 1.2, marker="." if len(rows) < 3 else None)
    axes.set(yscale="log", xlabel="evaluation", ylabel="loss (weighted)")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    content = io.BytesIO()
    FigureCanvasAgg(figure).print_png(content)
    write_whole(path, content.getvalue())
