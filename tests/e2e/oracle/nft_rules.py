# SPDX-License-Identifier: GPL-2.0-or-later
"""Random rules in nft's own words: tables, chains, sets, maps and what uses them."""
from topology import BRIDGES, CONTAINERS, INTERNET, LAN, NEIGHBOUR, PORTS, PRIVATE, WAN

SOURCES = {
    4: INTERNET[4] + PRIVATE[4] + [NEIGHBOUR[4], "198.51.100.0/24", "198.51.100.0/25",
        "192.0.2.0/24", "10.0.0.0/8", "192.168.0.0/16", "203.0.113.0/24", "128.0.0.0/1",
        "198.51.100.1-198.51.100.100", "8.0.0.0-9.255.255.255", "10.20.0.0/24"],
    6: INTERNET[6] + PRIVATE[6] + [NEIGHBOUR[6], "2001:db8:5::/48", "2001:db8::/32",
        "fc00::/7", "2000::/3", "2001:db8:5::1-2001:db8:5::99"],
}
TARGETS = {v: WAN[v] + [LAN[v]] + [c[v] for c in CONTAINERS] +
           [b["subnet"][v] for b in BRIDGES.values()] for v in (4, 6)}
INTERFACES = ["wan0", "lan0", "docker0", "br-front"]
MARKS = ["0x1", "0x2", "0x10", "0x20", "0x11"]
HOOKS = {
    "prerouting": ["raw", "mangle", "dstnat", "-350", "-250", "-90", "0"],
    "input": ["mangle", "filter", "security", "-10", "10", "100"],
    "forward": ["mangle", "filter", "security", "-10", "10"],
    "output": ["raw", "mangle", "filter", "10"],
    "postrouting": ["mangle", "srcnat", "0", "300"],
}


class Chain:
    """Where a rule stands: which words it may use depends on it."""
    def __init__(self, table, name, hook, nat=False, base=False, priority=""):
        self.table, self.name, self.hook = table, name, hook
        self.nat, self.base, self.priority = nat, base, priority
        self.callees = []


class Table:
    def __init__(self, draw, case, family, name, flags=""):
        self.draw, self.lines = draw, case["nft"]
        self.family, self.name = family, name
        self.sets = {}
        self.count = 0
        self.new_rule()
        self.lines.append("add table %s %s%s" % (family, name, flags))

    def add(self, what, rest):
        self.lines.append("add %s %s %s %s" % (what, self.family, self.name, rest))

    # -------------------------------------------------------------- values
    def version(self):
        """The address family and (in self.proto) the protocol that one rule speaks of."""
        return self.rule_version

    def new_rule(self):
        self.rule_version = 6 if self.family == "ip6" else 4
        if self.family in ("inet", "netdev"):
            self.rule_version = self.draw.pick((3, 4), (2, 6))
        self.proto = self.draw.pick((6, "tcp"), (2, "udp"), (1, "th"))

    def port_list(self):
        """Elements of ports that do not overlap."""
        items, edges = [], sorted(self.draw.some(range(20, 9100, 10), 2, 4))
        if self.draw.chance(.4):
            items += ["%d-%d" % (a, b) for a, b in zip(edges[::2], edges[1::2])]
        inside = [range(int(x.split("-")[0]), int(x.split("-")[1]) + 1) for x in items]
        return items + [str(p) for p in self.draw.some(PORTS)
                        if not any(p in r for r in inside)]

    def ranged(self, name):
        return any("-" in x or "/" in x for x in name)

    def addresses(self, v, kind=None):
        return self.draw.some((kind or SOURCES)[v], 1, 4)

    def elements(self, items):
        return "{ %s }" % ", ".join(items)

    def port(self):
        return str(self.draw.choice(PORTS))

    def container(self, v):
        return self.draw.choice(CONTAINERS)[v]

    # -------------------------------------------------------------- named sets and maps
    def named(self, kind):
        """The name of a set or map of that kind, which is made when first asked for."""
        if kind in self.sets and self.draw.chance(.7):
            return self.sets[kind]
        self.count += 1
        name = "%s%d" % (kind.replace(".", "_"), self.count)
        what, spec = getattr(self, "make_" + kind)()
        self.add(what, "%s { %s }" % (name, spec))
        self.sets[kind] = name
        return name

    def interval(self, key, items):
        auto = " auto-merge;" if self.ranged(items) else ""
        return "type %s; flags interval;%s elements = %s;" % (key, auto, self.elements(items))

    def make_src4(self):
        return "set", self.interval("ipv4_addr", self.addresses(4))

    def make_src6(self):
        return "set", self.interval("ipv6_addr", self.addresses(6))

    def make_ports(self):
        return "set", self.interval("inet_service", self.port_list())

    def make_timed4(self):
        items = ["%s timeout 1h" % a for a in self.draw.some(INTERNET[4] + PRIVATE[4])]
        return "set", "type ipv4_addr; flags timeout; elements = %s;" % self.elements(items)

    def make_empty4(self):
        return "set", "type ipv4_addr;"

    def make_ifaces(self):
        return "set", "type ifname; elements = %s;" % self.elements(
            ['"%s"' % i for i in self.draw.some(INTERFACES, 1, 3)])

    def pairs(self, v, kind=None):
        """address . port, with intervals in either part."""
        found = {}
        # nft refuses elements that overlap unless one lies within the other's corner.
        addresses = self.draw.sample((kind or SOURCES)[v], 4)
        for _ in range(self.draw.randint(1, 4)):
            a = self.draw.choice(addresses)
            p = self.draw.pick((3, self.port), (1, lambda: "%d-%d" % tuple(sorted(
                self.draw.sample(range(20, 9100), 2)))))
            found.setdefault((a, p), "%s . %s" % (a, p))
        return list(found.values())

    def make_pair4(self):
        return "set", "type ipv4_addr . inet_service; flags interval; elements = %s;" % (
            self.elements(self.pairs(4)))

    def make_pair6(self):
        return "set", "type ipv6_addr . inet_service; flags interval; elements = %s;" % (
            self.elements(self.pairs(6)))

    def make_dnat4(self):
        return "map", "type inet_service : ipv4_addr; elements = %s;" % self.elements(
            ["%d : %s" % (p, self.container(4)) for p in self.draw.some(PORTS)])

    def make_dnatport4(self):
        return "map", "type inet_service : ipv4_addr . inet_service; elements = %s;" % (
            self.elements(["%d : %s . %s" % (p, self.container(4), self.port())
                           for p in self.draw.some(PORTS)]))

    def make_marks(self):
        return "map", "type inet_service : mark; flags interval; elements = %s;" % (
            self.elements(["%s : %s" % (p, self.draw.choice(MARKS))
                           for p in self.port_list()]))

    # -------------------------------------------------------------- matches
    def match(self, chain):
        """One match that fits the chain."""
        draw = self.draw
        choices = [(6, self.m_address), (6, self.m_port), (2, self.m_proto),
                   (2, self.m_concat), (3, self.m_mark), (.3, self.m_undecided),
                   (1 if self.proto == "tcp" else 0, self.m_flags)]
        if self.family == "netdev":
            return draw.pick((6, self.m_address), (6, self.m_port), (2, self.m_proto),
                             (2, self.m_concat), (1, self.m_mark))
        if chain.hook != "output" and chain.hook != "postrouting":
            choices += [(4, lambda: self.m_interface("iif"))]
        if chain.hook in ("forward", "output", "postrouting"):
            choices += [(4, lambda: self.m_interface("oif"))]
        if chain.hook == "prerouting":
            choices += [(3, self.m_fib)]
        if chain.priority not in ("raw", "-350"):
            choices += [(4, self.m_ct)]
        if chain.hook in ("input", "forward"):
            choices += [(.6, lambda: "fib daddr type %s" % draw.choice(
                ["local", "unicast", "{ local, broadcast }"]))]
        if self.family == "inet":
            choices += [(1, lambda: "meta nfproto " + draw.choice(["ipv4", "ipv6"]))]
        return draw.pick(*choices)

    def m_address(self):
        draw, v = self.draw, self.version()
        ip, side = "ip" if v == 4 else "ip6", draw.pick((3, "saddr"), (2, "daddr"))
        kind = SOURCES if side == "saddr" else TARGETS
        value = draw.pick(
            (5, lambda: draw.choice(kind[v])),
            (3, lambda: self.set_of(self.addresses(v, kind))),
            (2 if side == "saddr" else 0, lambda: "@" + self.named("src%d" % v)),
            (1 if side == "saddr" and v == 4 else 0,
             lambda: "@" + self.named(draw.choice(["timed4", "empty4"]))))
        return "%s %s %s%s" % (ip, side, "!= " if draw.chance(.2) else "", value)

    def set_of(self, items):
        """An anonymous set; overlapping prefixes are left out."""
        if len(items) > 1 and self.ranged(items):
            items = [x for x in items if "/" not in x and "-" not in x] or items[:1]
        return self.elements(items)

    def m_port(self):
        draw = self.draw
        proto = self.proto
        side = draw.pick((9, "dport"), (1, "sport"))
        value = draw.pick((4, self.port), (3, lambda: self.elements(self.port_list())),
                          (2, lambda: "@" + self.named("ports")),
                          (1, lambda: "%d-%d" % tuple(sorted(draw.sample(range(1, 9100), 2)))))
        bound = draw.choice(["< ", "<= ", "> ", ">= "]) + self.port()
        if draw.chance(.08):
            return "%s %s %s" % (proto, side, bound)
        pre = "meta l4proto { tcp, udp } " if proto == "th" else ""
        return "%s%s %s %s%s" % (pre, proto, side, "!= " if draw.chance(.15) else "", value)

    def m_proto(self):
        if self.proto != "th":
            return self.draw.choice(["meta l4proto " + self.proto] + (
                ["ip protocol " + self.proto] if self.version() == 4 else []))
        return self.draw.choice(["meta l4proto { tcp, udp }", "meta l4proto != tcp",
                                 "meta l4proto != udp", "meta l4proto { icmp, ipv6-icmp }"])

    def m_concat(self):
        draw, v = self.draw, self.version()
        ip = "ip" if v == 4 else "ip6"
        proto = self.proto
        if self.proto == "th":
            return "meta l4proto . th dport { %s }" % ", ".join(sorted({
                "%s . %s" % (draw.choice(["tcp", "udp"]), self.port())
                for _ in range(draw.randint(1, 3))}))
        return draw.pick(
            (3, lambda: "%s saddr . %s dport %s%s" % (ip, proto, "!= " if draw.chance(.2) else "", draw.pick(
                (2, lambda: "@" + self.named("pair%d" % v)),
                (1, lambda: self.elements(self.pairs(v)))))),
            (2, lambda: "%s daddr . %s dport %s" % (
                ip, proto, self.elements(self.pairs(v, TARGETS)))),
            (2, lambda: "%s saddr . %s daddr { %s }" % (ip, ip, ", ".join(
                "%s . %s" % (draw.choice(SOURCES[v]), draw.choice(TARGETS[v]))
                for _ in range(draw.randint(1, 2))))))

    def m_mark(self):
        draw = self.draw
        mark = draw.choice(MARKS)
        return draw.pick(
            (3, "meta mark " + mark), (1, "meta mark != " + mark),
            (2, "meta mark & %s == %s" % (draw.choice(["0x1", "0xff", "0xf0"]), mark)),
            (1, "meta mark & %s != 0" % mark), (1, "meta mark { 0x1, 0x10 }"),
            (1, "meta mark < 0x10"))

    def m_flags(self):
        return self.draw.choice(["tcp flags syn", "tcp flags & (fin|syn|rst|ack) == syn",
                                 "tcp flags != syn", "tcp flags { syn, syn|ack }",
                                 "tcp flags & (syn|ack) != syn"])

    def m_undecided(self):
        return self.draw.choice(["limit rate 1000/second burst 1000 packets",
                                 "meta length < 200", "ct bytes < 100000", "meta skuid 0",
                                 "meta pkttype host", "limit rate over 1000/second",
                                 "quota 100 mbytes", "meta hour \"00:00\"-\"23:59\""])

    def m_interface(self, side):
        draw = self.draw
        return draw.pick(
            (5, lambda: '%sname %s"%s"' % (side, "!= " if draw.chance(.25) else "",
                                           draw.choice(INTERFACES))),
            (2, lambda: "%s %s%s" % (side, "!= " if draw.chance(.2) else "",
                                     draw.choice(INTERFACES + ["lo"]))),
            (2, lambda: '%sname { %s }' % (side, ", ".join(
                '"%s"' % x for x in draw.some(INTERFACES, 1, 3)))),
            (1, lambda: '%sname "%s*"' % (side, draw.choice(["br-", "wan", "docker", "l"]))),
            (1, lambda: "%sname @%s" % (side, self.named("ifaces"))))

    def m_fib(self):
        return self.draw.choice([
            "fib daddr type local", "fib daddr type != local", "fib daddr type { local, unicast }",
            "fib saddr . iif oif exists", "fib saddr . iif oif missing", "fib saddr type unicast",
            "fib daddr . iif type local", "fib saddr . mark . iif oif missing",
            "fib saddr oifname wan0"])

    def m_ct(self):
        draw, v = self.draw, self.version()
        return draw.pick(
            (4, "ct state new"), (4, "ct state established,related"), (1, "ct state != new"),
            (1, "ct state { new, established }"), (1, "ct state invalid"),
            (1, "ct state untracked"),
            (2, "ct status dnat"), (1, "ct status & dnat != 0"), (1, "ct status snat"),
            (2, lambda: "meta l4proto tcp ct original proto-dst %s" % self.port()
             if self.proto != "udp" else "ct state new"),
            (2, lambda: "ct original %s daddr %s" % (
                "ip" if v == 4 else "ip6", draw.choice(WAN[v]))),
            (1, lambda: "ct original %s saddr %s" % (
                "ip" if v == 4 else "ip6", draw.choice([x for x in SOURCES[v] if "-" not in x]))),
            (1, "ct direction original"), (1, "ct direction reply"),
            (2, lambda: "ct mark " + draw.choice(MARKS)), (1, "ct mark & 0x1 == 0x1"),
            (1, "ct protocol tcp"))

    # -------------------------------------------------------------- statements
    def verdict(self, chain):
        draw = self.draw
        choices = [(7, "accept"), (3, "drop"), (2, "return")]
        if chain.callees:
            callee = draw.choice(chain.callees).name
            choices += [(6, "jump " + callee), (2, "goto " + callee)]
        if chain.hook in ("input", "forward", "output") and not chain.nat:
            choices += [(2, lambda: self.reject())]
        return draw.pick(*choices)

    def reject(self):
        v = self.family
        if v == "inet":
            kinds = ["reject", "reject with icmpx type admin-prohibited",
                     "reject with icmpx type port-unreachable", "reject with icmpx type no-route"]
        elif v == "ip":
            kinds = ["reject", "reject with icmp type host-prohibited",
                     "reject with icmp type net-unreachable"]
        else:
            kinds = ["reject", "reject with icmpv6 type admin-prohibited"]
        return self.draw.choice(kinds)

    def vmap(self, chain):
        draw, v = self.draw, self.version()

        def verdicts(keys, catch=False):
            found = ["%s : %s" % (k, self.simple_verdict(chain)) for k in keys]
            return found + (["* : " + self.simple_verdict(chain)]
                            if catch and draw.chance(.3) else [])
        ip = "ip" if v == 4 else "ip6"
        choices = [
            (3, lambda: "tcp dport vmap " + self.elements(verdicts(self.port_list(), True))),
            (2, lambda: "%s saddr vmap %s" % (ip, self.elements(verdicts(
                [x for x in self.draw.some(INTERNET[v] + PRIVATE[v])])))),
            (1, lambda: "meta l4proto vmap " + self.elements(verdicts(["tcp", "udp"]))),
            (2, lambda: "%s daddr . meta l4proto . th dport vmap %s" % (ip, self.elements(verdicts(
                sorted({"%s . %s . %s" % (draw.choice(WAN[v] + [c[v] for c in CONTAINERS]),
                                          draw.choice(["tcp", "udp"]), self.port())
                        for _ in range(draw.randint(1, 4))}))))),
            (1, lambda: "meta mark vmap " + self.elements(verdicts(draw.some(MARKS))))]
        names = ['"%s"' % x for x in draw.some(INTERFACES, 1, 3)]
        if chain.hook not in ("output", "postrouting", "ingress"):
            choices += [(3, lambda: "iifname vmap " + self.elements(verdicts(names)))]
        if chain.hook in ("forward", "postrouting"):
            choices += [(3, lambda: "oifname vmap " + self.elements(verdicts(names)))]
        if chain.priority not in ("raw", "-350") and chain.hook != "ingress":
            choices += [(2, lambda: "ct state vmap { established : %s, related : accept, "
                         "new : %s }" % (draw.pick((9, "accept"), (1, "continue")),
                                         self.simple_verdict(chain)))]
        return draw.pick(*choices)

    def simple_verdict(self, chain):
        choices = [(5, "accept"), (2, "drop"), (1, "continue"), (1, "return")]
        if chain.callees:
            name = self.draw.choice(chain.callees).name
            choices += [(6, "jump " + name), (2, "goto " + name)]
        return self.draw.pick(*choices)

    def set_mark(self, chain):
        draw = self.draw
        mark = draw.choice(MARKS)
        ways = ["meta mark set " + mark, "meta mark set meta mark | " + mark,
                "meta mark set meta mark & 0xfffffff0", "meta mark set meta mark ^ " + mark,
                "meta mark set %s dport map @%s" % (self.proto, self.named("marks"))]
        if self.proto == "th":
            ways.pop()
        if chain.priority not in ("raw", "-350") and chain.hook != "ingress":
            ways += ["ct mark set " + mark, "meta mark set ct mark", "ct mark set meta mark",
                     "meta mark set ct mark & 0xff", "ct mark set ct mark | " + mark]
        if chain.hook == "ingress":
            ways = ways[:1]
        return draw.choice(ways)

    def dnat(self, v):
        draw = self.draw
        to = "ip to" if self.family == "inet" and v == 4 else (
            "ip6 to" if self.family == "inet" else "to")
        proto = self.proto if self.proto != "th" else "tcp"
        need = "%s dport %s" % (proto, self.elements(self.port_list()) if draw.chance(.3)
                                else self.port())
        if draw.chance(.12):
            need = "meta l4proto " + proto
        address = self.container(v)
        bracketed = "[%s]" % address if v == 6 else address
        ways = [(5, "%s dnat %s %s:%s" % (need, to, bracketed, self.port())),
                (3, "%s dnat %s %s" % (need, to, address)),
                (3, "%s redirect to :%s" % (need, self.port())),
                (1, "%s redirect" % need),
                (1, "%s dnat %s %s" % (need, to, draw.choice(WAN[v]))),
                (.5, "%s dnat %s %s:%s-%s" % (need, to, bracketed, 8080, 8081))]
        if v == 4:
            ways += [(1, lambda: "dnat %s %s dport map @%s" % (to, proto, self.named("dnat4"))),
                     (1, lambda: "dnat ip addr . port to %s dport map @%s" % (
                         proto, self.named("dnatport4"))),
                     (1, lambda: "dnat %s %s dport map { %s : %s, %s : %s }" % (
                         to, proto, 80, self.container(4), 8080, self.container(4)))]
        return draw.pick(*ways)

    def snat(self, chain, v):
        draw = self.draw
        to = "to" if self.family != "inet" else "ip to" if v == 4 else "ip6 to"
        if chain.hook == "input":   # what the service sees; masquerade is not for it
            return "snat %s %s" % (to, draw.choice([WAN[v][0], LAN[v]]))
        return draw.pick((4, "masquerade"), (1, "snat %s %s" % (to, WAN[v][0])),
                         (1, "meta l4proto tcp masquerade to :20000-30000"),
                         (1, "snat %s %s" % (to, BRIDGES["docker0"][v])))

    def nat_rule(self, chain):
        """A rule of a nat chain."""
        if self.proto == "th":
            self.proto = "tcp"
        draw, v = self.draw, self.version()
        guard = [] if self.family != "inet" else [
            "meta nfproto " + ("ipv4" if v == 4 else "ipv6")]
        guard += [self.match(chain) for _ in range(draw.pick((3, 0), (4, 1), (2, 2)))]
        if chain.hook in ("prerouting", "output"):
            what = self.dnat(v)
        else:
            what = self.snat(chain, v)
        if chain.callees and draw.chance(.3):
            what = "jump " + draw.choice(chain.callees).name
        elif draw.chance(.12):
            what = draw.choice(["accept", "return", "drop"] if chain.hook != "input" else ["accept"])
        return " ".join(guard + [what])

    def rule(self, chain):
        draw = self.draw
        self.new_rule()
        if chain.nat:
            return self.nat_rule(chain)
        if draw.chance(.15):
            return self.vmap(chain)
        words = [self.match(chain) for _ in range(draw.pick((1, 0), (5, 1), (4, 2), (1, 3)))]
        if draw.chance(.2):
            words.append("counter")
        what = [(10, lambda: self.verdict(chain))]
        what += [(2, lambda: self.set_mark(chain))]
        if chain.priority in ("raw", "-350") and chain.hook in ("prerouting", "output"):
            what += [(1.5, "notrack"), (1, "ct zone set %d" % draw.choice([1, 5])), (2, "drop")]
        what += [(.4, lambda: 'log prefix "x " ' + self.verdict(chain)), (.3, "continue"), (.3, "")]
        verdict = draw.pick(*what)
        if not words and verdict in ("accept", "drop", "notrack") and draw.chance(.8):
            words.append(self.match(chain))
        if not words and not verdict:
            return "counter"
        text = " ".join(words + [verdict])
        if draw.chance(.05):
            text += ' comment "a rule"'
        return text

    # -------------------------------------------------------------- chains
    def chain(self, hook, name, base, nat=False, priority="", policy="accept", device=""):
        if base:
            self.add("chain", "%s { type %s hook %s%s priority %s; policy %s; }" % (
                name, "nat" if nat else "filter", hook, device, priority, policy))
        else:
            self.add("chain", name)
        return Chain(self, name, hook, nat, base, priority)

    def random_base(self):
        draw = self.draw
        if self.family == "netdev" or (self.family == "inet" and draw.chance(.05)):
            hook, priority, nat = "ingress", draw.choice(["0", "-10", "filter"]), False
        else:
            hook = draw.pick((5, "prerouting"), (5, "input"), (7, "forward"), (2, "output"),
                             (2, "postrouting"))
            nat = hook in ("prerouting", "postrouting") and draw.chance(.55) or (
                hook == "input" and draw.chance(.03))
            priority = draw.choice(HOOKS[hook])
            if nat:
                priority = {"prerouting": draw.choice(["dstnat", "-90", "-110"]),
                            "input": "100", "postrouting": "srcnat"}[hook]
        self.count += 1
        policy = "drop" if draw.chance(.18) and not nat and hook in (
            "input", "forward", "prerouting") else "accept"
        device = " device wan0" if hook == "ingress" else ""
        callees = []
        for n in range(draw.pick((5, 0), (3, 1), (2, 2), (1, 3))):
            c = self.chain(hook, "sub%d_%d" % (self.count, n), False, nat, priority)
            c.callees = list(callees)
            callees.append(c)
        base = self.chain(hook, "base%d_%s" % (self.count, hook), True, nat, priority, policy,
                          device)
        base.callees = callees
        for c in callees:
            for _ in range(draw.randint(1, 4)):
                self.add("rule", "%s %s" % (c.name, self.rule(c)))
        if policy == "drop" or draw.chance(.3):
            if not nat and hook in ("input", "forward") and draw.chance(.8):
                self.add("rule", "%s ct state established,related accept" % base.name)
        for _ in range(draw.randint(1, 6)):
            self.add("rule", "%s %s" % (base.name, self.rule(base)))


def docker(draw, case):
    """What Docker 29 writes: verdict maps by interface, a chain a bridge, raw drops."""
    for v, family in ((4, "ip"), (6, "ip6")):
        if v == 6 and draw.chance(.4):
            continue
        t = Table(draw, case, family, "docker-bridges")
        for name, spec in (
                ("raw-PREROUTING", "type filter hook prerouting priority raw; policy accept;"),
                ("nat-PREROUTING", "type nat hook prerouting priority dstnat; policy accept;"),
                ("filter-FORWARD", "type filter hook forward priority filter; policy accept;"),
                ("nat-POSTROUTING", "type nat hook postrouting priority srcnat; policy accept;")):
            t.add("chain", "%s { %s }" % (name, spec))
        for bridge, b in BRIDGES.items():
            t.add("chain", "filter-forward-in__" + bridge)
            t.add("chain", "nat-postrouting-out__" + bridge)
        t.add("map", 'filter-forward-in-jumps { type ifname : verdict; elements = { %s }; }' % (
            ", ".join('"%s" : jump filter-forward-in__%s' % (x, x) for x in BRIDGES)))
        t.add("map", 'nat-postrouting-out-jumps { type ifname : verdict; elements = { %s }; }' % (
            ", ".join('"%s" : jump nat-postrouting-out__%s' % (x, x) for x in BRIDGES)))
        t.add("chain", "nat-prerouting-and-output")
        t.add("rule", "nat-PREROUTING fib daddr type local counter jump nat-prerouting-and-output")
        t.add("rule", "filter-FORWARD oifname vmap @filter-forward-in-jumps")
        t.add("rule", "nat-POSTROUTING iifname vmap @nat-postrouting-out-jumps")
        for bridge, b in BRIDGES.items():
            inward = "filter-forward-in__" + bridge
            t.add("rule", inward + " ct state established,related counter accept")
            if draw.chance(.2):
                t.add("rule", inward + " meta mark & 0x1 == 0x1 counter accept")
            t.add("rule", '%s iifname "%s" counter accept comment "ICC"' % (inward, bridge))
            for p in case["published"]:
                c = next(x for x in CONTAINERS if x["name"] == p["container"])
                if c["bridge"] == bridge:
                    publish(t, p, c, inward, bridge, v)
            t.add("rule", '%s counter drop comment "UNPUBLISHED PORT DROP"' % inward)
            t.add("rule", 'nat-postrouting-out__%s oifname != "%s" %s saddr %s counter masquerade'
                  % (bridge, bridge, family, b["subnet"][v]))
        for c in CONTAINERS:
            if draw.chance(.7):
                t.add("rule", 'raw-PREROUTING %s daddr %s iifname != "%s" counter drop' % (
                    family, c[v], c["bridge"]))


def publish(t, p, c, inward, bridge, v):
    ip, to = ("ip", c[4]) if v == 4 else ("ip6", "[%s]" % c[6])
    t.add("rule", "%s %s daddr %s %s dport %d counter accept" % (
        inward, ip, c[v], p["proto"], p["port"]))
    only = "%s daddr %s " % (ip, p["host"]) if p["host"] and v == 4 else ""
    if p["host"] and v == 6:
        return
    t.add("rule", 'nat-prerouting-and-output %siifname != "%s" %s dport %d counter dnat to %s:%d' % (
        only, bridge, p["proto"], p["host_port"], to, p["port"]))
    if p["host"] == "127.0.0.1":
        t.add("rule", 'raw-PREROUTING ip daddr 127.0.0.1 iifname != "lo" %s dport %d counter drop' % (
            p["proto"], p["host_port"]))


def build(draw, case, engine):
    """Fills case["nft"]."""
    order = draw.random()
    if engine and case["published"] and order < .5:
        docker(draw, case)
    for n in range(draw.pick((4, 1), (3, 2), (2, 3))):
        family = draw.pick((4, "inet"), (3, "ip"), (1.5, "ip6"), (.5, "netdev"))
        flags = " { flags dormant; }" if draw.chance(.03) else ""
        table = Table(draw, case, family, "t%d" % n, flags)
        for _ in range(draw.randint(1, 4) if family != "netdev" else 1):
            table.random_base()
    if engine and case["published"] and order >= .5:
        docker(draw, case)
