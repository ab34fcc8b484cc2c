"""Runs one fuzzer on its corpus: 5 s, at full length (VARVE_TEST_LENGTH)
10 minutes. What it finds beyond the corpus is left beside the binary.

usage: run.py BINARY CORPUS
"""

import os
import re
import subprocess
import sys

SECONDS = {"full": 600}.get(os.environ.get("VARVE_TEST_LENGTH"), 5)
ONE_INPUT = 10      # seconds
MEMORY = 1024       # MiB, most of it the sanitizers'
FEWEST_RUNS = 100   # under this the fuzzer did not work


def main():
    binary, corpus = sys.argv[1:]
    seeds = os.listdir(corpus)
    if not seeds:
        sys.exit(f"no seeds in {corpus}")
    found = binary + ".found"
    os.makedirs(found, exist_ok=True)
    done = subprocess.run(
        [binary, found, corpus, f"-max_total_time={SECONDS}",
         f"-timeout={ONE_INPUT}", f"-rss_limit_mb={MEMORY}", "-max_len=4096",
         "-print_final_stats=1", "-verbosity=1",
         f"-artifact_prefix={binary}."],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", timeout=SECONDS + 240)
    print(done.stdout[-6000:])
    runs = re.search(r"number_of_executed_units:\s*(\d+)", done.stdout)
    if done.returncode != 0:
        sys.exit(f"a finding: see the path above; repeat it with {binary} FILE")
    if runs is None or int(runs.group(1)) < FEWEST_RUNS:
        sys.exit("it ran hardly anything")


if __name__ == "__main__":
    main()
