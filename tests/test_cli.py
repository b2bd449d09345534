"""Flags are understood as the original scripts spell them, and more; progress and problems are said plainly."""

import io
import os
import signal
from types import SimpleNamespace

import pytest

from neural_style import cli
from neural_style.errors import InputError


@pytest.fixture
def parse():
    parser = cli.Parser(prog="network.py")
    cli.add_transfer_flags(parser)
    return lambda text: parser.parse(text.split())


def test_the_defaults_are_those_of_the_original_script(parse):
    flags = parse("content.jpg style.jpg out")
    assert (flags.image_size, flags.content_weight, flags.style_weight, flags.style_scale) == (400, 0.025, [1.0], 1.0)
    assert (flags.total_variation_weight, flags.num_iter, flags.model) == (8.5e-5, [10], "vgg16")
    assert (flags.content_loss_type, flags.rescale_image, flags.rescale_method) == (0, False, "bilinear")
    assert (flags.maintain_aspect_ratio, flags.content_layer, flags.init_image) == (True, "conv5_2", "content")
    assert (flags.pool_type, flags.min_improvement) == ("max", 0.0)


def test_the_last_position_is_the_prefix_and_those_between_are_styles(parse):
    flags = parse("c.jpg s1.jpg s2.jpg s3.jpg out")
    assert (flags.content, flags.styles, flags.prefix) == ("c.jpg", ["s1.jpg", "s2.jpg", "s3.jpg"], "out")


def test_flags_may_stand_anywhere(parse):
    flags = parse("--num_iter 3 c.jpg s.jpg t.jpg --image_size 64 out")
    assert (flags.content, flags.styles, flags.prefix) == ("c.jpg", ["s.jpg", "t.jpg"], "out")
    assert (flags.num_iter, flags.image_size) == ([3], 64)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("True", True), ("False", False), ("true", True), ("", True), ("=False", False), ("=True", True)],
        *[("yes", True), ("no", False), ("1", True), ("0", False)],
    ],
)
def test_a_boolean_flag_takes_a_value_or_stands_alone(parse, text, value):
    separator = "" if text.startswith("=") else " "
    assert parse(f"c s out --rescale_image{separator}{text}").rescale_image is value


def test_a_bare_boolean_flag_does_not_swallow_the_content(parse):
    flags = parse("--rescale_image c.jpg s.jpg out")
    assert flags.rescale_image is True
    assert flags.content == "c.jpg"


def test_a_list_of_numbers_does_not_swallow_the_prefix(parse):
    flags = parse("c.jpg s.jpg t.jpg --style_weight 1 0.5 out")
    assert (flags.style_weight, flags.prefix, flags.styles) == ([1.0, 0.5], "out", ["s.jpg", "t.jpg"])


def test_names_that_begin_with_a_dash_follow_two_dashes(parse):
    flags = parse("c.jpg --style_weight 2 --style_masks m.png -- --my-style.png -s2.png --out")
    assert (flags.content, flags.styles, flags.prefix) == ("c.jpg", ["./--my-style.png", "./-s2.png"], "./--out")
    assert (flags.style_weight, flags.style_masks) == ([2.0], ["m.png"])
    assert parse("-- - s.png -").prefix == "-"


def test_hyphens_and_underscores_are_the_same(parse):
    assert parse("c s out --image-size=64 --rescale-image").image_size == 64


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("c s out --image_size -3", "at least 1"),
        ("c s out --image_size 3.5", "not a whole number"),
        ("c s out --content_weight nan", "out of range"),
        ("c s out --content_weight inf", "out of range"),
        ("c s out --mask_feather 1e12", "between 0 and 10000"),
        (f"c s out --seed {'9' * 400}", "out of range"),
        ("c s out --rescale_image=perhaps", "neither True nor False"),
        ("c s out --scales 50,100", "argument --scales: '50,100' is not a whole number"),
        ("c s out --num_iter", "argument --num_iter: expected at least one argument"),
        ("c s out --pool_type median", "invalid choice"),
        ("c out", "required: PREFIX"),
        ("c s out --num_itter 3", "there is no flag --num_itter, but there is --num_iter; --help"),
        ("c s out --Content-Weight=3", "there is no flag --Content_Weight, but there is --content_weight; --help"),
        ("c s out --xyzzy", "there is no flag --xyzzy; --help"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_why(parse, capsys, text, complaint):
    with pytest.raises(SystemExit) as exit:
        parse(text)
    assert exit.value.code == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1


def test_a_problem_is_one_line_and_exit_1(capsys):
    def main():
        raise InputError("the sky\nis missing")

    with pytest.raises(SystemExit) as exit:
        cli.run(main)
    assert exit.value.code == 1
    assert capsys.readouterr().err.endswith("error: the sky is missing\n")


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (MemoryError(), "the memory does not suffice"),
        (
            RuntimeError("unable to find an engine\nto execute this"),
            "the GPU cannot do a convolution, mostly for want of memory (unable to find an engine)",
        ),
    ],
)
def test_memory_that_does_not_suffice_is_one_line_and_exit_1(capsys, error, problem):
    def main():
        raise error

    with pytest.raises(SystemExit) as exit:
        cli.run(main)
    assert exit.value.code == 1
    assert capsys.readouterr().err.endswith(f" error: {problem}: choose a smaller picture or size\n")


def test_a_full_disk_under_the_standard_output_is_one_line_and_exit_1(capsys):
    def main():
        raise OSError(28, "No space left on device")

    with pytest.raises(SystemExit) as exit:
        cli.run(main)
    assert exit.value.code == 1
    assert capsys.readouterr().err.endswith("the output could not be written: No space left on device\n")


def test_tiles_need_only_be_multiples_of_what_the_poolings_need(parse):
    assert (parse("c s out --tile 48").tile, parse("c s out --tile 0").tile, parse("c s out").tile) == (48, 0, None)


def test_tiles_away_from_a_terminal_are_a_line_per_quarter():
    stream = io.StringIO()
    reporter = cli.Reporter(stream=stream)
    for done in range(1, 9):
        reporter.tiles(done, 8)
    assert stream.getvalue().splitlines() == [f"{part} of 8 tiles done" for part in (2, 4, 6, 8)]


def test_a_download_away_from_a_terminal_is_a_line_per_quarter():
    stream = io.StringIO()
    reporter = cli.Reporter(stream=stream)
    for done in range(0, 101, 10):
        reporter.download(done * 10**6, 10**8)
    assert stream.getvalue().splitlines() == [f"fetched {part} of 100 MB" for part in (30, 50, 80, 100)]


def test_a_defect_of_the_program_itself_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        cli.run(lambda: 1 / 0)


def test_the_first_signal_is_noted_and_the_second_ends():
    before = signal.getsignal(signal.SIGINT)
    with cli.Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.exit_status == 130
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


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


def test_a_signal_is_held_back_until_what_must_not_be_interrupted_is_done():
    reached = []

    def work():
        with cli.uninterrupted():
            signal.raise_signal(signal.SIGINT)
            reached.append("the end")
        reached.append("more")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == ["the end"]


def test_progress_away_from_a_terminal_is_a_line_per_iteration():
    stream = io.StringIO()
    with cli.Reporter(stream=stream) as reporter:
        for evaluation in range(41):
            reporter.progress(progress(evaluation, 2, evaluation in (20, 40), evaluation == 40))
    first, second = stream.getvalue().splitlines()
    assert first == (
        "iteration 1/2: best loss 1.2e+05, now content 1e+05 style 2.35e+04, 0.50 s per evaluation, 00:10 left"
    )
    assert second.startswith("iteration 2/2")


def test_progress_on_a_terminal_is_a_live_bar():
    stream = io.StringIO()
    stream.isatty = lambda: True
    with cli.Reporter(stream=stream) as reporter:
        for evaluation in range(21):
            reporter.progress(progress(evaluation, 1, evaluation == 20, evaluation == 20))
    last = stream.getvalue().split("\r")[-1]
    assert "1/1 20/20" in last
    assert "content 1.0e+05 style 2.3e+04" in last
    assert "s/ev" in last
    assert len(last.rstrip()) <= 80


def test_quiet_says_nothing():
    stream = io.StringIO()
    stream.isatty = lambda: True
    with cli.Reporter(quiet=True, stream=stream) as reporter:
        reporter.say("hello")
        reporter.download(1, 2)
        reporter.progress(progress(0, 0, ends_run=True))
    assert stream.getvalue() == ""
