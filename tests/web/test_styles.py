"""Styles come from the browser only as what the page has made of them."""

import pytest

from neural_style.web.styles import _styles, _value, style
from neural_style.web.uploads import Uploads
from tests.conftest import CASTLE, STARRY_NIGHT


@pytest.fixture
def uploads(tmp_path):
    return Uploads(tmp_path / "uploads")


def test_styles_come_back_from_the_browser_as_they_went_there(uploads):
    first, mask = (str(uploads.keep(path)) for path in (STARRY_NIGHT, CASTLE))
    sent = [style(first), style(first, 0.25, mask), style(first, 10.0, None, mask)]
    assert _styles(uploads, _value(uploads, sent)) == sent


def test_a_style_whose_picture_is_gone_is_not_shown(uploads):
    assert _value(uploads, [style("gone.png")]) == []
    assert _value(uploads, None) == []


@pytest.mark.parametrize(
    "change",
    [
        {"kept": "/etc/passwd"},
        {"kept": None},
        {"kept": 5},
        {"mask": "/etc/passwd"},
        {"source": "../x"},
        {"weight": "a"},
        {"weight": None},
    ],
)
def test_what_no_page_sends_is_left_out(uploads, change):
    (sent,) = _value(uploads, [style(str(uploads.keep(CASTLE)))])
    assert _styles(uploads, [sent | change]) == []


@pytest.mark.parametrize("value", [None, {}, "x", [None], [5], [{}]])
def test_what_is_no_list_of_styles_has_none(uploads, value):
    assert _styles(uploads, value) == []


@pytest.mark.parametrize(("weight", "taken"), [(-1, 0.0), (1e9, 10.0), (float("nan"), 1.0)])
def test_weights_are_what_the_page_has(uploads, weight, taken):
    (sent,) = _value(uploads, [style(str(uploads.keep(CASTLE)))])
    assert _styles(uploads, [sent | {"weight": weight}])[0]["weight"] == taken
