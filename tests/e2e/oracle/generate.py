# SPDX-License-Identifier: GPL-2.0-or-later
"""Random but lifelike hosts: a seed gives one case, which kernel.py can load.

A case is plain data whose rules are lists of lines, so that shrinking can leave some out.
Everything is drawn from few addresses, ports and marks: rules and packets then meet.
"""
import random

import iptables_rules
import nft_rules
from topology import (BRIDGES, CONTAINERS, GROUPS, INTERNET, LAN, LAN_PEERS, NEIGHBOUR, PORTS,
                      PRIVATE, ROUTER, SPOOFED, WAN)

CELLS = 72


class Draw(random.Random):
    """Choices by their odds."""
    def chance(self, p):
        return self.random() < p

    def pick(self, *weighted):
        """One of (weight, value) pairs; a callable value is called."""
        value = self.choices([v for _, v in weighted], [w for w, _ in weighted])[0]
        return value() if callable(value) else value

    def some(self, items, least=1, most=4):
        n = min(len(items), self.randint(least, most))
        return self.sample(items, n)


def listeners(draw):
    """[where, proto, address, port, device]: the host's services and the containers'."""
    found = []
    for proto, port, odds in (("tcp", 22, .9), ("tcp", 80, .2), ("tcp", 3128, .4),
                              ("tcp", 8080, .3), ("tcp", 5000, .3), ("udp", 53, .5),
                              ("udp", 5000, .2), ("tcp", 3306, .5)):
        if not draw.chance(odds):
            continue
        local = {4: "127.0.0.1", 6: "::1"} if port == 3306 and draw.chance(.7) else None
        for v in (4, 6):
            address = local[v] if local else draw.pick(
                (8, "0.0.0.0" if v == 4 else "::"), (1, WAN[v][0]), (1, WAN[v][1]),
                (1, LAN[v]), (1, BRIDGES["docker0"][v]))
            if draw.chance(.9):
                found.append(["host", proto, address, port,
                              None if local else
                              draw.pick((30, None), (1, "lan0"), (1, "wan0"))])
    for c in CONTAINERS:
        ports = {("tcp", 80)} | {(draw.pick((4, "tcp"), (2, "udp")), draw.choice(PORTS))
                                 for _ in range(draw.randint(2, 6))}
        for proto, port in sorted(ports):
            for v in (4, 6):
                if draw.chance(.95):
                    found.append([c["name"], proto,
                                  draw.pick((9, "0.0.0.0" if v == 4 else "::"),
                                            (1, "127.0.0.1" if v == 4 else "::1")),
                                  port, None])
    return found


def sysctls(draw):
    found = []

    def maybe(odds, name, *values):
        if draw.chance(odds):
            found.append([name, draw.choice(values)])
    maybe(.08, "net/ipv4/ip_forward", 0)
    maybe(.1, "net/ipv6/conf/all/forwarding", 0)
    maybe(.4, "net/ipv4/conf/all/rp_filter", 1, 2)
    maybe(.3, "net/ipv4/conf/wan0/rp_filter", 1, 2)
    maybe(.2, "net/ipv4/conf/lan0/rp_filter", 1, 2)
    maybe(.1, "net/ipv4/conf/docker0/rp_filter", 1, 2)
    maybe(.15, "net/ipv4/conf/all/route_localnet", 1)
    maybe(.15, "net/ipv4/conf/wan0/route_localnet", 1)
    maybe(.15, "net/ipv4/conf/docker0/route_localnet", 1)
    maybe(.04, "net/ipv4/conf/wan0/forwarding", 0)
    maybe(.04, "net/ipv4/conf/lan0/forwarding", 0)
    maybe(.1, "net/ipv4/conf/all/src_valid_mark", 1)
    maybe(.4, "net/bridge/bridge-nf-call-iptables", 0)
    maybe(.4, "net/bridge/bridge-nf-call-ip6tables", 0)
    return found


def policy_routes(draw):
    """Lines for `ip -batch` and `ip -6 -batch`: tables 100 and 101, and rules for them."""
    lines = {4: [], 6: []}
    if not draw.chance(.25):
        return lines
    for table in (100, 101):
        for v in (4, 6):
            default = "0.0.0.0/0" if v == 4 else "::/0"
            lines[v].append("route add %s table %d" % (draw.pick(
                (4, "%s via %s dev wan0" % (default, ROUTER[v])),
                (2, "%s via %s dev lan0" % (default, LAN_PEERS[v][0])),
                (2, "blackhole " + default), (1, "unreachable " + default),
                (1, "prohibit " + default), (2, "local %s dev lo" % default),
                (2, "blackhole %s" % BRIDGES["docker0"]["subnet"][v]),
                (2, "%s dev docker0" % BRIDGES["docker0"]["subnet"][v])), table))
    for n in range(draw.randint(1, 3)):
        v = draw.pick((3, 4), (1, 6))
        selector = draw.pick(
            (4, lambda: "fwmark %s" % draw.choice(["0x10", "0x1/0x1", "0x20/0xf0", "0x2"])),
            (3, lambda: "from " + draw.choice(INTERNET[v] + [
                CONTAINERS[0][v], BRIDGES["br-front"]["subnet"][v]])),
            (2, lambda: "to " + draw.choice([CONTAINERS[1][v],
                                             BRIDGES["docker0"]["subnet"][v]])),
            (1, lambda: "iif " + draw.choice(["wan0", "lan0", "docker0"])),
            (1, lambda: "not fwmark 0x1"),
            (1, lambda: "ipproto tcp dport %d" % draw.choice(PORTS)),
            (1, lambda: "iif lo"), (1, lambda: "tos 0x10"))
        action = draw.pick((6, lambda: "lookup %d" % draw.choice([100, 101])),
                           (1, "blackhole"), (1, "unreachable"), (1, "prohibit"),
                           (1, "lookup main suppress_prefixlength 0"))
        lines[v].append("rule add %s prio %d %s" % (selector, 1000 + n, action))
    return lines


def inside(draw):
    """Rules within a container's own namespace; few have any."""
    if not draw.chance(.05):
        return {}
    rule = draw.choice([
        "tcp dport 80 drop", "ip saddr 198.51.100.0/24 drop", "ct state new tcp dport 80 accept",
        "tcp dport { 80, 443 } counter accept", "meta l4proto udp drop"])
    name = draw.choice(CONTAINERS)["name"]
    if draw.chance(.3):
        return {name: [
            "add table inet own",
            "add chain inet own nat { type nat hook prerouting priority -100; }",
            "add rule inet own nat tcp dport %s redirect to :80" %
            draw.choice(["8080", "443", "81-9000", "!= 80"])]}
    return {name: [
        "add table inet own",
        "add chain inet own in { type filter hook input priority 0; policy %s; }" %
        draw.choice(["accept", "drop"]), "add rule inet own in " + rule]}


def cells(draw, case):
    """The packets: from whom to where, mostly to what somebody listens on."""
    found, seen = [], set()
    targets = [(p, n) for _, p, _, n, _ in case["listeners"]]
    targets += [(p["proto"], p["host_port"]) for p in case["published"]] * 2
    for n in range(CELLS):
        v = draw.pick((3, 4), (2, 6))
        vantage = draw.pick((6, "internet"), (3, "neighbour"), (2, "lan"))
        if vantage == "internet":
            source = draw.pick((6, lambda: draw.choice(INTERNET[v])),
                               (2, lambda: draw.choice(PRIVATE[v])),
                               (1, lambda: draw.choice(SPOOFED[v])), (1, ROUTER[v]))
        else:
            source = NEIGHBOUR[v] if vantage == "neighbour" else draw.choice(LAN_PEERS[v])
        to = draw.pick((7, WAN[v][0]), (2, WAN[v][1]), (1, LAN[v]),
                       (1, lambda: BRIDGES[draw.choice(list(BRIDGES))][v]),
                       (4, lambda: draw.choice(CONTAINERS)[v]),
                       (1 if vantage == "neighbour" and v == 4 else 0, "127.0.0.1"))
        if vantage == "internet" and to.startswith("127."):
            continue
        proto, port = draw.choice(targets) if draw.chance(.75) else (
            draw.pick((3, "tcp"), (1, "udp")), draw.choice(PORTS))
        key = (source, to, proto, port)
        if key in seen:
            continue
        seen.add(key)
        sport = 33000 + n if draw.chance(.93) else draw.choice([53, 80, 123, 500, 1024])
        found.append({"vantage": vantage, "from": source, "to": to, "proto": proto,
                      "port": port, "sport": sport})
    return found + group_cells(draw, targets)


def group_cells(draw, targets):
    """A neighbour's datagrams to addresses that the host has together with others."""
    ports = [n for proto, n in targets if proto == "udp"] or [53]
    found = {}
    for n in range(4):
        v = draw.pick((2, 4), (1, 6))
        to, port = draw.choice(GROUPS[v]), draw.choice(ports)
        found[to, port] = {"vantage": "neighbour", "from": NEIGHBOUR[v], "to": to,
                           "proto": "udp", "port": port, "sport": 34000 + n}
    return list(found.values())


def published(draw, listening):
    """What an engine was told to publish; rules for it come from either generator."""
    found = []
    for _ in range(draw.randint(1, 4)):
        name, proto, port = draw.choice([(w, p, n) for w, p, _, n, _ in listening
                                         if w != "host"])
        if draw.chance(.15):
            port = draw.choice(PORTS)
        found.append({"container": name, "proto": proto,
                      "host_port": draw.choice(PORTS), "port": port,
                      "host": draw.pick((6, ""), (1, "127.0.0.1"), (1, WAN[4][0]))})
    return list({(p["proto"], p["host_port"]): p for p in found}.values())


def generate(seed):
    draw = Draw(seed)
    routes, sockets = policy_routes(draw), listeners(draw)
    case = {"seed": seed, "sysctl": sysctls(draw), "ip": routes[4], "ip6": routes[6],
            "listeners": sockets, "internal": [], "inside": inside(draw),
            "nft": [], "iptables": [], "ip6tables": [], "ipset": [], "legacy": False,
            "published": published(draw, sockets) if draw.chance(.75) else []}
    if draw.chance(.1):
        case["internal"] = [draw.choice(CONTAINERS)["name"]]
    manner = draw.pick((4, "nft"), (3, "iptables"), (4, "both"))
    engine = draw.choice(["nft", "iptables"]) if manner == "both" else manner
    if manner != "iptables":
        nft_rules.build(draw, case, engine == "nft")
    if manner != "nft":
        case["legacy"] = draw.chance(.1)
        iptables_rules.build(draw, case, engine == "iptables")
    case["order"] = ["nft", "iptables", "ip6tables"]
    draw.shuffle(case["order"])
    case["cells"] = cells(draw, case)
    return case
