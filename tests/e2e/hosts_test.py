#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""netmon about hosts whose rules other tools wrote, against real packets; a line a host.

usage: tests/e2e/hosts_test.py --netmon PATH [--only REGEX] [--verbose]

Each host of hosts/ is built, then dialled from the Internet, a private network, a
neighbour and the lan: every listening port and one that is none, at every address of the
host and its containers, over TCP and UDP. Then

  packets   'explain' says of each of those packets what became of it
  claims    'scan' lists what was answered from the perimeter, and nothing that was not
  snapshot  a saved snapshot gives the same exposures and findings, byte for byte
  story     the few packets that the host is about, told without netmon's help
"""
import argparse
import ipaddress
import json
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "hosts")]
sys.dont_write_bytecode = True
import lab      # noqa: E402, pylint: disable=wrong-import-position
import table    # noqa: E402, pylint: disable=wrong-import-position
import world    # noqa: E402, pylint: disable=wrong-import-position

FIRST_LOOK, SECOND_LOOK = 0.4, 1.3
SHOWN = 12


class Failure(Exception):
    pass


def netmon(host, *arguments, text=None, allowed=(0, 1, 3)):
    with host.host.inside():
        r = subprocess.run([host.netmon, *arguments], input=text, text=True, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    if r.returncode not in allowed:
        raise Failure("netmon %s: status %d: %s" % (arguments[0], r.returncode,
                                                   r.stderr.strip()[-500:]))
    return r.stdout


def options(host, engine):
    found = ["--format", "json", "--engine", engine or "none"]
    for p in host.perimeter:
        found += ["--perimeter", p]
    return found


def show(c):
    sport = " from port %d" % c["sport"] if c["sport"] else ""
    return "%s %s -> %s %d/%s%s" % (c["vantage"], c["from"], c["to"], c["port"],
                                    c["proto"], sport)


# ---------------------------------------------------------------- packets
def agrees(truth, answer, exact):
    result, who, how, heard = truth
    got = answer.get("result")
    if heard and answer.get("verdict") not in ("delivered", "maybe"):
        return False
    if got == "maybe":
        return not exact or (heard and result != "open")
    if got != result:
        # A rule that answers as a closed port does; a router that says "no route".
        return {got, result} == {"closed", "rejected"} or (
            answer.get("verdict") == "no-route" and result == "rejected")
    name = ((answer.get("container") or {}).get("name") or "host").lstrip("/")
    return got != "open" or who in ("", name)


def check_packets(cells, truths, answers, exact):
    bad = ["%s: packets say %s %s %s, explain says %s %s" % (
        show(c), t[0], t[1], t[2], a.get("result"),
        ((a.get("container") or {}).get("name")) or "")
           for c, t, a in zip(cells, truths, answers) if not agrees(t, a, exact)]
    if bad:
        raise Failure("%d of %d packets\n%s" % (len(bad), len(cells),
                                                "\n".join(bad[:SHOWN])))


# ---------------------------------------------------------------- claims
class Claims:
    """scan's exposures, made ready to look up one packet."""
    def __init__(self, report, own):
        self.own, self.sets, self.exposures = set(own), {}, report["exposures"]

    def networks(self, e, zone, bound):
        key = id(e), zone, bound
        if key not in self.sets:
            self.sets[key] = [ipaddress.ip_network(n) for n in
                              (e["reach"].get(zone) or {}).get(bound) or []]
        return self.sets[key]

    def aims(self, e, to, bound):
        where = e["endpoint"]["address"]
        if where not in ("0.0.0.0/0", "::/0"):
            return where.split("/")[0] == to
        # A loopback address is one, too, where translation or route_localnet lets it in.
        return to in self.own or (to.startswith("127.") and (
            bound == "may" or e["path"] == "dnat"))

    def holds(self, c, bound):
        source = ipaddress.ip_address(c["from"])
        family = "ip6" if world.is6(c["to"]) else "ip"
        return any(
            e["endpoint"]["family"] == family and
            e["endpoint"]["proto"] == c["proto"] and
            e["endpoint"]["port"] <= c["port"] <= e["endpoint"].get(
                "port_last", e["endpoint"]["port"]) and self.aims(e, c["to"], bound) and
            e["evidence"]["listening"] is not False and
            any(source in n for n in self.networks(e, world.zone(c), bound))
            for e in self.exposures)


def claim_of(claims, c, truth, answered, exact):
    """What is wrong with what scan says of a cell, or None. answered: from some source
    port it is, and a stranger chooses his."""
    must, may = claims.holds(c, "must"), claims.holds(c, "may")
    if answered:
        return None if must or (may and (not exact or c["to"].startswith("127."))) else (
            "only perhaps" if may else "not listed")
    if truth[3]:        # a datagram has done its work without an answer
        return None if may else "not listed"
    return "listed" if must else None


def aim(c):
    return c["vantage"], c["from"], c["to"], c["port"], c["proto"]


def wrong_claims(host, claims, cells, truths):
    """n: what scan says wrongly of cells[n]."""
    answered = {aim(c) for c, t in zip(cells, truths) if t[0] == "open"}
    found = {}
    for n, (c, t) in enumerate(zip(cells, truths)):
        extra = c in host.extra and not ipaddress.ip_address(c["to"]).is_multicast
        if c["vantage"] == "lan" or extra:
            continue
        wrong = claim_of(claims, c, t, aim(c) in answered, host.exact)
        if wrong == "listed" and (host.inner if world.zone(c) == "private" else
                                  host.any_frame and world.zone(c) == "adjacent"):
            continue
        if wrong:
            found[n] = wrong
    return found


def check_claims(host, claims, cells, truths):
    bad = ["%s: packets say %s, scan: %s" % (show(cells[n]), truths[n][0], wrong)
           for n, wrong in wrong_claims(host, claims, cells, truths).items()]
    if bad:
        raise Failure("%d claims\n%s" % (len(bad), "\n".join(bad[:SHOWN])))


# ---------------------------------------------------------------- one host
def settle(host, cells, truths, wrong):
    """What disagrees is measured again, slowly: a busy machine is no finding."""
    for _ in range(2):
        suspects = sorted(wrong())
        if not suspects:
            return
        host.forget()
        for n, t in zip(suspects, host.measure([cells[n] for n in suspects],
                                               SECOND_LOOK)):
            truths[n] = t


def check_snapshot(host, report, engine):
    path = os.path.join(host.folder, "snapshot.json")
    netmon(host, "snapshot", "--output", path, "--engine", engine or "none", allowed=(0,))
    again = json.loads(netmon(host, "scan", "--format", "json", "--snapshot", path,
                              *options(host, None)[4:]))
    for part in ("exposures", "findings"):
        if json.dumps(report[part]) != json.dumps(again[part]):
            raise Failure("%s of the snapshot differ" % part)


def check_story(host):
    rows = [(r, True) for r in host.opens] + [(r, False) for r in host.shuts]
    asked = []
    for (source, to, port, *more), _ in rows:
        vantage = next((v for v, (_, _, s) in world.VANTAGES.items() if source in s),
                       "internet")
        asked.append(world.cell(vantage, source, to, port, *more))
    bad = []
    for seconds in (FIRST_LOOK, SECOND_LOOK):
        host.forget()
        bad = ["%s: %s" % (show(c), t[0]) for c, t, (_, is_open) in zip(
            asked, host.measure(asked, seconds), rows) if (t[0] == "open") != is_open]
        if not bad:
            return
    raise Failure("the host is not what its story says: " + "; ".join(bad))


def examine(host):
    engine = host.engine()
    cells = host.cells()
    lines = "".join(json.dumps(world.question(c, host.uplink)) + "\n" for c in cells)
    out = netmon(host, "explain", "--batch", "-", *options(host, engine), text=lines)
    answers = [json.loads(x) for x in out.splitlines()]
    if len(answers) != len(cells):
        raise Failure("%d answers to %d questions" % (len(answers), len(cells)))
    report = json.loads(netmon(host, "scan", "--all", *options(host, engine)))
    claims = Claims(report, host.host_addresses() + host.local)
    truths = host.measure(cells, FIRST_LOOK)
    settle(host, cells, truths,
           lambda: {n for n, (t, a) in enumerate(zip(truths, answers))
                    if not agrees(t, a, host.exact)} | set(
                        wrong_claims(host, claims, cells, truths)))
    plain = json.loads(netmon(host, "scan", *options(host, engine)))
    faults = []
    for check, arguments in ((check_story, (host,)),
                             (check_packets, (cells, truths, answers, host.exact)),
                             (check_claims, (host, claims, cells, truths)),
                             (check_snapshot, (host, plain, engine))):
        try:
            check(*arguments)
        except Failure as e:
            faults.append("%s: %s" % (check.__name__[6:], e))
    if faults:
        raise Failure("\n".join(faults))
    return "%d packets, %d answered, %d exposures, %d gaps" % (
        len(cells), sum(t[0] == "open" for t in truths), len(report["exposures"]),
        len(report["coverage"]["gaps"]))


def attempt(name, build, path):
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hosts-") as folder:
        host = world.Host(folder, path)
        try:
            build(host)
            detail = examine(host)
        except (Failure, RuntimeError, ValueError, KeyError, TypeError, AttributeError,
                IndexError, OSError, subprocess.TimeoutExpired) as e:
            text = str(e) if isinstance(e, Failure) else "%s: %s" % (type(e).__name__, e)
            print("FAIL %s: %s" % (name, text.splitlines()[0]), flush=True)
            print("%s\n%s" % (name, text), file=sys.stderr, flush=True)
            return
        finally:
            host.close()
    print("PASS " + name, flush=True)
    print("%s: %s, %.1f s" % (name, detail, time.monotonic() - began), file=sys.stderr,
          flush=True)


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("--netmon", required=True, type=os.path.abspath)
    p.add_argument("--only", default=".")
    arguments = p.parse_args()
    why = None if os.environ.get(lab.INSIDE) else lab.missing()
    if why:
        print("SKIP e2e/hosts: " + why)
        return 0
    lab.enter()
    lab.quiet()
    for name, build in table.HOSTS.items():
        if re.search(arguments.only, "e2e/hosts/" + name):
            attempt("e2e/hosts/" + name, build, arguments.netmon)
    return 0


if __name__ == "__main__":
    sys.exit(main())
