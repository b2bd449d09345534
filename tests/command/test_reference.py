"""The page of all flags says what the parsers say."""

from neural_style.command.reference import SCRIPTS, page
from tests.conftest import ROOT


def test_the_page_is_that_of_the_parsers_as_they_are_now():
    made = (ROOT / "docs" / "flags.md").read_text(encoding="utf-8")
    assert made == page(), "make it anew: python -m neural_style.command.reference > docs/flags.md"


def test_no_script_is_left_out():
    assert {path.name for path in ROOT.glob("*.py")} == set(SCRIPTS)


def test_every_flag_has_its_help_and_a_bar_in_it_ends_no_cell():
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert len(rows) > 250
    for row in rows:
        cells = row.replace("\\|", "").split("|")
        assert len(cells) == 4
        assert cells[2].strip()
