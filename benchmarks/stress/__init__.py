"""Kills, signals, races, full disks, damaged stores and mutated files, and what is left after each.

Usage: python -m benchmarks.stress [--short] [--seed 1] [--kills 500] [--signals 200] [--races 200] [--disks 100]
       [--damages 200] [--mutations 0]

Every try is a process of its own: forked from this one, which has loaded the libraries and done nothing with them, or
(half of the signals) started from nothing, so that start-up is hit, too. Moments are drawn evenly over the time that
the command takes when it is left alone. After each try the store opens, every invariant holds and no row is gone that
was in it before; a command that was signalled has ended with 130 or 143 and no traceback. It prints tries and failures
by kind, and ends with 1 if there is a failure. `--mutations` go through the readers of strangers' files
(tests/mutation.py). `--short` leaves out the commands that work with a model.
"""
