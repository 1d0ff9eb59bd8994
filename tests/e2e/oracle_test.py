#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A minute of the oracle, from a fixed seed: random hosts, and the kernel's word on them.

usage: tests/e2e/oracle_test.py --netmon PATH [--only REGEX] [--seed N] [--seconds S]

How many hosts that is depends on the machine; tests/e2e/oracle/oracle does it at length.
"""
import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ORACLE = os.path.join(HERE, "oracle", "oracle")
NAME = "e2e/oracle/no-answer-is-wrong"
TOOLS = ("nft", "ip", "iptables-nft-restore", "ip6tables-nft-restore", "ipset", "conntrack")


def missing():
    if os.geteuid() != 0:
        return "needs root"
    path = os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/sbin"]
    lacks = [t for t in TOOLS if not any(os.access(os.path.join(d, t), os.X_OK) for d in path)]
    return "lacks " + ", ".join(lacks) if lacks else None


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("--netmon", required=True, type=os.path.abspath)
    p.add_argument("--only", default=".")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--seconds", type=int, default=60)
    options = p.parse_args()
    if not re.search(options.only, NAME):
        return
    why = missing()
    if why:
        print("SKIP %s: %s" % (NAME, why))
        return
    r = subprocess.run(
        [ORACLE, "--netmon", options.netmon, "--seed", str(options.seed),
         "--seconds", str(options.seconds)],
        stdout=subprocess.PIPE, text=True, check=False)
    print(r.stdout, file=sys.stderr, end="")
    seeds = re.findall(r"^host (\d+): ", r.stdout, re.M)
    hosts = re.search(r"^ *(\d+) hosts$", r.stdout, re.M)
    if r.returncode == 0 and hosts:
        print("PASS " + NAME)
    elif seeds:
        print("FAIL %s: seeds %s: see %s --seed N" % (
            NAME, ", ".join(dict.fromkeys(seeds)), os.path.relpath(ORACLE)))
    else:
        print("FAIL %s: status %d, and no host came to an end" % (NAME, r.returncode))


if __name__ == "__main__":
    main()
