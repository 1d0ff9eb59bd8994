# SPDX-License-Identifier: GPL-2.0-or-later
"""A case as a folder of tests/golden: what netmon knew, and what the packets met.

commands           what makes the host: for people, and to make it again
case.json          the same as data
snapshot.json.gz   netmon's facts of it
cells.jsonl        a question a line, with the measured result
"""
import gzip
import json
import os
import subprocess

import compare


def commands(case):
    """The host as a shell script, after the topology of topology.py."""
    out = ["#!/bin/sh", "# SPDX-License-Identifier: GPL-2.0-or-later",
           "# On the host of tests/e2e/oracle/topology.py; seed %d." % case["seed"]]
    out += ["sysctl -w %s=%s" % (name, value) for name, value in case["sysctl"]]
    for name in case["internal"]:
        out.append("# container %s has no default route" % name)

    def feed(command, lines):
        if lines:
            out.extend(["%s <<'END'" % command, *lines, "END"])
    feed("ip -batch -", case["ip"])
    feed("ip -6 -batch -", case["ip6"])
    feed("ipset restore", case["ipset"])
    for what in case["order"]:
        feed("nft -f -" if what == "nft" else "%s-%s-restore --noflush" % (
            what, "legacy" if case["legacy"] else "nft"), case[what])
    for name, lines in case["inside"].items():
        feed("in container %s: nft -f -" % name, lines)
    out += ["# %s listens: %s %s port %d%s" % (where, proto, address, port,
                                               " on " + device if device else "")
            for where, proto, address, port, device in case["listeners"]]
    return "\n".join(out) + "\n"


def store(worker, case, truths, name):
    """Writes the folder below --save; the case is loaded. Returns the folder's name."""
    folder = os.path.join(worker.options.save, "oracle-" + name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "commands"), "w", encoding="utf-8") as f:
        f.write(commands(case))
    with open(os.path.join(folder, "cells.jsonl"), "w", encoding="utf-8") as f:
        for cell, (result, who, _, _) in zip(case["cells"], truths):
            row = {"ask": compare.question(cell), "result": result}
            if result == "open":
                row["container"] = ["" if who == "host" else who]
            f.write(json.dumps(row) + "\n")
    with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as f:
        json.dump(case, f, indent=1)
        f.write("\n")
    path = os.path.join(worker.folder, "snapshot.json")
    with worker.host.host.inside():
        subprocess.run([worker.options.netmon, "snapshot", "--output", path, "--engine",
                        worker.socket], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
    if os.path.exists(path):
        with open(path, "rb") as f, gzip.GzipFile(os.path.join(
                folder, "snapshot.json.gz"), "wb", mtime=0) as g:
            # Where this run's socket was is not a fact of the host.
            g.write(f.read().replace(worker.folder.encode(), b"/run/oracle"))
        os.unlink(path)
    return os.path.basename(folder)
