#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""--observe and --probe against real packets, in namespaces of their own; a line a check.

usage: tests/e2e/confirm_test.py --netmon PATH [--only REGEX]

One host with a listener of its own and one in a container's namespace behind DNAT, both
families, and rules that let in some sources only. The Internet is a namespace that owns
every address. No engine is needed.
"""
import argparse
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time

import lab as world
from lab import Cell, probe, run

WAN, WAN6, INNER, INNER6 = "203.0.113.10", "2001:db8:1::10", "172.30.0.2", "fd77::2"
IN, OUT = "198.51.100.7", "192.0.2.77"
RULES = """
table inet lab {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		meta nfproto ipv4 tcp dport 8080 dnat ip to 172.30.0.2:80
		meta nfproto ipv6 tcp dport 8080 dnat ip6 to [fd77::2]:80
		meta nfproto ipv4 udp dport 5300 dnat ip to 172.30.0.2:53
	}
	chain input_rules {
		type filter hook input priority filter; policy accept;
		tcp dport 22 ip saddr != 198.51.100.0/24 drop
		tcp dport 23 reject with tcp reset
	}
	chain forward_rules {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		ip saddr 198.51.100.0/24 tcp dport 80 accept
		ip6 saddr 2001:db8:5::/48 tcp dport 80 accept
		udp dport 53 accept
	}
}
"""


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def sysctls(values):
    for name, value in values.items():
        world.sysctl(name, value)


class Host:
    """The host (this namespace), the Internet behind wan0, a container behind in0."""
    def __init__(self):
        self.space = world.Namespace(os.open("/proc/self/ns/net", os.O_RDONLY))
        world.quiet()
        sysctls({"net/ipv4/ip_forward": 1, "net/ipv6/conf/all/forwarding": 1})
        self.internet, self.inner = world.Namespace(), world.Namespace()
        self.internet.ip(
            "link add up0 type veth peer name wan0 netns " + self.space.path,
            "link set up0 up", "addr add 203.0.113.1/25 dev up0",
            "addr add 2001:db8:1::1/64 dev up0",
            "route add local 0.0.0.0/0 dev lo table main",
            "route add local ::/0 dev lo table main")
        self.inner.ip(
            "link add eth0 type veth peer name in0 netns " + self.space.path,
            "link set eth0 up", "addr add %s/24 dev eth0" % INNER,
            "addr add %s/64 dev eth0" % INNER6)
        self.space.ip("link set wan0 up", "link set in0 up",
                      "addr add %s/25 dev wan0" % WAN, "addr add %s/64 dev wan0" % WAN6,
                      "addr add 172.30.0.1/24 dev in0", "addr add fd77::1/64 dev in0",
                      "route add default via 203.0.113.1",
                      "route add ::/0 via 2001:db8:1::1")
        self.inner.ip("route add default via 172.30.0.1", "route add ::/0 via fd77::1")
        run("nft", "-f", "-", text=RULES)
        self.listener = os.path.join(world.RUN, "listener")
        run("gcc", "-D_GNU_SOURCE", "-O1", "-static", "-o", self.listener,
            os.path.join(os.path.dirname(os.path.abspath(__file__)), "listener.c"))
        self.listen("sshd", "tcp:22", "tcp:23")
        with self.inner.inside():
            self.listen("inner", "tcp:80", "udp:53")
        time.sleep(0.3)

    def listen(self, *arguments):
        subprocess.Popen([self.listener] + list(arguments),
                         preexec_fn=world.die_with_parent)

    def ask(self, *rows):
        return probe([Cell(self.internet, *row) for row in rows])


def command(*options):
    return [ARGS.netmon, "scan", "--engine", "none", "--all", "--format", "json"] + list(
        options)


def scan(*options):
    r = subprocess.run(command(*options), text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False, timeout=60)
    if r.returncode not in (0, 1, 3):
        raise Failure("netmon: status %d: %s" % (r.returncode, r.stderr.strip()))
    return json.loads(r.stdout)


def exposure(report, family, port, proto="tcp"):
    for e in report["exposures"]:
        end = e["endpoint"]
        if (end["family"], end["port"], end["proto"]) == (family, port, proto) and (
                end["address"] in (WAN, WAN6, "0.0.0.0/0", "::/0")):
            return e
    raise Failure("no exposure of %d/%s over %s" % (port, proto, family))


def observe(host, seconds, during):
    """A report of what was watched while during() ran."""
    before = captures()
    watcher = subprocess.Popen(command("--observe", str(seconds)), text=True,
                               stdout=subprocess.PIPE)
    world.wait_for("the capture", lambda: captures() > before)
    time.sleep(0.3)
    during(host)
    return json.loads(watcher.communicate()[0])


def captures():
    with open("/proc/net/packet", encoding="ascii") as f:
        return len(f.readlines())


def want(what, got, expected):
    if got != expected:
        raise Failure("%s is %s, not %s" % (what, got, expected))


# ---------------------------------------------------------------- observe
def handshakes(host):
    def traffic(_):
        cells = host.ask((IN, WAN, "tcp", 8080), (IN, WAN, "tcp", 8080),
                         ("198.51.100.9", WAN, "tcp", 8080), (OUT, WAN, "tcp", 8080),
                         ("2001:db8:5::7", WAN6, "tcp", 8080), (IN, WAN, "udp", 5300),
                         (OUT, WAN, "tcp", 22))
        want("what clients met", [c.result for c in cells],
             ["open", "open", "open", "filtered", "open", "open", "filtered"])
    report = observe(host, 4, traffic)
    web = exposure(report, "ip", 8080)["evidence"]
    want("observed", web["observed"], True)
    want("handshakes", web["observation"]["handshakes"], 3)
    want("sources", web["observation"]["sources"], 2)
    want("sample", web["observation"]["sample"], IN)
    if web["observation"]["attempts"] < 4:
        raise Failure("the attempt that was dropped was not counted")
    want("IPv6", exposure(report, "ip6", 8080)["evidence"]["observed"], True)
    want("UDP", exposure(report, "ip", 5300, "udp")["evidence"]["observed"], True)
    ssh = exposure(report, "ip", 22)["evidence"]
    want("sshd, only tried", (ssh["observed"], ssh["observation"]["handshake"]),
         (False, False))
    want("lost packets", report["confirmation"]["observing"]["dropped"], 0)
    want("contradictions", report["confirmation"]["contradictions"], [])


def rules_change(host):
    """Answered where the rules that were read say no: the highest finding, and why."""
    def traffic(_):
        run("nft", "insert", "rule", "inet", "lab", "input_rules", "tcp", "dport", "22", "accept")
        host.ask((OUT, WAN, "tcp", 22))
    try:
        report = observe(host, 4, traffic)
    finally:
        run("nft", "flush", "ruleset")
        run("nft", "-f", "-", text=RULES)
    found = [f for f in report["findings"] if f["kind"] == "observed-against-rules"]
    want("findings", len(found), 1)
    want("severity", found[0]["severity"], "critical")
    contradiction = report["confirmation"]["contradictions"][0]
    want("source", contradiction["source"], OUT)
    want("rules changed", contradiction["rules_changed"], True)
    want("disagrees", exposure(report, "ip", 22)["evidence"]["disagrees"], True)


def our_own_datagrams(host):
    """A flow that this host began before the capture is no stranger's, whatever comes."""
    run("nft", "insert", "rule", "inet", "lab", "input_rules", "udp", "dport", "7777",
        "ct", "state", "new", "drop")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind((WAN, 7777))
        with host.internet.inside():
            peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stranger = ("8.8.8.8", 7777)
        peer.bind(stranger)
        peer.settimeout(2)
        ours.settimeout(2)
        ours.sendto(b"first", stranger)
        peer.recv(64)

        def traffic(_):
            peer.sendto(b"to us", (WAN, 7777))
            ours.recv(64)
            ours.sendto(b"and back", stranger)
            peer.recv(64)
        try:
            report = observe(host, 3, traffic)
        finally:
            peer.close()
            run("nft", "flush", "ruleset")
            run("nft", "-f", "-", text=RULES)
    want("packets seen", report["confirmation"]["observing"]["packets"] >= 2, True)
    want("contradictions", report["confirmation"]["contradictions"], [])


def hidden_path(host):
    """Answered against the rules, and they did not change: somebody else answers."""
    def traffic(_):
        # Answers of its own, below every rule: a raw socket that plays the server.
        forged = subprocess.Popen([sys.executable, "-c", FORGER], text=True,
                                  stdout=subprocess.PIPE)
        world.wait_for("the forger", lambda: forged.stdout.readline() == "ready\n")
        host.ask((OUT, WAN, "tcp", 22))
        forged.kill()
        forged.communicate()
    report = observe(host, 5, traffic)
    found = [c for c in report["confirmation"]["contradictions"]
             if c["endpoint"]["port"] == 22]
    want("contradictions", len(found), 1)
    want("rules changed", found[0]["rules_changed"], False)


FORGER = r"""
import socket, struct
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
tap.bind(("wan0", 0))
def total(b):
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff
print("ready", flush=True)
while True:
    f = tap.recv(2048)
    if len(f) < 54 or f[23] != 6 or f[36:38] != struct.pack("!H", 22) or f[47] != 2:
        continue
    seq = struct.unpack("!I", f[38:42])[0] + 1 & 0xffffffff
    src, dst = f[30:34], f[26:30]
    head = struct.pack("!HHIIBBHHH", 22, struct.unpack("!H", f[34:36])[0], 1, seq, 0x50,
                       0x12, 1000, 0, 0)
    s = total(src + dst + struct.pack("!HH", 6, 20) + head)
    head = head[:16] + struct.pack("!H", s) + head[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, src, dst)
    ip = ip[:10] + struct.pack("!H", total(ip)) + ip[12:]
    tap.send(f[6:12] + f[0:6] + b"\x08\x00" + ip + head)
"""


def vlan_perimeter(host):
    """Strangers who come by a VLAN: seen on its interface, and not on the one below."""
    try:
        host.space.ip("link add link wan0 name wan0.7 type vlan id 7")
    except RuntimeError as e:
        raise Skip("this kernel has no VLANs: " + str(e).splitlines()[0]) from None
    host.space.ip("link set wan0.7 up", "addr add 203.0.113.138/28 dev wan0.7")
    host.internet.ip("link add link up0 name up0.7 type vlan id 7", "link set up0.7 up",
                     "addr add 203.0.113.129/28 dev up0.7")

    def traffic(_):
        want("a client by the VLAN",
             host.ask((IN, "203.0.113.138", "tcp", 8080))[0].result, "open")
    try:
        below = observe(host, 3, traffic)
        seen = subprocess.run(command("--probe", "--perimeter", "wan0.7"), text=True,
                              stdout=subprocess.PIPE, check=False)
    finally:
        host.space.ip("link del wan0.7")
    want("on wan0", exposure(below, "ip", 8080)["evidence"]["observed"], False)
    probed = json.loads(seen.stdout)
    opens = [p for e in probed["exposures"] for p in e["evidence"]["probes"]
             if p["open"] and p["via"] == "wan0.7"]
    if not opens:
        raise Failure("no probe was answered by wan0.7")


# ---------------------------------------------------------------- probe
def confirmed(host):
    del host
    report = scan("--probe=any-source")
    want("contradictions", report["confirmation"]["contradictions"], [])
    for family, port, proto in (("ip", 8080, "tcp"), ("ip6", 8080, "tcp"),
                                ("ip", 5300, "udp"), ("ip", 22, "tcp")):
        e = exposure(report, family, port, proto)["evidence"]
        want("%s %d/%s" % (family, port, proto), (e["probed"], e["disagrees"]),
             (True, False))
    silent = [p for p in exposure(report, "ip", 8080)["evidence"]["probes"]
              if p["expected"] is False]
    if not silent or any(p["open"] for p in silent):
        raise Failure("the sources kept out: %s" % silent)
    want("the edge before 198.51.100.0/24",
         "198.51.99.255" in [p["source"] for p in silent], True)


def manners(host):
    """Without any-source only documentation prefixes; a list on request; no traces."""
    dry = subprocess.run(command("--probe", "--dry-run"), text=True, check=True,
                         stdout=subprocess.PIPE).stdout
    for source in re.findall(r" from (\S+)", dry):
        if not re.match(r"(192\.0\.2|198\.51\.100|203\.0\.113|198\.1[89]\..*|2001:db8:)",
                        source):
            raise Failure("would send from " + source)
    want("packets of a dry run", half_open(), 0)
    report = scan("--probe")
    probing = report["confirmation"]["probing"]
    want("listed and sent", "%d probes" % probing["sent"] in dry, True)
    if not probing["withheld"]:
        raise Failure("nothing was withheld, though private sources are nobody's to use")
    want("half-open connections left", half_open(), 0)
    with host.inner.inside():
        want("half-open connections left in the container", half_open(), 0)


def half_open():
    return run("ss", "-Htan", "state", "syn-recv").count("\n")


def strict_reverse_path(host):
    """With strict rp_filter a source that routes elsewhere is not heard: nor claimed."""
    sysctls({"net/ipv4/conf/all/rp_filter": 1, "net/ipv4/conf/wan0/rp_filter": 1})
    try:
        report = scan("--probe=any-source")
    finally:
        sysctls({"net/ipv4/conf/all/rp_filter": 0, "net/ipv4/conf/wan0/rp_filter": 0})
    del host
    want("contradictions", report["confirmation"]["contradictions"], [])
    want("probed", exposure(report, "ip", 8080)["evidence"]["probed"], True)


def answers_by_another_interface(host):
    """Policy routing sends the answers out by wan1: they are found there."""
    host.internet.ip(
        "link add up1 type veth peer name wan1 netns " + host.space.path,
        "link set up1 up", "addr add 203.0.113.129/25 dev up1")
    host.space.ip("link set wan1 up", "addr add 203.0.113.130/25 dev wan1",
                  "route replace default via 203.0.113.129 dev wan1")
    try:
        report = scan("--probe=any-source", "--perimeter", "wan0", "--perimeter",
                      "wan1")
        e = exposure(report, "ip", 8080)["evidence"]
    finally:
        host.space.ip("route replace default via 203.0.113.1 dev wan0", "link del wan1")
    want("probed", e["probed"], True)
    want("contradictions", report["confirmation"]["contradictions"], [])


def silent_gateway(host):
    """A gateway that does not answer ARP: no conclusion, and no contradiction."""
    host.internet.ip("link set up0 arp off")
    run("ip", "neigh", "flush", "dev", "wan0")
    try:
        report = scan("--probe=any-source")
    finally:
        host.internet.ip("link set up0 arp on")
        run("ip", "neigh", "flush", "dev", "wan0")
    e = exposure(report, "ip", 8080)["evidence"]
    want("probed", e["probed"], None)
    inside = [p for p in e["probes"] if p["expected"] is not False]
    if not inside or any("neighbour" not in (p["reason"] or "") for p in inside):
        raise Failure("the reason is not told: %s" % inside)
    want("contradictions", report["confirmation"]["contradictions"], [])


def missing_capability(host):
    """It says which is missing, and the scan goes on without the evidence."""
    del host
    for name, bit in (("CAP_BPF", 39), ("CAP_NET_ADMIN", 12), ("CAP_NET_RAW", 13)):
        # CAP_SYS_ADMIN stands for CAP_BPF, so that one goes, too.
        bits = [bit, 21] if name == "CAP_BPF" else [bit]

        def drop(bits=bits):
            for b in bits:
                world.LIBC.prctl(24, b, 0, 0, 0)    # PR_CAPBSET_DROP
        r = subprocess.run(command("--probe"), text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, check=False, preexec_fn=drop)
        if r.returncode not in (0, 1, 3):
            raise Failure("without %s: status %d: %s" % (name, r.returncode, r.stderr))
        report = json.loads(r.stdout)
        why = report["confirmation"]["probing"]["unavailable"] or ""
        want("names " + name, name in why, True)
        if any(e["evidence"]["probed"] is not None for e in report["exposures"]):
            raise Failure("claims to have probed without " + name)


def traces():
    """All that a probe could leave behind on a host."""
    links = re.sub(r"\d+ (bytes|packets)", "", run("ip", "-d", "link", "show"))
    return {"ruleset": run("nft", "list", "ruleset"), "links": links,
            "qdiscs": run("tc", "qdisc", "show"),
            "filters": run("tc", "filter", "show", "dev", "wan0", "ingress", check=False),
            "routes": run("ip", "route", "show", "table", "all", "type", "unicast"),
            "rules": run("ip", "rule", "show"), "bpf": bpf_objects()}


def bpf_objects():
    """Programs named as netmon's, by whoever still holds a descriptor of one."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for fd in os.listdir("/proc/%s/fdinfo" % pid):
                with open("/proc/%s/fdinfo/%s" % (pid, fd), encoding="ascii") as f:
                    if "prog_type:\t6" in f.read():     # BPF_PROG_TYPE_XDP
                        found.append((pid, fd))
        except (OSError, UnicodeDecodeError):
            pass
    return found


def killed(host):
    """Killed at random points: rules, links, tc, routes and BPF programs as before."""
    del host
    before = traces()
    rng = random.Random(7)
    begin = time.monotonic()
    scan("--probe=any-source")
    length = time.monotonic() - begin
    alive = 0
    for _ in range(12):
        p = subprocess.Popen(command("--probe=any-source"), stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.02, length))
        alive += p.poll() is None
        p.send_signal(signal.SIGKILL)
        p.wait()
        after = traces()
        for part, text in before.items():
            if after[part] != text:
                raise Failure("%s changed:\n%s\n%s" % (part, text, after[part]))
    if alive < 8:
        raise Failure("only %d of 12 were still running when they were killed" % alive)


# ---------------------------------------------------------------- flood
def flood(_):
    """A bounded flood of SYNs while watching: memory flat, every handshake found."""
    r = subprocess.run(
        [os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                      "bench", "flood"), "--netmon", ARGS.netmon, "--seconds", "3",
         "--handshakes", "300"], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False)
    print(r.stdout, file=sys.stderr)
    if r.stdout.startswith("SKIP"):
        raise Skip(r.stdout.split(": ", 1)[1].strip())
    if r.returncode:
        raise Failure(r.stdout + r.stderr[-500:])


CHECKS = [handshakes, rules_change, our_own_datagrams, hidden_path, vlan_perimeter, confirmed, manners,
          strict_reverse_path, answers_by_another_interface, silent_gateway,
          missing_capability, killed]


def attempt(name, check, host):
    try:
        check(host)
    except Skip as e:
        print("SKIP %s: %s" % (name, e), flush=True)
    except (Failure, RuntimeError, ValueError, KeyError, IndexError, OSError,
            subprocess.SubprocessError) as e:
        text = str(e) or type(e).__name__
        print("FAIL %s: %s" % (name, text.splitlines()[0]), flush=True)
        print(text, file=sys.stderr, flush=True)
    else:
        print("PASS " + name, flush=True)


def main():
    why = None if os.environ.get(world.INSIDE) else world.missing()
    if why:
        print("SKIP e2e/confirm: " + why)
        return 0
    # It makes namespaces of its own.
    if not os.environ.get(world.INSIDE) and re.search(ARGS.only, "e2e/confirm/flood"):
        attempt("e2e/confirm/flood", flood, None)
    world.enter()
    host = Host()
    for check in CHECKS:
        name = "e2e/confirm/" + check.__name__.replace("_", "-")
        if re.search(ARGS.only, name):
            attempt(name, check, host)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--netmon", required=True)
    parser.add_argument("--only", default=".")
    ARGS = parser.parse_args()
    ARGS.netmon = os.path.abspath(ARGS.netmon)
    sys.exit(main())
