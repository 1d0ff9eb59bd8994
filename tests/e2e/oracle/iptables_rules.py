# SPDX-License-Identifier: GPL-2.0-or-later
"""Random rules in the words of iptables-restore, and ipsets for them."""
from nft_rules import INTERFACES, MARKS
from topology import BRIDGES, CONTAINERS, INTERNET, LAN, NEIGHBOUR, PORTS, PRIVATE, WAN

CHAINS = {
    "raw": ["PREROUTING", "OUTPUT"],
    "mangle": ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
    "nat": ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
    "filter": ["INPUT", "FORWARD", "OUTPUT"],
}
SOURCES = {
    4: INTERNET[4] + PRIVATE[4] + [NEIGHBOUR[4], "198.51.100.0/24", "198.51.100.0/25",
        "192.0.2.0/24", "10.0.0.0/8", "203.0.113.0/24", "128.0.0.0/1", "10.20.0.0/24",
        "198.51.0.0/255.255.0.255"],
    6: INTERNET[6] + PRIVATE[6] + [NEIGHBOUR[6], "2001:db8:5::/48", "2001:db8::/32",
        "fc00::/7", "2000::/3"],
}
TARGETS = {v: WAN[v] + [LAN[v]] + [c[v] for c in CONTAINERS] +
           [b["subnet"][v] for b in BRIDGES.values()] for v in (4, 6)}


class Rules:
    """The lines of one family."""
    def __init__(self, draw, case, v):
        self.draw, self.case, self.v = draw, case, v
        self.rules = {}     # table: [lines]
        self.chains = {}    # table: {chain: [its own]}
        self.policies = {}

    def text(self):
        lines = []
        for table in CHAINS:
            if table not in self.rules and table not in self.chains:
                continue
            lines.append("*" + table)
            lines += [":%s %s" % (c, self.policies.get((table, c), "ACCEPT"))
                      for c in CHAINS[table]]
            lines += [":%s -" % c for c in self.chains.get(table, ())]
            lines += self.rules.get(table, [])
            lines.append("COMMIT")
        return lines

    def add(self, table, chain, rest):
        self.rules.setdefault(table, []).append("-A %s %s" % (chain, rest))

    def own(self, table, chain):
        self.chains.setdefault(table, [])
        if chain not in self.chains[table]:
            self.chains[table].append(chain)
        return chain

    # -------------------------------------------------------------- matches
    def no(self, odds=.2):
        return "! " if self.draw.chance(odds) else ""

    def port(self):
        return self.draw.pick((6, lambda: str(self.draw.choice(PORTS))),
                              (1, lambda: "%d:%d" % tuple(sorted(
                                  self.draw.sample(range(1, 9100), 2)))), (.3, ":1023"))

    def m_port(self):
        draw = self.draw
        proto = draw.pick((4, "tcp"), (2, "udp"))
        if draw.chance(.35):
            kind = draw.pick((6, "--dports"), (1, "--sports"), (1, "--ports"))
            ports = sorted(draw.some(PORTS, 1, 4))
            if draw.chance(.3):
                ports.append("9000:9100" if 9000 not in ports else "9001:9100")
            return "-p %s -m multiport %s%s %s" % (
                proto, self.no(.15), kind, ",".join(map(str, ports)))
        side = draw.pick((9, "--dport"), (1, "--sport"))
        return "-p %s -m %s %s%s %s" % (proto, proto, self.no(.15), side, self.port())

    def matches(self, table, chain, base):
        """Some matches: one of each kind at most, as the parser demands."""
        draw, v = self.draw, self.v
        words = []
        if draw.chance(.4):
            words.append("%s-s %s" % (self.no(), draw.choice(SOURCES[v])))
        if draw.chance(.25):
            words.append("%s-d %s" % (self.no(), draw.choice(TARGETS[v])))
        if draw.chance(.25) and base in ("PREROUTING", "INPUT", "FORWARD"):
            words.append("%s-i %s" % (self.no(), draw.choice(INTERFACES + ["br-+", "w+"])))
        if draw.chance(.25) and base in ("FORWARD", "OUTPUT", "POSTROUTING"):
            words.append("%s-o %s" % (self.no(), draw.choice(INTERFACES + ["br-+"])))
        if draw.chance(.6):
            words.append(self.m_port())
            if words[-1].startswith("-p tcp") and draw.chance(.08):
                words.append(draw.choice([
                    "-m tcp --tcp-flags SYN,ACK SYN", "-m tcp ! --tcp-flags ALL SYN",
                    "-m tcp --tcp-flags ALL NONE"])
                    if "-m tcp" not in words[-1] else "")
        elif draw.chance(.2):
            words.append("%s-p %s" % (self.no(), draw.choice(["tcp", "udp", "icmp" if v == 4
                                                              else "ipv6-icmp"])))
        for _ in range(draw.pick((6, 0), (4, 1), (1, 2))):
            words.append(self.extension(table, base))
        return " ".join(dict.fromkeys(w for w in words if w))

    def extension(self, table, base):
        draw, v = self.draw, self.v
        choices = [
            (3, lambda: "-m mark %s--mark %s" % (self.no(), draw.choice(
                ["0x1", "0x1/0x1", "0x10/0xf0", "0x2", "0x0/0x1"]))),
            (2, lambda: "-m addrtype %s--dst-type %s" % (self.no(), draw.choice(
                ["LOCAL", "UNICAST", "BROADCAST", "LOCAL,UNICAST"]))),
            (1, lambda: "-m addrtype --src-type " + draw.choice(["UNICAST", "LOCAL"])),
            (2, lambda: "-m iprange %s--src-range %s" % (self.no(), draw.choice(
                ["198.51.100.1-198.51.100.99", "1.0.0.0-9.255.255.255"] if v == 4 else
                ["2001:db8:5::1-2001:db8:5::99"]))),
            (.5, lambda: "-m iprange --dst-range " + (
                "172.17.0.2-172.17.0.3" if v == 4 else "fd00:17::2-fd00:17::3")),
            (1, '-m comment --comment "why not"'),
            (1, lambda: "-m pkttype %s--pkt-type unicast" % self.no()),
            (3, lambda: self.m_set()),
            (.15, lambda: draw.choice([
                "-m limit --limit 1000/sec --limit-burst 1000", "-m length --length 0:200",
                "-m ttl --ttl-gt 3" if v == 4 else "-m hl --hl-gt 3",
                "-m statistic --mode nth --every 1 --packet 0",
                "-m time --timestart 00:00 --timestop 23:59:59",
                "-m u32 --u32 0x0=0x0:0xffffffff", "-m string --string zz --algo bm",
                "-m recent --name none --rcheck",
                "-m hashlimit --hashlimit-name h --hashlimit-upto 1000/sec "
                "--hashlimit-burst 1000 --hashlimit-mode srcip",
                "-m connlimit --connlimit-upto 1000", "-m dscp --dscp 0",
                "-m quota --quota 100000000", "-m policy --dir in --pol none"]
                if base in ("PREROUTING", "INPUT", "FORWARD") else ["-m length --length 0:200"]))]
        if table != "raw":
            choices += [
                (5, lambda: "-m conntrack %s--ctstate %s" % (self.no(.1), draw.choice(
                    ["NEW", "RELATED,ESTABLISHED", "NEW,ESTABLISHED", "INVALID", "UNTRACKED",
                     "DNAT", "SNAT", "NEW,DNAT"]))),
                (1.5, lambda: "-m conntrack %s--ctorigdstport %d" % (self.no(), draw.choice(PORTS))),
                (1.5, lambda: "-m conntrack %s--ctorigdst %s" % (self.no(), draw.choice(WAN[v]))),
                (1, lambda: "-m conntrack --ctorigsrc " + draw.choice(SOURCES[v][:9])),
                (1, lambda: "-m conntrack --ctdir " + draw.choice(["ORIGINAL", "REPLY"])),
                (1, lambda: "-m conntrack --ctproto tcp"),
                (1, lambda: "-m conntrack --ctstatus " + draw.choice(["NONE", "CONFIRMED", "SEEN_REPLY"])),
                (1, "-m state --state NEW"),
                (1, lambda: "-m connmark %s--mark %s" % (self.no(), draw.choice(["0x1", "0x10/0xf0"])))]
        if table in ("raw", "mangle") and base == "PREROUTING":
            choices += [(1.5, lambda: "-m rpfilter " + draw.choice(
                ["", "--invert", "--loose", "--loose --invert", "--validmark --invert"]))]
        if base in ("INPUT", "FORWARD", "PREROUTING"):
            choices += [(.4, lambda: "-m mac %s--mac-source 02:00:00:00:00:01" % self.no()),
                        (.4, "-m physdev --physdev-is-bridged")]
        return draw.pick(*choices)

    def m_set(self):
        draw = self.draw
        kind = draw.choice(["net", "ipport", "netport", "ports", "list", "ip", "neti"])
        name = "%s%d" % (kind, self.v)
        where = {"net": ["src"], "ip": ["src"], "ipport": ["dst,dst", "src,dst"],
                 "netport": ["src,dst"], "ports": ["dst"], "list": ["src"], "neti": ["src,src"]}[kind]
        return "-m set %s--match-set %s %s" % (self.no(), self.ipset(kind, name),
                                               draw.choice(where))

    def ipset(self, kind, name):
        """Makes the set when it is first used."""
        lines, draw, v = self.case["ipset"], self.draw, self.v
        if any(x.startswith("create %s " % name) for x in lines):
            return name
        fam = "family inet" if v == 4 else "family inet6"
        types = {"net": "hash:net", "ip": "hash:ip", "ipport": "hash:ip,port",
                 "netport": "hash:net,port", "ports": "bitmap:port range 0-65535",
                 "list": "list:set", "neti": "hash:net,iface"}
        if kind == "list":
            self.ipset("net", "net%d" % v)
            self.ipset("ip", "ip%d" % v)
        lines.append("create %s %s %s -exist" % (
            name, types[kind], fam if kind not in ("ports", "list") else ""))
        nets = [x for x in SOURCES[v] if "255.0.255" not in x and not x.endswith("/1")]
        plain = [x for x in nets if "/" not in x]
        for n in range(draw.randint(1, 4)):
            proto = draw.pick((3, "tcp"), (1, "udp"))
            ports = "%s:%d" % (proto, draw.choice(PORTS))
            item = {"net": lambda: draw.choice(nets) + ("" if draw.chance(.8) else " nomatch"),
                    "ip": lambda: draw.choice(plain),
                    "ipport": lambda: "%s,%s" % (draw.choice(plain + WAN[v] + [
                        c[v] for c in CONTAINERS]), ports),
                    "netport": lambda: "%s,%s" % (draw.choice(nets), ports),
                    "ports": lambda: str(draw.choice(PORTS)),
                    "neti": lambda: "%s,%s" % (draw.choice(nets), draw.choice(INTERFACES)),
                    "list": lambda: ["net%d", "ip%d"][n % 2] % v if n < 2 else None}[kind]()
            if item:
                lines.append("add %s %s -exist" % (name, item))
        return name

    # -------------------------------------------------------------- targets
    def target(self, table, base, callees):
        draw, v = self.draw, self.v
        choices = [(6, "-j ACCEPT"), (3, "-j DROP"), (2, "-j RETURN")]
        if callees:
            name = draw.choice(callees)
            choices += [(6, "-j " + name), (2, "-g " + name)]
        if table == "filter":
            choices += [(2, lambda: "-j REJECT" + draw.choice(
                ["", " --reject-with icmp-host-prohibited" if v == 4 else
                 " --reject-with icmp6-adm-prohibited", " --reject-with " + (
                     "icmp-admin-prohibited" if v == 4 else "icmp6-no-route")]))]
        if table == "mangle":
            choices += [(4, lambda: "-j MARK " + draw.choice(
                ["--set-mark 0x1", "--set-xmark 0x10/0xf0", "--or-mark 0x2", "--and-mark 0xf0",
                 "--xor-mark 0x1"])),
                (2, lambda: "-j CONNMARK " + draw.choice(
                    ["--save-mark", "--restore-mark", "--set-mark 0x1", "--set-xmark 0x10/0xf0",
                     "--restore-mark --nfmask 0xff --ctmask 0xff"]))]
        if table == "raw":
            choices += [(1, "-j CT --notrack"), (1, "-j CT --zone 5"), (.5, "-j NOTRACK")]
        choices += [(.5, "-j LOG"), (.3, ""), (.3, "-j NFLOG")]
        return draw.pick(*choices)

    def nat_target(self, base):
        draw, v = self.draw, self.v
        c = draw.choice(CONTAINERS)[v]
        bracketed = "[%s]" % c if v == 6 else c
        if base in ("PREROUTING", "OUTPUT"):
            return draw.pick(
                (5, lambda: "-p tcp --dport %d" % draw.choice(PORTS) + " -j DNAT --to-destination %s:%d" % (
                    bracketed, draw.choice(PORTS))),
                (2, lambda: "-p tcp -m multiport --dports %s -j DNAT --to-destination %s" % (
                    ",".join(map(str, draw.some(PORTS, 1, 3))), c)),
                (1, lambda: "-p udp --dport %d -j DNAT --to-destination %s:%d" % (
                    draw.choice(PORTS), bracketed, draw.choice(PORTS))),
                (2, lambda: "-p tcp --dport %d -j REDIRECT --to-ports %d" % (
                    draw.choice(PORTS), draw.choice(PORTS))),
                (.5, lambda: "-p tcp --dport %s -j REDIRECT" % self.port()),
                (1, lambda: "-d %s -j NETMAP --to %s" % (
                    ("203.0.113.8/29", "172.17.0.0/29") if v == 4 else
                    ("2001:db8:1::/124", "fd00:17::/124"))),
                (1, lambda: "-d %s -j DNAT --to-destination %s" % (WAN[v][1], c)),
                (.5, "-j ACCEPT"), (.5, "-j RETURN"))
        return draw.pick((4, "-j MASQUERADE"), (1, "-j SNAT --to-source " + WAN[v][0]),
                         (1, "-p tcp -j MASQUERADE --to-ports 20000-30000"),
                         (1, "-j SNAT --to-source " + BRIDGES["docker0"][v]))

    # -------------------------------------------------------------- chains
    def random(self):
        draw = self.draw
        for table, odds in (("raw", .3), ("mangle", .45), ("nat", .6), ("filter", .95)):
            if not draw.chance(odds):
                continue
            for base in CHAINS[table]:
                if base in ("OUTPUT", "INPUT", "POSTROUTING") and table != "filter" and (
                        draw.chance(.5)):
                    continue
                self.fill(table, base)

    def fill(self, table, base):
        draw = self.draw
        callees = []
        if table == "nat" and base == "INPUT":
            return
        for n in range(draw.pick((5, 0), (3, 1), (2, 2))):
            own = self.own(table, "%s-%s%d" % ("sub", base.lower(), n))
            for _ in range(draw.randint(1, 3)):
                self.one(table, own, base, callees)
            callees.append(own)
        if table == "filter" and base != "OUTPUT" and draw.chance(.4):
            self.policies[table, base] = "DROP"
        if table == "filter" and draw.chance(.6):
            self.add(table, base, "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
        for _ in range(draw.pick((1, 0), (3, draw.randint(1, 5))) if base == "OUTPUT"
                       else draw.randint(1, 6)):
            self.one(table, base, base, callees)

    def one(self, table, chain, base, callees):
        words = self.matches(table, chain, base)
        if table == "nat" and self.draw.chance(.75):
            target = self.nat_target(base)
            if "-p " in target and "-p " in words:
                words = ""
            if "-d " in target and "-d " in words:
                words = ""
        else:
            target = self.target(table, base, callees)
            if table == "nat" and ("DROP" in target or "LOG" in target):
                target = "-j RETURN"
        if not words and target in ("-j ACCEPT", "-j DROP") and self.draw.chance(.8):
            words = "-s " + self.draw.choice(SOURCES[self.v])
        self.add(table, chain, " ".join(x for x in (words, target) if x))

    def docker(self):
        """What Docker writes; 28 and later with a chain a bridge and raw drops."""
        draw, v = self.draw, self.v
        modern = draw.chance(.5)
        loopback = "127.0.0.0/8" if v == 4 else "::1/128"
        for name in ("DOCKER-USER", "DOCKER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-FORWARD"):
            self.own("filter", name)
        self.own("nat", "DOCKER")
        self.policies["filter", "FORWARD"] = draw.pick((4, "DROP"), (1, "ACCEPT"))
        self.add("filter", "FORWARD", "-j DOCKER-USER")
        self.add("filter", "FORWARD", "-j DOCKER-FORWARD")
        for _ in range(draw.randint(0, 4)):
            self.one("filter", "DOCKER-USER", "FORWARD", [])
        self.add("filter", "DOCKER-USER", "-j RETURN")
        self.add("nat", "PREROUTING", "-m addrtype --dst-type LOCAL -j DOCKER")
        self.add("nat", "OUTPUT", "! -d %s -m addrtype --dst-type LOCAL -j DOCKER" % loopback)
        for bridge, b in BRIDGES.items():
            if not modern:
                self.add("nat", "DOCKER", "-i %s -j RETURN" % bridge)
            self.add("nat", "POSTROUTING", "-s %s ! -o %s -j MASQUERADE" % (
                b["subnet"][v], bridge))
            self.add("filter", "DOCKER-FORWARD",
                     "-o %s -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT" % bridge)
            self.add("filter", "DOCKER-FORWARD", "-o %s -j DOCKER" % bridge)
            self.add("filter", "DOCKER-FORWARD", "-i %s ! -o %s -j ACCEPT" % (bridge, bridge))
            self.add("filter", "DOCKER-FORWARD", "-i %s -o %s -j ACCEPT" % (bridge, bridge))
        for p in self.case["published"]:
            c = next(x for x in CONTAINERS if x["name"] == p["container"])
            if p["host"] and v == 6:
                continue
            to = "[%s]" % c[6] if v == 6 else c[4]
            self.add("nat", "DOCKER", "%s! -i %s -p %s -m %s --dport %d -j DNAT --to-destination %s:%d" % (
                "-d %s/32 " % p["host"] if p["host"] else "", c["bridge"], p["proto"], p["proto"],
                p["host_port"], to, p["port"]))
            self.add("filter", "DOCKER", "-d %s ! -i %s -o %s -p %s -m %s --dport %d -j ACCEPT" % (
                c[v], c["bridge"], c["bridge"], p["proto"], p["proto"], p["port"]))
            self.add("nat", "POSTROUTING", "-s %s -d %s -p %s -m %s --dport %d -j MASQUERADE" % (
                c[v], c[v], p["proto"], p["proto"], p["port"]))
            if modern:
                self.add("raw", "PREROUTING", "-d %s ! -i %s -j DROP" % (c[v], c["bridge"]))
        if modern:
            for bridge in BRIDGES:
                self.add("filter", "DOCKER", "! -i %s -o %s -j DROP" % (bridge, bridge))


def build(draw, case, engine):
    """Fills case["iptables"], ["ip6tables"] and ["ipset"]."""
    for v, what in ((4, "iptables"), (6, "ip6tables")):
        if v == 6 and draw.chance(.4):
            continue
        rules = Rules(draw, case, v)
        if engine and case["published"]:
            rules.docker()
            for table, base, odds in (("filter", "INPUT", .6), ("mangle", "PREROUTING", .3),
                                      ("raw", "PREROUTING", .2), ("nat", "PREROUTING", .2)):
                if draw.chance(odds):
                    rules.fill(table, base)
        else:
            rules.random()
        case[what] = rules.text()
