"""The losses of a run are drawn."""

from neural_style.web import chart


def test_the_chart_shows_every_term_that_is_there():
    rows = [
        {"evaluation": n, "total": 1e5 / (n + 1), "style": 9e4 / (n + 1), "content": 10.0 * n, "tv": 0.0}
        for n in range(9)
    ]
    drawn = chart.losses(rows)
    assert all(f'<polyline class="{name}"' in drawn for name in ("total", "style", "content"))
    assert '"tv"' not in drawn
    assert "the total from 1e+05 to 1.11e+04" in drawn
    assert chart.losses(rows[:1]) == ""
