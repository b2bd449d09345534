"""Progress is a live bar on a terminal, plain lines elsewhere, and nothing if it is to be quiet."""

import io
from types import SimpleNamespace

from neural_style.command.reporter import Reporter


def progress(evaluation, iterations, ends_iteration=False, ends_run=False):
    return SimpleNamespace(
        iteration=(evaluation + 19) // 20,
        iterations=iterations,
        evaluation=evaluation,
        evaluations=20 * iterations,
        total=123456.0,
        best=120000.0,
        terms={"content": 100000.0, "style": 23456.0},
        seconds=0.5 * (evaluation + 1),
        ends_iteration=ends_iteration,
        ends_run=ends_run,
    )


def test_progress_away_from_a_terminal_is_a_line_per_iteration():
    stream = io.StringIO()
    with Reporter(stream=stream) as reporter:
        for evaluation in range(41):
            left = 0.75 * (40 - evaluation)
            reporter.progress(progress(evaluation, 2, evaluation in (20, 40), evaluation == 40), left)
    first, second = stream.getvalue().splitlines()
    assert first == (
        "iteration 1/2: best loss 1.2e+05, now content 1e+05 style 2.35e+04, 0.50 s per evaluation, 00:15 left"
    )
    assert second.startswith("iteration 2/2")


def test_progress_on_a_terminal_is_a_live_bar():
    stream = io.StringIO()
    stream.isatty = lambda: True
    with Reporter(stream=stream) as reporter:
        for evaluation in range(21):
            reporter.progress(progress(evaluation, 1, evaluation == 20, evaluation == 20), 4000.0 - evaluation)
    last = stream.getvalue().split("\r")[-1]
    assert "1/1 20/20" in last
    assert " 1:06:20 " in last
    assert "content 1.0e+05 style 2.3e+04" in last
    assert "s/ev" in last
    assert len(last.rstrip()) <= 80


def test_tiles_away_from_a_terminal_are_a_line_per_quarter():
    stream = io.StringIO()
    reporter = Reporter(stream=stream)
    for done in range(1, 9):
        reporter.tiles(done, 8)
    assert stream.getvalue().splitlines() == [f"{part} of 8 tiles done" for part in (2, 4, 6, 8)]


def test_a_download_away_from_a_terminal_is_a_line_per_quarter():
    stream = io.StringIO()
    reporter = Reporter(stream=stream)
    for done in range(0, 101, 10):
        reporter.download(done * 10**6, 10**8)
    assert stream.getvalue().splitlines() == [f"fetched {part} of 100 MB" for part in (30, 50, 80, 100)]


def test_quiet_says_nothing():
    stream = io.StringIO()
    stream.isatty = lambda: True
    with Reporter(quiet=True, stream=stream) as reporter:
        reporter.say("hello")
        reporter.download(1, 2)
        reporter.progress(progress(0, 0, ends_run=True), 0.0)
    assert stream.getvalue() == ""
