"""Tasks are shared out over processes, and come back in their order."""

import os
import socket
from importlib.util import find_spec

import pytest

from neural_style.cluster import crew as crews
from neural_style.cluster.crew import Crew
from tests.cluster.test_crew import Squarer, squares

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")


@pytest.fixture(scope="module")
def pair():
    """A crew of two, and what it has said, for tests that leave it as it is."""
    said = []
    with pytest.MonkeyPatch.context() as patch, Crew("local:2", said.append, worker=Squarer) as crew:
        patch.setattr(crews, "PATIENCE", 120.0)  # On a slow machine too, it waits for both.
        assert crew.gather() == (2, 10**9)
        yield crew, said


def test_results_come_in_order_and_who_did_a_task_before_does_it_again(pair):
    crew, said = pair
    cores = os.cpu_count() // 2 or 1
    assert said[0] == f"cluster: 2 processes, each {cores} core{'s' * (cores != 1)}: 2 on {socket.gethostname()}"
    owners = [None] * 20
    results = list(squares(crew, 20, owners))
    assert [square for square, _ in results] == [n**2 for n in range(20)]
    assert len({pid for _, pid in results}) == 2
    again = list(squares(crew, 20, owners))
    same = sum(first == second for first, second in zip(results, again, strict=True))
    assert same >= 16  # But for what one that has nothing left takes over.


def test_few_tasks_are_dealt_out_to_all(pair):
    assert len({pid for _, pid in squares(pair[0], 2, seconds=0.3)}) == 2


def test_what_a_process_raises_is_raised_here(pair):
    with pytest.raises(ValueError, match="0 cannot be squared"):
        list(pair[0].results(lambda member, number: member.actor.fails.remote(number), [None]))
