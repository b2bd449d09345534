"""A script that is asked to end does so in its own time, and at once if asked again."""

import os
import signal

import pytest

from neural_style.command.interruption import Interruption, uninterrupted


def test_the_first_signal_is_noted_and_the_second_ends():
    before = signal.getsignal(signal.SIGINT)
    with Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.exit_status == 130
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_is_held_back_until_what_must_not_be_interrupted_is_done():
    reached = []

    def work():
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            reached.append("the end")
        reached.append("more")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == ["the end"]
