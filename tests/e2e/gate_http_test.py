#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gate serve between raw sockets and an engine that notes every byte; a line a check.

usage: tests/e2e/gate_http_test.py --gate PATH [--only REGEX]

No container engine takes part: httplab's answers what it is told to and keeps all that it
gets. So "nothing else reaches the engine" is proved, not assumed: after each case of
served/ the requests that it got are compared with those that may have come. The numbers
of gate-threats' section 3 that a case is about are in its name.
"""
import argparse
import os
import sys

from checks import attempt
from httplab import World
from served import framing, serving, streams


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", required=True)
    parser.add_argument("--only", default=".")
    args = parser.parse_args()
    if os.geteuid() != 0:
        print("SKIP e2e/gate-http: needs root")
        return 0
    w = World(os.path.abspath(args.gate))
    try:
        for part in (framing, streams, serving):
            for name, function in part.case.wanted(args.only):
                attempt(name, function, w)
        print(w.said(), file=sys.stderr)
    finally:
        w.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
