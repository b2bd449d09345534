"""What a browser keeps of the forms, and gives back to a page that is loaded anew."""

import json

import pytest

from neural_style.web import draft
from neural_style.web.chooser import UNCHANGED


def test_forms_come_back_with_the_tab_that_was_filled_in_last():
    forms = {"transfer": {"tab": "transfer", "fields": {}}, "color": {"tab": "color"}}
    kept = json.dumps({"forms": forms, "last": "color"})
    assert draft.component().preprocess(kept) == (forms, "color")


@pytest.mark.parametrize(
    "kept",
    [None, 3, "", "no JSON", "[]", '"text"', "{}", '{"forms": 1, "last": ""}', '{"forms": {"color": 2}, "last": 3}'],
)
def test_what_no_page_has_written_counts_as_nothing(kept):
    forms, _ = draft.component().preprocess(kept)
    assert forms == {}


def test_a_form_is_sent_to_be_kept_and_one_that_is_not_complete_is_not():
    component = draft.component()
    assert component.postprocess(({"tab": "color"}, True)) == {"form": {"tab": "color"}, "empty": True}
    assert component.postprocess(None) is None
    assert "form" not in component.postprocess(UNCHANGED)
