"""What a painting script says of its pictures once it has read them, before a run of it waits its turn.

    python -m neural_style.web.check SCRIPT ARGUMENT …

reads them as the script would, writes nothing, and ends like the script if it finds something wrong. It has a process
of its own, for pictures may take more memory than the page should.
"""

import os
import subprocess
import sys

from neural_style.command import script as scripts
from neural_style.command.reporter import Reporter
from neural_style.installation import ROOT
from neural_style.web import recipes
from neural_style.web.record import PAINTERS, with_result
from neural_style.web.results import errors_in


def problem(script, arguments):
    """Return what is wrong with the pictures in a script's arguments, in a line; None if nothing is.

    `arguments` lack the place of the result. Finishing tools say it themselves in a moment, and are not asked.
    """
    if script not in PAINTERS:
        return None
    command = [sys.executable, "-m", __name__, script, *with_result(script, arguments, recipes.RESULT)]
    # Not in ROOT, for the paths are as the page has them.
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
    )
    # If it ended in another way, the run itself will tell.
    return next(iter(errors_in(done.stderr.decode("utf-8", errors="replace").splitlines())), None)


def main(argv=None):
    script, *arguments = sys.argv[1:] if argv is None else argv
    recipes.SCRIPTS[script].task(arguments).read(Reporter(quiet=True))
    return 0


if __name__ == "__main__":
    scripts.run(main)
