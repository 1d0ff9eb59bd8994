#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every exact xt match against the kernel's own: a rule, a packet, what each says of it.

usage: tests/e2e/xt_test.py --netmon PATH [--only REGEX]

Theory of operation. A host and two neighbours are three network namespaces inside a new
process namespace, so that nothing outlives this program. Each rule drops its own port, by
iptables-nft first and iptables-legacy after; one datagram or SYN is sent to each. A rule
whose counter moved matched; for exactly those 'explain' must say "dropped".
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

# Chain and match; "@" is the rule's port, which comes first. A rule in FORWARD or
# POSTROUTING gets a packet that is forwarded, any other one for the host itself.
RULES4 = [
    "INPUT udp -m addrtype --dst-type LOCAL",
    "INPUT udp -m addrtype ! --dst-type LOCAL",
    "INPUT udp -m addrtype --dst-type LOCAL,BROADCAST",
    "INPUT udp -m addrtype ! --dst-type MULTICAST,BROADCAST",
    "INPUT udp -m addrtype --src-type LOCAL --limit-iface-in",
    "INPUT udp -m addrtype --dst-type LOCAL --limit-iface-in",
    "INPUT udp -m addrtype --src-type UNICAST",
    "FORWARD udp -m addrtype --dst-type LOCAL",
    "INPUT tcp -m conntrack --ctstate NEW",
    "INPUT udp -m conntrack ! --ctstate NEW,INVALID",
    "INPUT udp -m conntrack --ctstate DNAT",
    "INPUT udp -m conntrack ! --ctstate DNAT,ESTABLISHED",
    "INPUT udp -m conntrack --ctorigdst 192.0.2.0/24 --ctorigdstport @",
    "INPUT udp -m conntrack ! --ctorigsrc 192.0.2.2",
    "INPUT udp -m conntrack --ctproto 17 ! --ctorigdstport 80:443",
    "INPUT udp -m conntrack --ctreplsrc 192.0.2.1 --ctrepldst 192.0.2.0/28",
    "INPUT udp -m conntrack --ctstatus ASSURED,CONFIRMED",
    "INPUT udp -m conntrack ! --ctstatus EXPECTED",
    "INPUT udp -m conntrack --ctstatus NONE",
    "INPUT udp -m conntrack --ctdir REPLY",
    "INPUT udp -m conntrack --ctdir ORIGINAL",
    "INPUT udp -m state --state NEW",
    "INPUT udp -m helper --helper ftp",
    "INPUT udp -m helper ! --helper ftp",
    "INPUT udp -m connmark --mark 0",
    "INPUT udp -m multiport --dports 22,@",
    "INPUT tcp -m multiport ! --ports @",
    "INPUT udp -m iprange --src-range 192.0.2.1-192.0.2.9 ! --dst-range 10.0.0.0-10.0.0.7",
    "INPUT udp -m length --length 0:10",
    "INPUT tcp -m tcp ! --tcp-flags SYN,RST,ACK,FIN SYN",
    "INPUT tcp -m tcp --tcp-flags SYN,ACK SYN",
    "INPUT udp -m mark ! --mark 5",
    "INPUT udp -m devgroup --src-group 0",
    "INPUT udp -m physdev --physdev-in v0",
    "INPUT udp -m physdev ! --physdev-in v0",
    "FORWARD udp -m physdev --physdev-is-bridged",
    "FORWARD udp -m physdev ! --physdev-is-bridged",
    "INPUT udp -m pkttype --pkt-type unicast",
    "INPUT udp -m policy --dir in --pol none",
    "INPUT udp -m policy --dir in --pol ipsec",
    "INPUT udp -m set --match-set four src",
    "INPUT udp -m set ! --match-set four src",
    "INPUT udp -m recent --set --name seen",
    "INPUT udp -m recent ! --set --name seen",
    "INPUT udp -m statistic --mode random --probability 1.0",
    "INPUT udp -m cgroup --cgroup 0",
    "INPUT udp ! -f",
    "INPUT udp -f",
    "INPUT udp ! -i v0",
    "INPUT udp -i v+",
    "INPUT udp ! -s 192.0.2.0/24",
    "mangle:POSTROUTING udp -m owner --uid-owner 0",
    "mangle:POSTROUTING udp -m owner ! --uid-owner 0",
    "mangle:POSTROUTING udp -m cgroup --cgroup 0",
    "raw:PREROUTING udp -m rpfilter",
    "raw:PREROUTING udp -m rpfilter --invert",
    "raw:PREROUTING udp -m rpfilter --loose",
    "raw:PREROUTING udp -m rpfilter --accept-local",
    "raw:PREROUTING udp -m conntrack --ctorigdst 192.0.2.1",
    "raw:PREROUTING udp -m conntrack --ctstate INVALID",
    "raw:PREROUTING udp -m conntrack --ctstate INVALID,NEW --ctorigdst 198.51.100.4",
    "raw:PREROUTING udp -m connmark ! --mark 5",
]
RULES6 = [
    "INPUT udp -m addrtype --dst-type LOCAL",
    "INPUT udp -m addrtype --dst-type UNICAST",
    "INPUT udp -m addrtype --dst-type UNICAST,LOCAL",
    "INPUT udp -m addrtype --dst-type MULTICAST,LOCAL",
    "INPUT udp -m addrtype ! --src-type UNICAST",
    "INPUT udp -m addrtype --src-type LOCAL",
    "INPUT udp -m conntrack --ctorigdst 2001:db8::/32",
    "INPUT udp -m ipv6header ! --header route --soft",
    "INPUT udp -m ipv6header --header route --soft",
    "INPUT udp -m rt --rt-type 0",
    "INPUT udp -m rt ! --rt-type 0",
    "INPUT udp -m frag --fragmore",
    "INPUT udp -m hbh",
    "INPUT udp -m dst",
    "INPUT udp ! -s fe80::/10",
    "raw:PREROUTING udp -m rpfilter",
    "raw:PREROUTING udp -m rpfilter --invert",
]
SEND = """
import json, socket, sys
for family, kind, to, port in json.load(sys.stdin):
    s = socket.socket(family, kind)
    s.setblocking(False)
    if kind == socket.SOCK_STREAM:
        s.connect_ex((to, port))
    else:
        s.sendto(b"x", (to, port))
    globals().setdefault("kept", []).append(s)
"""


def run(*words, **options):
    return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE,
                          **options).stdout


def neighbour(interface, peer, addresses, theirs):
    """A namespace at the other end of @interface; returns how to run something there."""
    process = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
    mine = os.stat("/proc/self/ns/net").st_ino
    while os.stat("/proc/%d/ns/net" % process.pid).st_ino == mine:
        time.sleep(0.01)
    inside = ["nsenter", "-t", str(process.pid), "-n"]
    run("ip", "link", "add", interface, "type", "veth", "peer", "name", peer, "netns",
        str(process.pid))
    for here, name, where, gateways in ((addresses, interface, [], []),
                                        (theirs, peer, inside, addresses)):
        run(*where, "ip", "link", "set", "lo", "up")
        for address in here:
            run(*where, "ip", "addr", "add", address, "dev", name,
                *(["nodad"] if ":" in address else []))
        run(*where, "ip", "link", "set", name, "up")
        for gateway in gateways:
            run(*where, "ip", "route", "add", "default", "via", gateway.split("/")[0])
    return inside


def make_world():
    sender = neighbour("v0", "v1", ["192.0.2.1/24", "2001:db8::1/64"],
                       ["192.0.2.2/24", "2001:db8::2/64"])
    neighbour("v2", "v3", ["10.9.0.1/24", "fd09::1/64"], ["10.9.0.2/24", "fd09::2/64"])
    run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    run("ipset", "create", "four", "hash:net")
    run("ipset", "add", "four", "192.0.2.0/24")
    return sender


class Cell:
    """One rule and the packet that is for it."""

    def __init__(self, number, rule, ip6):
        self.port = 20000 + number
        chain, self.proto, self.match = rule.split(" ", 2)
        self.table, _, self.chain = chain.rpartition(":")
        self.table = self.table or "filter"
        self.ip6, self.name = ip6, rule
        forwarded = self.chain in ("FORWARD", "POSTROUTING")
        self.source = "2001:db8::2" if ip6 else "192.0.2.2"
        self.to = "2001:db8::1" if ip6 else "10.9.0.2" if forwarded else "192.0.2.1"

    def add(self, tool):
        words = [("ip6" if self.ip6 else "ip") + tool, "-w", "-t", self.table, "-A",
                 self.chain, "-p", self.proto, "--dport", str(self.port)]
        words += self.match.replace("@", str(self.port)).split()
        return subprocess.run(words + ["-j", "DROP"], check=False,
                              stderr=subprocess.DEVNULL).returncode == 0

    def packet(self):
        return [10 if self.ip6 else 2, 1 if self.proto == "tcp" else 2, self.to, self.port]

    def question(self):
        return {"from": self.source, "to": self.to, "proto": self.proto,
                "port": self.port, "sport": 40000, "in": "v0"}

    def matched(self, tool):
        rules = run(("ip6" if self.ip6 else "ip") + tool, "-t", self.table, "-S",
                    self.chain, "-v", stderr=subprocess.DEVNULL)
        line = re.search(r"^.*--dport %d\b.*$" % self.port, rules, re.M).group(0)
        return int(re.search(r" -c (\d+) ", line).group(1)) > 0


def check(tool, netmon, sender, only):
    """Prints a line a rule, in one encoding; returns how many failed."""
    numbered = enumerate([(r, False) for r in RULES4] + [(r, True) for r in RULES6])
    cells, failed = [], 0
    for cell in (Cell(number, rule, ip6) for number, (rule, ip6) in numbered):
        cell.name = "e2e/xt/%s/%s/%s" % (tool.removeprefix("tables-"),
                                         "ip6" if cell.ip6 else "ip", cell.name)
        if not re.search(only, cell.name):
            continue
        if cell.add(tool):
            cells.append(cell)
        else:
            print("SKIP %s: this kernel refuses the rule" % cell.name)
    run(*sender, sys.executable, "-c", SEND, input=json.dumps([c.packet() for c in cells]))
    time.sleep(0.3)
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as batch:
        batch.write("".join(json.dumps(c.question()) + "\n" for c in cells))
        batch.flush()
        # Its status is 3 where an answer has a gap; that is for the comparison to say.
        answers = subprocess.run(
            [netmon, "explain", "--engine", "none", "--perimeter", "v0", "--format",
             "json", "--batch", batch.name], check=False, text=True,
            stdout=subprocess.PIPE).stdout.splitlines()
    for cell, answer in zip(cells, answers, strict=True):
        verdict = json.loads(answer)["verdict"]
        expected = "dropped" if cell.matched(tool) else "delivered"
        if verdict == expected:
            print("PASS " + cell.name)
        else:
            failed += 1
            print("FAIL %s: %s, and the packet was %s" % (cell.name, verdict, expected))
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--netmon", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--inside", action="store_true")
    options = parser.parse_args()
    if not options.inside:
        os.execvp("unshare", ["unshare", "--net", "--pid", "--fork", "--mount-proc",
                              "--kill-child", sys.executable, os.path.realpath(__file__),
                              "--inside", "--netmon", os.path.realpath(options.netmon),
                              "--only", options.only])
    sender = make_world()
    failed = check("tables-nft", options.netmon, sender, options.only)
    run("nft", "flush", "ruleset")
    failed += check("tables-legacy", options.netmon, sender, options.only)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
