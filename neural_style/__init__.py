"""The style-transfer engine the scripts share."""

from neural_style.installation import check

check()  # The one thing that is done at import: a Python that cannot run the rest would end in a traceback.
