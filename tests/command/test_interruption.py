"""A script that is asked to end does so in its own time, and at once if asked again."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from neural_style.command.interruption import Interrupted, Interruption, uninterrupted


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


def computes_for_long(seconds=1.0):
    """Do in one call, as an evaluation does, what takes so long on any machine that Python hears of nothing else."""
    begin, rounds = time.monotonic(), 10_000
    hashlib.pbkdf2_hmac("sha256", b"a", b"b", rounds)
    hashlib.pbkdf2_hmac("sha256", b"a", b"b", int(rounds * seconds / (time.monotonic() - begin)))


def test_a_signal_is_answered_while_a_long_computation_goes_on():
    answered = []
    with Interruption(lambda: answered.append(time.monotonic())) as interruption:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        computes_for_long(2.0)
        over = time.monotonic()
        assert interruption.signal == signal.SIGINT
    (when,) = answered
    assert over - when > 0.5


def test_two_signals_within_one_computation_end_as_two_apart_do():
    def twice():
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)

    with Interruption() as interruption:
        sender = threading.Timer(0.2, twice)
        sender.start()
        with pytest.raises(KeyboardInterrupt):
            computes_for_long(2.0)
        sender.join()
    assert interruption.exit_status == 130


def test_a_second_signal_is_not_lost_where_the_thread_that_counts_them_has_to_wait():
    answers = threading.Event()

    def twice():
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)

    def sleeps():
        for _ in range(500):
            time.sleep(0.01)

    with Interruption(answers.wait) as interruption:
        sender = threading.Timer(0.2, twice)
        sender.start()
        computes_for_long(2.0)  # Within it come both, of which Python's handler hears as of one.
        sender.join()
        assert interruption.exit_status == 130
        answers.set()
        with pytest.raises(KeyboardInterrupt):
            sleeps()


STUCK = """
import hashlib, sys
from neural_style.command.interruption import Interruption
try:
    with Interruption(lambda: print("answered", flush=True)):
        print("begins", flush=True)
        hashlib.pbkdf2_hmac("sha256", b"a", b"b", 10**9)
except KeyboardInterrupt:
    sys.exit(130)  # Both came before the computation, which is as good.
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are sent in another way there")
def test_a_second_signal_ends_even_a_computation_that_lets_none_through():
    with subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "begins\n"
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "answered\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 130
        finally:
            process.kill()


def test_where_nothing_is_in_hand_the_first_signal_ends_at_once():
    with Interruption() as interruption:
        interruption.nothing_in_hand = True
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)
        assert interruption.exit_status == 130
