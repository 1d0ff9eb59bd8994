# SPDX-License-Identifier: GPL-2.0-or-later
"""netmon's answers beside what packets met.

Categories: agree; maybe: netmon says that it does not know; unsound: a packet got an
answer and netmon says that none can; wrong: any other definite answer that is not so.
"""
import ipaddress
import json
import subprocess

from topology import BRIDGES, GROUPS, INTERNET, LAN, NEIGHBOUR, PRIVATE, ROUTER, WAN

NETMON_SECONDS = 60
UNREACHABLE = {"icmp 3/0", "icmp 3/1", "icmp 3/13", "icmp 1/0", "icmp 1/1", "icmp 1/3",
               "icmp 1/4"}
GROUP_ADDRESSES = {a for v in (4, 6) for a in GROUPS[v]} | {
    "10.20.0.255", "172.18.255.255", "fd00:18::", "fd00:20::"}
HOST_ADDRESSES = {a for v in (4, 6) for a in
                  WAN[v] + [LAN[v]] + [b[v] for b in BRIDGES.values()]}


def zone(cell):
    """What netmon calls the place that a cell's packet comes from."""
    v = 6 if ":" in cell["to"] else 4
    if cell["vantage"] == "lan":
        return "private"
    if cell["to"] in WAN[v] and cell["vantage"] == "internet":
        if cell["from"] in INTERNET[v]:
            return "internet"
        if cell["from"] in PRIVATE[v]:
            return "private"
    return "adjacent"


def question(cell):
    return {"from": cell["from"], "to": cell["to"], "proto": cell["proto"],
            "port": cell["port"], "sport": cell["sport"], "zone": zone(cell),
            "in": "lan0" if cell["vantage"] == "lan" else "wan0"}


class NetmonError(Exception):
    pass


class Netmon:
    """Two runs of netmon beside each other, started at once."""
    def __init__(self, path, socket, cells, scan):
        def start(*arguments):
            return subprocess.Popen([path, *arguments, "--format", "json", "--engine", socket],
                                    text=True, stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.asked = "".join(json.dumps(question(c)) + "\n" for c in cells)
        self.count = len(cells)
        self.explain = start("explain", "--batch", "-")
        self.scan = start("scan") if scan else None

    def finish(self):
        """(answers, report or None)"""
        answers = self.result(self.explain, self.asked).splitlines()
        if len(answers) != self.count:
            raise NetmonError("%d answers to %d questions" % (len(answers), self.count))
        report = json.loads(self.result(self.scan, "")) if self.scan else None
        return [json.loads(a) for a in answers], report

    @staticmethod
    def result(process, text):
        try:
            out, said = process.communicate(text, timeout=NETMON_SECONDS)
        except subprocess.TimeoutExpired as e:
            process.kill()
            process.communicate()
            raise NetmonError("%s takes too long" % process.args[1]) from e
        if process.returncode not in (0, 1, 3):
            raise NetmonError("%s: status %d: %s" % (process.args[1], process.returncode,
                                                     said.strip()[-1500:]))
        return out


def leads_to(said):
    """The name of who gets the packet, by an answer or an exposure."""
    return ((said.get("container") or {}).get("name") or "host").lstrip("/")


def judge(truth, answer):
    """The category of one cell."""
    result, who, how, _ = truth
    got = answer["result"]
    if got == "maybe":
        return "maybe"
    if got == result:
        return "agree" if got != "open" or who in ("", leads_to(answer)) else "wrong"
    if result == "open":
        return "unsound"
    # A reject rule that answers as a closed port does, or an ICMP error for one.
    if {got, result} == {"closed", "rejected"} and how in ("reset", "icmp 3/3", "icmp 1/4"):
        return "agree"
    # A router tells what it has no route for, or keeps silent.
    if answer.get("verdict") == "no-route" and how in UNREACHABLE:
        return "agree"
    return "wrong"


def matches_group(exposure, cell, truth):
    """What many have: told for itself, or by another that is the host's and tells as much."""
    to = exposure["endpoint"]["address"].split("/")[0]
    if to == cell["to"]:
        return True
    return to in HOST_ADDRESSES | GROUP_ADDRESSES | {"0.0.0.0", "::"} and (
        leads_to(exposure) == (truth[1] or truth[3]))


def matches(exposure, cell, bound, truth):
    end = exposure["endpoint"]
    if end["proto"] != cell["proto"]:
        return False
    if not end["port"] <= cell["port"] <= end.get("port_last", end["port"]):
        return False
    if (end["family"] == "ip6") != (":" in cell["to"]):
        return False
    if cell["to"] in GROUP_ADDRESSES:
        return bound == "may" and matches_group(exposure, cell, truth)
    if end["address"] in ("0.0.0.0/0", "::/0"):     # 127.0.0.1 is for neighbours alone
        return cell["to"] in HOST_ADDRESSES or (
            bound == "may" and cell["to"].startswith("127."))
    return end["address"].split("/")[0] == cell["to"]


def holds(exposure, cell, bound):
    networks = (exposure["reach"].get(zone(cell)) or {}).get(bound) or []
    source = ipaddress.ip_address(cell["from"])
    return any(source in ipaddress.ip_network(n) for n in networks)


def in_scope(cell):
    """scan speaks of the perimeter, and of clients with a port that clients take."""
    v = 6 if ":" in cell["to"] else 4
    return cell["vantage"] != "lan" and cell["sport"] >= 32768 and (
        zone(cell) != "adjacent" or cell["from"] in (NEIGHBOUR[v], ROUTER[v]))


def judge_scan(cell, truth, report):
    """The category of one cell in the report: must is a subset of the truth, may holds it."""
    if not in_scope(cell) or report["host"]["perimeter"] != ["wan0"]:
        return None
    must = [e for e in report["exposures"] if matches(e, cell, "must", truth) and
            e["evidence"]["listening"] is True and holds(e, cell, "must")]
    may = [e for e in report["exposures"] if matches(e, cell, "may", truth) and
           e["evidence"]["listening"] is not False and holds(e, cell, "may")]
    # What a datagram does, it does without an answer, too.
    if truth[0] == "open" or truth[3]:
        return "agree" if must else "maybe" if may else "unsound"
    if must:
        return "wrong"
    return "maybe" if may else "agree"
