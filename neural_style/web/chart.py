"""The losses of a run as a small drawing that takes the page's own colours."""

import math

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 10, 26

MOST_POINTS = 400
"""Points of a line; more would not be seen."""


def losses(rows):
    """Return an SVG of the total and its terms over the evaluations, on a log scale; empty for fewer than two rows.

    `rows` are dicts of floats with "evaluation", "total" and the terms of `losses.csv`.
    """
    if len(rows) < 2:
        return ""
    names = [name for name in ("total", "content", "style", "tv") if any(row.get(name, 0) > 0 for row in rows)]
    values = [row[name] for row in rows for name in names if 0 < row[name] < math.inf]
    if not values:
        return ""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    last = max(rows[-1]["evaluation"], 1)

    def x(row):
        return LEFT + (WIDTH - LEFT - RIGHT) * row["evaluation"] / last

    def y(value):
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log10(value)) / (high - low)

    step = max(1, math.ceil(len(rows) / MOST_POINTS))
    shown = [*rows[::step], rows[-1]]
    parts = []
    for power in range(low, high + 1, max(1, (high - low) // 5)):
        at = f"{y(10.0**power):.1f}"
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at}" dy="4" text-anchor="end">10<tspan dy="-5">{power}</tspan></text>')
    for name in reversed(names):
        points = " ".join(f"{x(row):.1f},{y(row[name]):.1f}" for row in shown if 0 < row[name] < math.inf)
        parts.append(f'<polyline class="{name}" points="{points}"/>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{last:.0f} evaluations</text>')
    for number, name in enumerate(names):
        parts.append(f'<text class="{name}" x="{LEFT + 66 * number}" y="{HEIGHT - 6}">{name}</text>')
    label = f"losses over {last:.0f} evaluations, the total from {rows[0]['total']:.3g} to {rows[-1]['total']:.3g}"
    return f'<svg class="losses" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
