"""The same seed gives the same event log, byte for byte, in any process."""

import json
import os
import subprocess
import sys

from tests.simulation.seeds import simulation

ARGUMENTS = ("-m", "cadence_exporter", "simulate", "everything", "--days", "1", "--seed", "11", "--json")


def told(hash_seed):
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, *ARGUMENTS], capture_output=True, env=environ, check=True, timeout=120)
    story = json.loads(done.stdout)
    del story["took_seconds"]
    return story


def test_two_processes_with_different_hash_seeds_live_the_same_day():
    first, second = told("1"), told("4242")
    assert first == second
    assert first["faults_injected"] > 30


def test_another_seed_gives_another_story():
    assert len({simulation(seed, 0.5).run().digest for seed in range(5)}) == 5
