"""Tables of measurements, as Markdown for people and JSON for programs."""

import time
from dataclasses import asdict, dataclass, field


@dataclass
class Table:
    """One benchmark's outcome: a `title`, the names of the `columns` and `rows` of numbers and text."""

    title: str
    columns: list
    rows: list = field(default_factory=list)

    def add(self, *row):
        """Append a row, with a value for each column."""
        if len(row) != len(self.columns):
            raise ValueError(f"{len(row)} values for {len(self.columns)} columns")
        self.rows.append(list(row))

    def markdown(self):
        """Return the table as Markdown, numbers with three digits that count."""
        lines = [f"| {' | '.join(self.columns)} |", f"|{' --- |' * len(self.columns)}"]
        lines += [f"| {' | '.join(map(_text, row))} |" for row in self.rows]
        return f"**{self.title}**\n\n" + "\n".join(lines) + "\n"

    def as_dict(self):
        """Return the table as a JSON-able dict."""
        return asdict(self)


def timed(function):
    """Return the result of a function and the seconds it took."""
    begin = time.perf_counter()
    result = function()
    return result, time.perf_counter() - begin


def _text(value):
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
