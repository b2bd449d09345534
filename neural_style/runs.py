"""The run folder: what was asked for, and how the losses went."""

import csv
import json
from pathlib import Path

from neural_style.errors import InputError
from neural_style.images import write_whole


class RunFolder:
    """The folder `<prefix>_run/` beside a run's pictures: settings.json, losses.csv, losses.png.

    Use it as a context manager; the plot is drawn from the losses when it closes, however the run ended. Raises
    InputError where a file cannot be written.
    """

    def __init__(self, prefix, terms):
        """`prefix` is that of the run's pictures; `terms` are the names of the loss's terms, in order."""
        self.path = Path(f"{prefix}_run")
        self._columns = ["scale", "iteration", "evaluation", "total", *terms, "gradient_norm", "seconds"]
        self._terms = terms
        self._rows = []

    def __enter__(self):
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path / "losses.csv", "w", newline="", encoding="utf-8")
        except OSError as error:
            raise InputError(f"{self.path} cannot be written: {error.strerror or error}") from error
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(self._columns)
        return self

    def __exit__(self, *exception):
        self._file.close()
        if self._rows:
            plot_losses(self.path / "losses.png", self._columns, self._rows, self._terms)

    def write_settings(self, settings):
        """Write the JSON-able dict `settings` to settings.json."""
        text = json.dumps(settings, indent=2, ensure_ascii=False)
        write_whole(self.path / "settings.json", f"{text}\n".encode())

    def log(self, progress):
        """Append one `synthesis.Progress` to losses.csv, at once; a term it does not have counts as zero."""
        row = [progress.scale, progress.iteration, progress.evaluation, f"{progress.total:.9g}"]
        row += [f"{progress.terms.get(name, 0.0):.9g}" for name in self._terms]
        row += [f"{progress.gradient_norm:.9g}", f"{progress.seconds:.3f}"]
        self._rows.append(row)
        try:
            self._writer.writerow(row)
            self._file.flush()
        except OSError as error:
            raise InputError(f"{self.path / 'losses.csv'} cannot be written: {error.strerror or error}") from error


def plot_losses(path, columns, rows, terms):
    """Draw the total and each term over the evaluations, on a log scale, into the PNG file `path`."""
    import io

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
