"""A preset is flags in a file: those given beside it win, and it wins over the defaults."""

import pytest

import network
import neural_doodle
import paint
import video
from neural_style.command import presets
from neural_style.errors import InputError

FILES = ["photo.jpg", "style.jpg", "out"]


@pytest.fixture
def preset(tmp_path):
    """Return a function that writes a preset and returns its path."""

    def write(text):
        path = tmp_path / "my look.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def parsed(*flags, script=paint):
    return script.METHOD.parser().parse([*FILES, *map(str, flags)])


def test_flags_win_over_a_preset_and_a_preset_over_the_defaults(preset):
    path = preset('content_weight = 0.5\nstyle_weight = [1, 2]\npreserve_color = true\nquality = "draft"\n')
    flags = parsed("--preset", path)
    assert (flags.content_weight, flags.style_weight) == (0.5, [1.0, 2.0])
    assert (flags.preserve_color, flags.quality) == (True, "draft")
    flags = parsed(f"--preset={path}", "--content-weight", 3, "--preserve_color", "False")
    assert (flags.content_weight, flags.preserve_color, flags.quality) == (3.0, False, "draft")


def test_a_table_is_for_its_script_and_what_stands_above_for_all(preset):
    path = preset("preserve_color = true\n[paint]\ncontent_weight = 0.5\n[network]\ncontent_weight = 7\n")
    for script, weight in ((paint, 0.5), (network, 7.0)):
        flags = parsed("--preset", path, script=script)
        assert (flags.content_weight, flags.preserve_color) == (weight, True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("content_wieght = 1", "has 'content_wieght', but paint.py has no flag --content_wieght; did you mean content"),
        ("[network]\ncontent_weight = 1", "has nothing for paint.py, only for network.py"),
        ("content_weight 1", "is no TOML file"),
        ("preset = 'other'", "has 'preset', which belongs on the command line"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_is_wrong_with_a_preset_is_one_line_with_its_name(preset, tmp_path, text, problem):
    path = str(tmp_path / "none.toml") if text is None else preset(text)
    with pytest.raises(InputError, match=problem) as error:
        parsed("--preset", path)
    assert path in str(error.value)


def test_a_value_out_of_range_is_refused_as_on_the_command_line(preset, capsys):
    with pytest.raises(SystemExit):
        parsed("--preset", preset("content_weight = -1"))
    said = capsys.readouterr().err
    assert "--content_weight: -1 is out of range" in said
    assert ".toml has flags too" in said


def test_an_unknown_name_is_answered_with_those_there_are():
    for script in (paint, neural_doodle):
        with pytest.raises(InputError, match=f"there is no preset nonesuch for {script.__name__}") as error:
            script.METHOD.parser().parse([*FILES, "--preset", "nonesuch"])
        parser, told = script.METHOD.parser(), str(error.value)
        names = told.partition("there are ")[2].partition(", or give")[0].split(", ")
        assert ("oil" in names) == (script is paint)
        for name in filter(None, names):
            presets.arguments(name, parser)


@pytest.mark.parametrize("name", [path.stem for path in presets.FOLDER.glob("*.toml")])
@pytest.mark.parametrize("script", [paint, network])
def test_every_preset_that_has_a_name_works(name, script):
    assert parsed("--preset", name, script=script) != parsed(script=script)


@pytest.mark.parametrize("script", [paint, network])
def test_what_is_saved_gives_the_same_look_again_without_its_pictures(script, tmp_path):
    path = tmp_path / "folder" / "look.toml"
    own = ["--style_size", 0.5] if script is paint else ["--content_loss_type", 1]
    look = ["--content_weight", 1e-05, "--style_weight", 1, 0.25, "--preserve_color", "--pool_type", "ave", *own]
    argv = [*FILES, *map(str, look), "--style_masks", "a.png", "--quiet", "--seed", "3", "--save_preset", str(path)]
    presets.save(path, script.METHOD.parser(), argv)
    text = path.read_text()
    assert "a.png" not in text
    assert "seed" not in text
    again, before = (vars(parsed(*flags, script=script)) for flags in (["--preset", path], look))
    assert again | {"preset": None} == before


def test_a_picture_to_start_from_is_not_part_of_a_look_but_noise_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("start.png", "draft"):
        (tmp_path / name).write_bytes(b"")
    for start, line in (("start.png", ""), ("noise", 'init_image = "noise"\n')):
        argv = [*FILES, "--init_image", start, "--quality", "draft"]
        presets.save(tmp_path / "look.toml", paint.METHOD.parser(), argv)
        assert sorted((tmp_path / "look.toml").read_text().splitlines(True)[1:]) == sorted(
            filter(None, [line, 'quality = "draft"\n'])
        )


def test_a_run_saves_its_preset_before_it_paints(tmp_path):
    path = tmp_path / "look.toml"
    with pytest.raises(InputError, match="photo"):
        paint.main([str(tmp_path / "no photo"), *FILES[1:], "--content_weight", "2", "--save_preset", str(path)])
    assert path.read_text() == "[paint]\ncontent_weight = 2.0\n"


@pytest.mark.parametrize("name", ["oil", "ink", "portrait", "colours", "texture"])
def test_a_film_is_painted_by_the_presets_of_paint_py(name):
    film, painting = (presets.values(name, module.parser()) for module in (video, paint))
    assert film == painting
