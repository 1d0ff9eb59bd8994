#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""netmon against a real dockerd and real packets; a line a check.

usage: tests/e2e/docker_test.py --netmon PATH [--only REGEX] [--accept]

Each scenario sets up containers and rules on the lab's host. Then, from an Internet, a
private, an adjacent and a lan vantage, every listening port and one that is none is
dialled at every address of the host and of the containers, over TCP and UDP, and

  packets   'explain' says of each of those packets what became of it
  claims    'scan' lists an exposure for exactly those that were answered
  edges     the addresses at both sides of every edge of 'reach' are in or out as it says
  probe     injected packets confirm each exposure and each claim that it is closed
  snapshot  a saved snapshot gives the same exposures and findings, byte for byte
  expected  what this scenario is about, told without netmon's help

--accept rewrites the expected table of the policy scenario.
"""
import argparse
import difflib
import ipaddress
import json
import os
import re
import socket
import subprocess
import sys

import engine
import lab as world
from lab import Cell, probe, run

HERE = os.path.dirname(os.path.abspath(__file__))
NOWHERE = 4     # a port that nobody listens on
INTERNET = ["198.51.100.7", "192.0.2.77", "203.0.113.200", "8.8.8.8", "2001:db8:5::7",
            "2600::1"]
PRIVATE = ["10.99.0.5", "192.168.77.5", "100.64.3.3", "fd00:99::5"]
ADJACENT = [world.ADJACENT, world.ADJACENT6]
# Neither Internet nor private: no claim is made about such a source.
NO_SOURCE = [ipaddress.ip_network(n) for n in (
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.88.99.0/24",
    "198.18.0.0/15", "224.0.0.0/3", "203.0.113.0/25", "10.20.0.0/24", "172.16.0.0/12",
    "::/3", "4000::/2", "8000::/2", "c000::/3", "e000::/4", "f000::/5", "f800::/6",
    "fe00::/7", "2001::/23", "2002::/16", "2001:db8:1::/64", "2001:db8:d0c::/48",
    "5f00::/16", "100::/64")]
PRIVATE_NETS = [ipaddress.ip_network(n) for n in (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")]
SCENARIOS = []


def scenario(**options):
    """Registers a scenario; options are dockerd's, by the names of daemon.json."""
    def register(function):
        SCENARIOS.append((function.__name__.replace("_", "-"), options, function))
        return function
    return register


class Failure(Exception):
    pass


class Skip(Exception):
    pass


class Expect:
    """What a scenario is about.

    opens, shuts: (source, destination, port[, proto]) that must or must not be answered;
    opens_of_20: opened by Debian 12's engine, shut by newer ones;
    addresses: containers' own, to be dialled by those who can route to them;
    check: called with scan's report.
    """
    def __init__(self, ports, opens=(), shuts=(), addresses=(), check=None,
                 opens_of_20=()):
        self.ports, self.opens, self.shuts = set(ports), list(opens), list(shuts)
        (self.shuts if engine.TOLD else self.opens).extend(opens_of_20)
        self.addresses, self.check = list(addresses), check


# ---------------------------------------------------------------- scenarios
HOST_PORTS = {22, 6379, 3307}


def host_services(lab):
    lab.listen("sshd", "tcp:22")
    lab.listen("redis", "tcp:127.0.0.1:6379", "udp:3307")


@scenario()
def publish_any(lab):
    lab.container("web", ["tcp:80", "udp:53"], ["8080:80/tcp", "5300:53/udp"])
    host_services(lab)
    return Expect({80, 53, 8080, 5300} | HOST_PORTS, addresses=["172.17.0.2"], opens=[
        ("198.51.100.7", world.WAN, 8080), ("198.51.100.7", world.WAN, 5300, "udp"),
        ("2001:db8:5::7", world.WAN6, 8080), ("10.99.0.5", world.WAN, 8080),
        (world.ADJACENT, world.WAN, 8080)],
        shuts=[("198.51.100.7", world.WAN, 80), ("198.51.100.7", world.WAN, 6379)])


@scenario()
def publish_loopback(lab):
    lab.container("db", ["tcp:5432"], ["127.0.0.1:15432:5432/tcp"])

    def check(report):
        if any(e["reach"]["internet"].get("may") for e in report["exposures"]):
            raise Failure("claims that the Internet reaches a loopback-bound port")
    # The neighbour's way in is real: 20.10 translates before 127/8 is refused.
    return Expect({5432, 15432}, addresses=["172.17.0.2"], check=check,
                  shuts=[("198.51.100.7", world.WAN, 15432)],
                  opens_of_20=[(world.ADJACENT, "127.0.0.1", 15432),
                               (world.LAN_PEER, "127.0.0.1", 15432)])


@scenario()
def unpublished(lab):
    lab.container("inner", ["tcp:9200"])
    return Expect({9200}, addresses=["172.17.0.2"],
                  shuts=[("198.51.100.7", world.WAN, 9200),
                         (world.ADJACENT, "172.17.0.2", 9200)])


def internet_set(report, port):
    for e in report["exposures"]:
        if e["endpoint"]["port"] == port and e["endpoint"]["family"] == "ip":
            found = e["reach"]["internet"]
            if found["must"] != found["may"]:
                raise Failure("port %d: must and may differ" % port)
            return [ipaddress.ip_network(n) for n in found["must"]]
    raise Failure("no exposure of port %d" % port)


@scenario()
def docker_user_allows(lab):
    lab.container("shop", ["tcp:443"], ["8443:443/tcp"])
    run("iptables", "-I", "DOCKER-USER", "-i", "wan0", "!", "-s", "198.51.100.0/24",
        "-j", "DROP")

    def check(report):
        found = internet_set(report, 8443)
        if found != [ipaddress.ip_network("198.51.100.0/24")]:
            raise Failure("internet is %s, not 198.51.100.0/24" % found[:5])
    return Expect({443, 8443}, addresses=["172.17.0.2"], check=check, opens=[
        ("198.51.100.7", world.WAN, 8443)], shuts=[("192.0.2.77", world.WAN, 8443)])


@scenario()
def docker_user_drops(lab):
    lab.container("open", ["tcp:80"], ["8000:80/tcp"])
    open_report = scan(lab)
    run("iptables", "-I", "DOCKER-USER", "-s", "203.0.113.128/25", "-j", "DROP")
    dropped = ipaddress.ip_network("203.0.113.128/25")

    def check(report):
        before = ipaddress.collapse_addresses(internet_set(open_report, 8000))
        want = []
        for n in before:
            want += list(n.address_exclude(dropped)) if dropped.subnet_of(n) else [n]
        found = list(ipaddress.collapse_addresses(internet_set(report, 8000)))
        if found != list(ipaddress.collapse_addresses(want)):
            raise Failure("internet is not what it was less 203.0.113.128/25")
    return Expect({80, 8000}, addresses=["172.17.0.2"], check=check,
                  opens=[("198.51.100.7", world.WAN, 8000)],
                  shuts=[("203.0.113.200", world.WAN, 8000)])


@scenario()
def docker_user_ranges(lab):
    """Several prefixes that touch, nest and leave holes."""
    lab.container("api", ["tcp:80", "udp:80"], ["8000:80/tcp", "8000:80/udp"])
    for rule in ("-s 198.51.100.64/26 -j DROP", "-s 198.51.100.0/24 -j RETURN",
                 "-m iprange --src-range 192.0.2.10-192.0.2.77 -j RETURN",
                 "-p udp -s 8.8.8.0/24 -j RETURN", "-i wan0 -j DROP"):
        run("iptables", "-A", "DOCKER-USER", *rule.split())
    run("iptables", "-D", "DOCKER-USER", "1")   # Docker's own RETURN
    return Expect({80, 8000}, opens=[
        ("192.0.2.77", world.WAN, 8000), ("8.8.8.8", world.WAN, 8000, "udp")],
        shuts=[("8.8.8.8", world.WAN, 8000)])


@scenario()
def input_rules_bypassed(lab):
    """A firewall of INPUT rules: it guards the host's sshd and not the container."""
    lab.container("web", ["tcp:80"], ["8080:80/tcp"])
    host_services(lab)
    for tables in ("iptables", "ip6tables"):
        run(tables, "-A", "INPUT", "-p", "tcp", "-i", "wan0", "-j", "DROP")
    return Expect({80, 8080} | HOST_PORTS, addresses=["172.17.0.2"], opens=[
        ("198.51.100.7", world.WAN, 8080)], shuts=[
            ("198.51.100.7", world.WAN, 22), ("2001:db8:5::7", world.WAN6, 8080)])


@scenario()
def native_rules(lab):
    """Sets, a verdict map, an early drop and a reject in nft's own tables."""
    lab.container("web", ["tcp:80"], ["8080:80/tcp", "8081:80/tcp"])
    host_services(lab)
    run("nft", "-f", "-", text="""
table inet seawall_lab {
	set banned { type ipv4_addr; flags interval; elements = { 192.0.2.0/26, 8.8.8.8 } }
	set partners { type ipv6_addr; flags interval; elements = { 2600::/32 } }
	chain early {
		type filter hook prerouting priority raw; policy accept;
		ip saddr @banned drop
		iifname "wan0" tcp dport { 8081, 22 } ip6 saddr != @partners drop
	}
	chain in {
		type filter hook input priority filter + 5; policy accept;
		iifname vmap { "wan0" : jump outside, "lan0" : accept }
	}
	chain outside {
		ct state established,related accept
		meta l4proto udp th dport 3307 ip saddr != 10.0.0.0/8 drop
		tcp dport 22 ip saddr 198.51.100.0-198.51.100.99 accept
		tcp dport 22 meta nfproto ipv4 reject with tcp reset
	}
}
""")
    return Expect({80, 8080, 8081} | HOST_PORTS, opens=[
        ("198.51.100.7", world.WAN, 22), ("2600::1", world.WAN6, 8081)], shuts=[
            ("8.8.8.8", world.WAN, 8080), ("192.0.2.77", world.WAN, 22),
            ("2001:db8:5::7", world.WAN6, 8081)])


@scenario()
def every_zone_has_edges(lab):
    """In each zone and family some sources are kept out, over TCP and UDP."""
    lab.listen("svc", "tcp:3307", "udp:3307")
    run("nft", "-f", "-", text="""
table inet seawall_lab {
	chain in {
		type filter hook input priority filter; policy accept;
		ip saddr { 8.8.8.0/24, 10.99.0.0/16, 203.0.113.77 } drop
		ip6 saddr { 2600::/32, fd00:99::/64, 2001:db8:1::77 } drop
	}
}
""")
    return Expect({3307}, opens=[
        ("198.51.100.7", world.WAN, 3307), ("2001:db8:5::7", world.WAN6, 3307, "udp")],
        shuts=[("8.8.8.8", world.WAN, 3307), ("2600::1", world.WAN6, 3307, "udp"),
               ("fd00:99::5", world.WAN6, 3307), (world.ADJACENT, world.WAN, 3307)])


@scenario()
def amplifiers(lab):
    # A machine that lacks a capability itself cannot start a privileged container.
    privileged = world.has_all_capabilities()
    lab.container("agent", ["tcp:9000"], ["9000:9000/tcp"], Privileged=privileged,
                  CapAdd=[] if privileged else ["SYS_ADMIN"], PidMode="host",
                  Binds=["/run/docker.sock:/var/run/docker.sock"])
    lab.container("plain", ["tcp:9001"], ["9001:9001/tcp"])

    def check(report):
        by_name = {e["container"]["name"]: e.get("amplifiers") or []
                   for e in report["exposures"] if e.get("container")}
        for want in ["docker-socket"] + ["privileged"] * privileged:
            if want not in by_name.get("agent", []):
                raise Failure("agent lacks the amplifier %s: %s" % (want, by_name))
            if want in by_name.get("plain", []):
                raise Failure("plain has the amplifier " + want)
    return Expect({9000, 9001}, addresses=["172.17.0.2", "172.17.0.3"], check=check,
                  opens=[("198.51.100.7", world.WAN, 9000)])


@scenario()
def host_network(lab):
    lab.container("edge", ["tcp:7000", "udp:7001", "tcp:127.0.0.1:7002"], network="host")

    def check(report):
        if not any(e["path"] == "host-network" and e["container"]["name"] == "edge" and
                   e["endpoint"]["port"] == 7000 for e in report["exposures"]):
            raise Failure("no host-network exposure of container edge")
    return Expect({7000, 7001, 7002}, check=check, opens=[
        ("198.51.100.7", world.WAN, 7000), ("2001:db8:5::7", world.WAN6, 7000),
        ("198.51.100.7", world.WAN, 7001, "udp")],
        shuts=[("198.51.100.7", world.WAN, 7002)])


@scenario()
def macvlan(lab):
    lab.network("beside", "macvlan", ["203.0.113.0/25"], Options={"parent": "wan0"})
    lab.container("direct", ["tcp:8080"], network="beside", ipv4="203.0.113.40")
    return Expect({8080}, addresses=["203.0.113.40"], opens=[
        ("198.51.100.7", "203.0.113.40", 8080), (world.ADJACENT, "203.0.113.40", 8080)])


@scenario()
def user_networks(lab):
    """Two networks, two containers, one of them bound to one address of the host."""
    lab.network("front", subnets=["172.30.1.0/24"])
    lab.network("back", subnets=["172.30.2.0/24"])
    lab.container("front", ["tcp:80"], [world.WAN + ":8080:80/tcp"], network="front",
                  ipv4="172.30.1.10")
    lab.container("back", ["tcp:80"], [world.LAN + ":8080:80/tcp"], network="back",
                  ipv4="172.30.2.10")
    return Expect({80, 8080}, addresses=["172.30.1.10", "172.30.2.10"], opens=[
        ("198.51.100.7", world.WAN, 8080), (world.LAN_PEER, world.LAN, 8080)])


@scenario(**{"userland-proxy": False})
def proxy_off(lab):
    lab.container("web", ["tcp:80"], ["8080:80/tcp", "127.0.0.1:8081:80/tcp"])
    return Expect({80, 8080, 8081}, addresses=["172.17.0.2"], opens=[
        ("198.51.100.7", world.WAN, 8080)], shuts=[
            ("2001:db8:5::7", world.WAN6, 8080), ("198.51.100.7", world.WAN, 8081)])


V6 = {"ipv6": True, "fixed-cidr-v6": "2001:db8:d0c::/64"}


@scenario(**V6)
def ipv6_routed(lab):
    """Without ip6tables, an option of 20.10's that newer engines have on, every port of
    a global container address is open."""
    lab.route_to_containers("2001:db8:d0c::/48")
    lab.container("six", ["tcp:80", "tcp:81"], ["8080:80/tcp"])
    return Expect({80, 81, 8080}, addresses=["172.17.0.2", "2001:db8:d0c::242:ac11:2"],
                  opens_of_20=[("2001:db8:5::7", "2001:db8:d0c::242:ac11:2", 81)])


@scenario(**dict(V6, ip6tables=True, experimental=True))
def ipv6_filtered(lab):
    lab.route_to_containers("2001:db8:d0c::/48")
    lab.container("six", ["tcp:80", "tcp:81"], ["8080:80/tcp"])
    # 20.10 has no DOCKER-USER for IPv6.
    run("ip6tables", "-I", "FORWARD", "-s", "2600::/32", "-j", "DROP")
    return Expect({80, 81, 8080}, addresses=["172.17.0.2", "2001:db8:d0c::242:ac11:2"],
                  opens=[("2001:db8:5::7", world.WAN6, 8080)],
                  shuts=[("2001:db8:5::7", "2001:db8:d0c::242:ac11:2", 81),
                         ("2600::1", world.WAN6, 8080)])


# ---------------------------------------------------------------- netmon
def netmon(*arguments, text=None, allowed=(0, 1, 3)):
    r = subprocess.run([ARGS.netmon] + list(arguments), input=text, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                       timeout=60)
    if r.returncode not in allowed:
        raise Failure("netmon %s: status %d: %s" % (arguments[0], r.returncode,
                                                   r.stderr.strip()[-500:]))
    return r.stdout


def scan(lab, *arguments):
    del lab     # it is the namespaces that matter: one lab a process
    return json.loads(netmon("scan", "--format", "json", *(
        arguments or ("--engine", world.SOCKET))))


# ---------------------------------------------------------------- checks
def zone_of(source):
    """The zone of a source that comes in through the router; None: no claim."""
    a = ipaddress.ip_address(source)
    if any(a in n for n in NO_SOURCE):
        return None
    return "private" if any(a in n for n in PRIVATE_NETS) else "internet"


def make_cells(lab, expect):
    """(zone, interface, cell) for every port at every address, from every vantage."""
    wan = [world.WAN, world.WAN6]
    public = [a for a in expect.addresses
              if ":" in a or a.startswith("203.0.113.")]
    bridges = ["172.17.0.1", world.LAN, "127.0.0.1"]
    found = []
    for zone, interface, space, sources, targets in (
            ("internet", "wan0", lab.internet, INTERNET, wan + public),
            ("private", "wan0", lab.internet, PRIVATE, wan + expect.addresses),
            ("adjacent", "wan0", lab.adjacent, ADJACENT,
             wan + bridges + expect.addresses),
            ("lan", "lan0", lab.lan, [world.LAN_PEER],
             [world.LAN, world.WAN, "172.17.0.1", "127.0.0.1"] + expect.addresses)):
        for source in sources:
            for to in targets:
                if (":" in source) != (":" in to):
                    continue
                for port in sorted(expect.ports | {NOWHERE}):
                    for proto in ("tcp", "udp"):
                        found.append((zone, interface, Cell(space, source, to, proto,
                                                            port)))
    return found


def explain(cells):
    """netmon's result for each of (zone, interface, cell), asked in one batch."""
    lines = [json.dumps({"from": c.source, "to": c.to, "proto": c.proto, "port": c.port,
                         "in": i, "zone": "private" if z == "lan" else z})
             for z, i, c in cells]
    out = netmon("explain", "--batch", "-", "--format", "json", "--engine", world.SOCKET,
                 text="\n".join(lines) + "\n", allowed=(0, 3))
    answers = [json.loads(x) for x in out.splitlines() if x.strip()]
    if len(answers) != len(cells):
        raise Failure("%d answers to %d questions" % (len(answers), len(cells)))
    return answers


def same(answer, cell):
    """closed and rejected look alike where a rule answers with RST or port unreachable."""
    got = answer.get("result")
    if {got, cell.result} == {"closed", "rejected"}:
        return True
    if got != cell.result:
        return False
    name = (answer.get("container") or {}).get("name")
    return got != "open" or not name or name == cell.who


def retry(cells, wrong, seconds=2.5):
    """Sends again, slowly, where the answer may have been lost; at most twice."""
    for _ in range(2):
        suspects = [c for c in cells if wrong(c)]
        if not suspects or len(suspects) > 200:
            return
        probe(suspects, seconds=seconds, at_once=25)


def check_packets(cells):
    answers = explain(cells)
    by_cell = {id(c): a for (_, _, c), a in zip(cells, answers)}
    plain = [c for _, _, c in cells]
    retry(plain, lambda c: not same(by_cell[id(c)], c))
    bad = ["%s by %s from %s: packets say %s %s, explain says %s" % (
        c, i, z, c.result, c.who, a.get("result"))
           for (z, i, c), a in zip(cells, answers) if not same(a, c)]
    if bad:
        raise Failure("%d of %d cells\n%s" % (len(bad), len(cells), "\n".join(bad[:20])))
    return "%d cells" % len(cells)


class Claims:
    """scan's exposures, made ready to look up one packet."""
    def __init__(self, report, hosts):
        self.hosts = hosts
        self.sets = {}
        self.by_port = {}
        for e in report["exposures"]:
            key = e["endpoint"]["proto"], e["endpoint"]["port"]
            self.by_port.setdefault(key, []).append(e)

    def networks(self, e, zone):
        key = id(e), zone
        if key not in self.sets:
            reach = e["reach"].get(zone) or {}
            if reach.get("must") != reach.get("may"):
                raise Failure("%s: must and may differ for %s" % (e["id"], zone))
            self.sets[key] = [ipaddress.ip_network(n) for n in reach.get("must") or []]
        return self.sets[key]

    def matching(self, zone, source, to, proto, port):
        """The exposures that say: this packet is answered."""
        source = ipaddress.ip_address(source)
        family = "ip6" if source.version == 6 else "ip"
        for e in self.by_port.get((proto, port), []):
            where = e["endpoint"]["address"]
            if e["endpoint"]["family"] != family:
                continue
            # DNAT of "every address of the host" comes before 127/8 is refused.
            hosts = self.hosts + ["127.0.0.1"] * (e["path"] == "dnat")
            if where.split("/")[0] != to and not (where in ("0.0.0.0/0", "::/0") and
                                                  to in hosts):
                continue
            if any(source in n for n in self.networks(e, zone)):
                yield e


def check_claims(claims, cells):
    def disagree(zone, c):
        # "private" joins what comes in by wan0 and by lan0: a claim need not hold for
        # both, but who gets an answer must be claimed.
        claimed = any(e["evidence"]["listening"] is not False for e in claims.matching(
            "private" if zone == "lan" else zone, c.source, c.to, c.proto, c.port))
        if c.result == "open":
            return None if claimed else "does not claim it"
        return "claims it" if claimed and zone != "lan" else None
    zones = {id(c): z for z, _, c in cells}
    plain = [c for _, _, c in cells]
    retry(plain, lambda c: disagree(zones[id(c)], c))
    bad = ["%s from %s: scan %s, packets say %s" % (c, z, disagree(z, c), c.result)
           for z, _, c in cells if disagree(z, c)]
    if bad:
        raise Failure("%d of %d cells\n%s" % (len(bad), len(cells), "\n".join(bad[:20])))
    return "%d cells, %d open" % (len(cells), sum(c.result == "open" for c in plain))


def edges(networks):
    """Both sides of every edge of a union of prefixes."""
    points = set()
    for n in ipaddress.collapse_addresses(networks):
        low, high = int(n.network_address), int(n.broadcast_address)
        points.update((low - 1, low, high, high + 1))
        make = type(n.network_address)
    return [str(make(p)) for p in sorted(points)
            if 0 <= p < 2 ** make(0).max_prefixlen] if points else []


def check_edges(lab, report, claims):
    tested = []
    for e in report["exposures"]:
        end = e["endpoint"]
        v6 = end["family"] == "ip6"
        to = end["address"].split("/")[0]
        if end["address"] in ("0.0.0.0/0", "::/0"):
            to = world.WAN6 if v6 else world.WAN
        if to not in (world.WAN, world.WAN6) or end["proto"] not in ("tcp", "udp"):
            continue
        points = edges(claims.networks(e, "internet") + claims.networks(e, "private"))
        for p in points:
            if zone_of(p):
                tested.append(Cell(lab.internet, p, to, end["proto"], end["port"]))
            elif p.startswith("10.20.0.") and p != world.LAN:
                tested.append(Cell(lab.lan, p, to, end["proto"], end["port"]))
    if not tested:
        raise Skip("nothing reaches the host's own addresses in this scenario")
    # IPv4 and IPv6 twins of an exposure ask the same again.
    tested = list({str(c): c for c in tested}.values())
    probe(tested)

    def claimed(c):
        return any(e["evidence"]["listening"] is not False for e in claims.matching(
            zone_of(c.source) or "private", c.source, c.to, c.proto, c.port))

    def wrong(c):
        return claimed(c) != (c.result == "open")
    retry(tested, wrong)
    bad = ["%s: reach says %s, packets say %s" % (c, "in" if claimed(c) else "out",
                                                 c.result) for c in tested if wrong(c)]
    if bad:
        raise Failure("%d of %d sources\n%s" % (len(bad), len(tested),
                                               "\n".join(bad[:20])))
    return "%d sources" % len(tested)


def check_snapshot(report):
    path = os.path.join(world.RUN, "snapshot.json")
    netmon("snapshot", "--output", path, "--engine", world.SOCKET, allowed=(0,))
    again = scan(None, "--snapshot", path)
    for part in ("exposures", "findings"):
        one, two = (json.dumps(r[part], indent=1) for r in (report, again))
        if one != two:
            diff = list(difflib.unified_diff(one.splitlines(), two.splitlines(),
                                             "live", "snapshot", lineterm=""))
            raise Failure("%s differ\n%s" % (part, "\n".join(diff[:30])))
    return "%d exposures, %d findings" % (len(report["exposures"]),
                                          len(report["findings"]))


def check_expected(lab, expect, report):
    def ask(rows):
        return probe([Cell(lab.adjacent if r[0] in ADJACENT else
                           lab.lan if r[0] == world.LAN_PEER else lab.internet,
                           r[0], r[1], r[3] if len(r) > 3 else "tcp", r[2])
                      for r in rows])
    opens, shuts = ask(expect.opens), ask(expect.shuts)
    retry(opens, lambda c: c.result != "open")
    bad = [str(c) + " is not answered" for c in opens if c.result != "open"]
    bad += [str(c) + " is answered" for c in shuts if c.result == "open"]
    if bad:
        raise Failure("\n".join(bad))
    if expect.check:
        expect.check(report)


PROBED = set()      # (zone, family, protocol, "answered" or "silent") of all scenarios


def meet_lan_peer(lab):
    """A link-local source can only be one that the host knows: it says hello to it."""
    with lab.lan.inside():
        links = json.loads(run("ip", "-json", "-6", "addr", "show", "lan0"))
    for a in links[0]["addr_info"]:
        if a["scope"] == "link":
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
                s.sendto(b"", (a["local"], 9, 0, socket.if_nametoindex("lan0")))


def check_probe(lab, report):
    """Every exposure is answered, everything claimed closed is silent, nothing is left."""
    del report      # of before: this scan reads for itself
    meet_lan_peer(lab)
    r = scan(None, "--engine", world.SOCKET, "--probe=any-source")
    confirmation = r["confirmation"]
    bad = ["rules say %s: %s" % (c["rules_say"], json.dumps(c))
           for c in confirmation["contradictions"]]
    probes = confirmation["probing"]
    if probes["unavailable"]:
        raise Skip(probes["unavailable"])
    for e in r["exposures"]:
        end, evidence = e["endpoint"], e["evidence"]
        name = "%s %d/%s %s" % (end["address"], end["port"], end["proto"], e["path"])
        if evidence["listening"] is True and evidence["probed"] is not True:
            bad.append("%s: probed is %s: %s" % (name, evidence["probed"],
                                                 evidence["probes"]))
        for p in evidence["probes"]:
            word = "answered" if p["open"] else "silent"
            if p["agrees"] and (p["expected"] or word == "silent"):
                PROBED.add((p["zone"], end["family"], end["proto"], word))
    if bad:
        raise Failure("%d complaints\n%s" % (len(bad), "\n".join(bad[:20])))
    return "%d sent, %d answered, %d silent, %d without a conclusion" % (
        probes["sent"], probes["answered"], probes["silent"], probes["unknown"])


def check_probe_coverage():
    """Over all scenarios each zone was heard and was refused, by each family and protocol.

    Only denied probes of an endpoint that somebody reaches are counted here.
    """
    want = {(z, f, p, w) for z in ("internet", "private", "adjacent")
            for f in ("ip", "ip6") for p in ("tcp", "udp") for w in ("answered", "silent")}
    if not PROBED:
        raise Skip("no scenario was probed")
    missing = {" ".join(x) for x in want - PROBED}
    if missing:
        raise Failure("never seen: " + ", ".join(sorted(missing)))
    return "%d of %d kinds" % (len(PROBED & want), len(want))


POLICY = {
    "version": 1,
    "sources": {"office": ["198.51.100.0/24"]},
    "approvals": [
        {"id": "web-public", "container": {"name": "web"}, "ports": ["8080/tcp"],
         "from": ["internet", "private", "adjacent"], "control": "public by design",
         "approved_by": "security@example.org", "ticket": "SEC-1",
         "expires": "2099-12-31"},
        {"id": "shop-office", "container": {"name": "shop"}, "ports": ["8443/tcp"],
         "from": ["office"], "control": "source limit",
         "approved_by": "security@example.org", "ticket": "SEC-2",
         "expires": "2099-12-31"},
        {"id": "old-api", "container": {"name": "api"}, "ports": ["9000/tcp"],
         "from": ["internet"], "control": "beta test",
         "approved_by": "security@example.org", "ticket": "SEC-3",
         "expires": "2020-01-31"}],
}


def check_policy_table(lab):
    """Approved, more than approved, expired: as JSON says it and as the table shows it."""
    lab.start(**{"userland-proxy": False})
    lab.reset()
    lab.container("web", ["tcp:80"], ["8080:80/tcp"])
    lab.container("shop", ["tcp:443"], ["8443:443/tcp"])
    lab.container("api", ["tcp:9000"], ["9000:9000/tcp"])
    policy = os.path.join(world.RUN, "policy.json")
    with open(policy, "w", encoding="utf-8") as f:
        json.dump(POLICY, f)
    report = scan(lab, "--engine", world.SOCKET, "--policy", policy)
    verdicts = {e["container"]["name"]: e["verdict"] for e in report["exposures"]
                if e["path"] == "dnat" and e["endpoint"]["family"] == "ip"}
    want = {"web": "approved", "shop": "violation", "api": "violation"}
    if verdicts != want:
        raise Failure("verdicts %s, want %s" % (verdicts, want))
    table = netmon("scan", "--engine", world.SOCKET, "--policy", policy, "--color",
                   "never", allowed=(1,))
    table = re.sub(r"\b[0-9a-f]{12,64}\b", "ID", table)
    table = re.sub(r"handle \d+", "handle N", table)
    if engine.TOLD:
        raise Skip("the expected table is that of Debian 12's engine")
    table = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-][\d:]+)", "TIME", table)
    # A kernel without nfnetlink_hook adds this, whatever the policy.
    table = re.sub(r"\nWhat could not be read or modelled\n  host: functions of other "
                   r"modules on netfilter's hooks[^\n]*\n$", "", table)
    path = os.path.join(HERE, "policy-table.expected")
    if ARGS.accept:
        with open(path, "w", encoding="utf-8") as f:
            f.write(table)
    with open(path, encoding="utf-8") as f:
        diff = list(difflib.unified_diff(f.read().splitlines(), table.splitlines(),
                                         "expected", "printed", lineterm=""))
    if diff:
        raise Failure("the table differs\n" + "\n".join(diff[:40]))


# ---------------------------------------------------------------- running
def attempt(name, function, *arguments):
    """One check, one line; False when it failed."""
    try:
        detail = function(*arguments)
    except Skip as e:
        print("SKIP %s: %s" % (name, e), flush=True)
        return True
    except (Failure, RuntimeError, ValueError, KeyError, TypeError, OSError,
            subprocess.TimeoutExpired) as e:
        text = str(e) if isinstance(e, Failure) else "%s: %s" % (type(e).__name__, e)
        print("FAIL %s: %s" % (name, text.splitlines()[0] if text else "?"), flush=True)
        print("%s\n%s" % (name, text), file=sys.stderr, flush=True)
        return False
    print("PASS " + name, flush=True)
    if detail:
        print("%s: %s" % (name, detail), file=sys.stderr, flush=True)
    return True


def run_scenario(lab, name, options, function):
    state = {}

    def set_up():
        lab.start(**options)
        lab.reset()
        run("nft", "delete", "table", "inet", "seawall_lab", check=False)
        for tables in ("iptables", "ip6tables"):
            run(tables, "-F", "INPUT")
        run("ip6tables", "-D", "FORWARD", "-s", "2600::/32", "-j", "DROP", check=False)
        state["expect"] = function(lab)
        state["report"] = scan(lab)
        state["cells"] = make_cells(lab, state["expect"])
        probe([c for _, _, c in state["cells"]])
        hosts = [world.WAN, world.WAN6, world.LAN, "172.17.0.1"]
        state["claims"] = Claims(state["report"], hosts)
    if not attempt("e2e/%s/set-up" % name, set_up):
        return
    report, cells, expect = state["report"], state["cells"], state["expect"]
    attempt("e2e/%s/expected" % name, check_expected, lab, expect, report)
    attempt("e2e/%s/packets" % name, check_packets, cells)
    attempt("e2e/%s/claims" % name, check_claims, state["claims"], cells)
    attempt("e2e/%s/edges" % name, check_edges, lab, report, state["claims"])
    attempt("e2e/%s/probe" % name, check_probe, lab, report)
    attempt("e2e/%s/snapshot" % name, check_snapshot, report)


def main():
    why = None if os.environ.get(world.INSIDE) else world.missing()
    if why:
        print("SKIP e2e: " + why)
        return 0
    world.enter()
    lab = world.Lab()
    for name, options, function in SCENARIOS:
        if re.search(ARGS.only, "e2e/%s/" % name) or "/" + name + "/" in ARGS.only:
            run_scenario(lab, name, options, function)
    if re.search(ARGS.only, "e2e/policy-table"):
        attempt("e2e/policy-table", check_policy_table, lab)
    if re.search(ARGS.only, "e2e/probe-coverage"):
        attempt("e2e/probe-coverage", check_probe_coverage)
    lab.stop()
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--netmon", required=True)
    parser.add_argument("--only", default=".")
    parser.add_argument("--accept", action="store_true")
    ARGS = parser.parse_args()
    ARGS.netmon = os.path.abspath(ARGS.netmon)
    sys.exit(main())
