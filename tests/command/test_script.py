"""What goes wrong is one line on the standard error, and an exit status."""

import pytest

from neural_style.command import script
from neural_style.errors import InputError


def test_a_problem_is_one_line_and_exit_1(capsys):
    def main():
        raise InputError("the sky\nis missing")

    with pytest.raises(SystemExit) as exit:
        script.run(main)
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
        script.run(main)
    assert exit.value.code == 1
    assert capsys.readouterr().err.endswith(f" error: {problem}: choose a smaller picture or size\n")


def test_a_full_disk_under_the_standard_output_is_one_line_and_exit_1(capsys):
    def main():
        raise OSError(28, "No space left on device")

    with pytest.raises(SystemExit) as exit:
        script.run(main)
    assert exit.value.code == 1
    assert capsys.readouterr().err.endswith("the output could not be written: No space left on device\n")


def test_a_defect_of_the_program_itself_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        script.run(lambda: 1 / 0)
