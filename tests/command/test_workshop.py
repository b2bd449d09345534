"""What one picture leaves for the next is kept, as long as there is room for it."""

from types import SimpleNamespace

from neural_style.command.reporter import JsonReporter, Reporter
from neural_style.command.workshop import Workshop


def test_a_thing_is_made_once_for_each_key():
    workshop, made = Workshop(), []
    for key in ("a", "b", "a"):
        assert workshop.kept(key, lambda key=key: made.append(key) or key.upper()) == key.upper()
    assert made == ["a", "b"]


def test_of_too_many_things_that_goes_which_was_not_asked_for_the_longest():
    workshop, made = Workshop(most=2), []
    for key in ("a", "b", "a", "c", "a", "b"):
        workshop.kept(key, lambda key=key: made.append(key))
    assert made == ["a", "b", "c", "b"]


def test_a_thing_that_cannot_be_made_is_tried_again():
    workshop, tries = Workshop(), []

    def fails_once():
        tries.append(1)
        if len(tries) == 1:
            raise OSError
        return "made"

    for _ in range(2):
        try:
            found = workshop.kept("a", fails_once)
        except OSError:
            found = None
    assert found == "made"


def test_a_script_by_itself_reports_as_its_flags_say():
    flags = SimpleNamespace(quiet=False, json=True)
    assert isinstance(Workshop().reporter(flags), JsonReporter)
    own = Reporter(quiet=True)
    assert Workshop(own).reporter(flags) is own
