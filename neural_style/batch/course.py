"""The course of a batch: which jobs are left, who does them, and what is said of it."""

import contextlib
import os
from dataclasses import replace
from functools import partial

from neural_style.batch import scripts
from neural_style.batch.working import Outcome, Worker
from neural_style.cluster.pool import Pool, go_to
from neural_style.command.interruption import Interruption
from neural_style.errors import InputError
from neural_style.tiling import memory


def run(flags, jobs, overview, ledger):
    """Do what is left of the `jobs` and print the path of each result; return 0, or the exit status of the signal that
    ended the work.

    `flags` are those of batch.py. What fails is in the overview's `failures`. Raises InputError where nothing can be
    done at all.
    """
    finished = dict.fromkeys(job for job in jobs if ledger.is_done(job))
    others = sum(map(ledger.is_of_others, jobs))
    overview.starts(len(jobs), len(finished), others=others)
    for job in finished:
        overview.reporter.result(job.result)
    possible = []
    paints = scripts.kind_of(flags.script).paints
    for job in jobs:
        if job in finished:
            continue
        problem = ledger.problem(job)
        if problem:
            overview.end(job, Outcome(1, problem))
        else:
            goes_on = paints and ledger.is_begun(job)
            possible.append(replace(job, argv=(*job.argv, "--resume")) if goes_on else job)
    if not possible:
        return 0

    def begin(job):
        ledger.begin(job)
        overview.begin(job)

    pool = Pool(flags.cluster, flags.jobs) if flags.cluster or (flags.jobs or 1) > 1 else None
    do = partial(_in_pool, pool) if pool else _in_turn
    with pool or contextlib.nullcontext(), Interruption() as interruption:
        interruption.nothing_in_hand = True  # What a script has in hand, it has an interruption of its own for.
        try:
            for job, outcome in do(flags, possible, begin, overview):
                if outcome.is_interrupted:
                    return outcome.status
                overview.end(job, outcome)
                if outcome.problem:
                    ledger.fail(job)
                else:
                    ledger.finish(job)
                    overview.reporter.result(job.result)
        except KeyboardInterrupt:  # `Interrupted`, or what Ray makes of it.
            return interruption.exit_status
    return 0


def _in_turn(flags, jobs, begin, overview):
    """Do the jobs in this process and yield (job, outcome) of each."""
    worker = Worker(flags.script, overview)
    for job in jobs:
        begin(job)
        yield job, worker.make(job)


def _in_pool(pool, flags, jobs, begin, overview):
    """Do the jobs in the processes of a pool that is entered, and yield (job, outcome) of each as it ends."""
    overview.workers = pool.workers
    cores = f"{pool.share.cpus} core{'s' * (pool.share.cpus != 1)}"
    overview.reporter.say(
        f"{pool.workers} at once, each with {'a GPU' if pool.share.gpus else cores}; what they load is not shown"
    )
    make = partial(_worker, flags.script, os.getcwd())
    for job, outcome, problem in pool.outcomes(make, jobs, begin, overview.at):
        yield job, outcome or Outcome(1, problem)


def _worker(script, folder, listener, part):
    """Return the function from a job to its outcome, in another process that has this `part` of its machine."""
    worker = Worker(script, listener)
    limits = ()
    if scripts.kind_of(script).paints and part < 1:
        limits = ("--max_memory", str(int(part * memory.allowance_of_machine())))

    def make(job):
        try:
            go_to(folder)
        except InputError as problem:
            return Outcome(1, str(problem))
        return worker.make(job, limits)

    return make
