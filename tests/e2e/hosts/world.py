# SPDX-License-Identifier: GPL-2.0-or-later
"""A host made for one question: its rules as a tool writes them, and packets through it.

    internet (any address)     neighbour 203.0.113.77       lan 10.20.0.1
        | 203.0.113.1              |                           |
        +--------- wan0 -----------+                         lan0
       203.0.113.10, 2001:db8:1::10      10.20.0.10, fd00:20::10
                              host

Containers are namespaces with a listener, behind a bridge each network has; an engine's
stand-in tells of them. Everything belongs to this process and ends with it. Neighbours
are static entries, so that rules about neighbour discovery decide nothing.
"""
import json
import os
import signal
import socket
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "oracle"), os.path.dirname(HERE)]
import kernel   # noqa: E402, pylint: disable=wrong-import-position
import lab      # noqa: E402, pylint: disable=wrong-import-position
import stand_in     # noqa: E402, pylint: disable=wrong-import-position

WAN, WAN6, LAN, LAN6 = "203.0.113.10", "2001:db8:1::10", "10.20.0.10", "fd00:20::10"
ROUTER, ROUTER6 = "203.0.113.1", "2001:db8:1::1"
NEIGHBOUR, NEIGHBOUR6 = "203.0.113.77", "2001:db8:1::77"
PEER, PEER6 = "10.20.0.1", "fd00:20::1"
NOWHERE = 4     # a port that nobody listens on
# vantage: (interface it comes in by, zone, sources)
VANTAGES = {
    "internet": ("wan0", "internet", ["198.51.100.7", "192.0.2.77", "2001:db8:5::7"]),
    "private": ("wan0", "private", ["10.99.0.5", "fd00:99::5"]),
    "neighbour": ("wan0", "adjacent", [NEIGHBOUR, NEIGHBOUR6]),
    "lan": ("lan0", "private", [PEER, PEER6]),
}
BRIDGE_OPTION = "com.docker.network.bridge.name"


def is6(address):
    return ":" in address


class Host:
    """One host; the methods build it in the order that its story needs."""
    def __init__(self, folder, netmon):
        self.folder, self.netmon = folder, netmon
        self.host = lab.Namespace()
        self.internet, self.neighbour, self.lan = (lab.Namespace() for _ in range(3))
        self.servers, self.children, self.spaces, self.members = [], [], {}, []
        self.networks, self.containers = {}, {}
        self.ports, self.extra, self.targets, self.sports = set(), [], [], []
        self.publics, self.local = [], []       # local: the host's by a route alone
        # inner: private sources may also come by an interface that is no perimeter's
        self.perimeter, self.inner, self.uplink = [], False, "wan0"
        self.any_frame = False      # a neighbour may have a bridge route his frames
        self.silent = set()         # vantages that are not asked
        self.opens, self.shuts = [], []
        self.exact, self.server, self.looks = True, None, 0
        self.build()

    # ------------------------------------------------------------ the network
    def build(self):
        macs = {"wan": "02:00:00:00:01:01", "neighbour": "02:00:00:00:01:02",
                "lan": "02:00:00:00:01:03", "wan0": "02:00:00:00:01:10",
                "lan0": "02:00:00:00:01:11"}
        to_host = ["neigh add %s lladdr %s dev %%s nud permanent" % (a, macs["wan0"])
                   for a in (WAN, WAN6)]
        self.internet.ip(
            "link add wan address %s type bridge" % macs["wan"],
            "link add h0 type veth peer name wan0 address %s netns %s" % (
                macs["wan0"], self.host.path),
            "link add a0 type veth peer name wan0 address %s netns %s" % (
                macs["neighbour"], self.neighbour.path),
            "link set h0 master wan up", "link set a0 master wan up", "link set wan up",
            "addr add %s/25 dev wan" % ROUTER, "addr add %s/64 dev wan nodad" % ROUTER6,
            *(x % "wan" for x in to_host),
            "route add local 0.0.0.0/0 dev lo table main",
            "route add local ::/0 dev lo table main")
        self.neighbour.ip(
            "link set wan0 up", "addr add %s/25 dev wan0" % NEIGHBOUR,
            "addr add %s/64 dev wan0 nodad" % NEIGHBOUR6, *(x % "wan0" for x in to_host),
            "route add default via " + WAN, "route add ::/0 via " + WAN6)
        self.host.ip(
            "link add lan0 address %s type veth peer name lan0 address %s netns %s" % (
                macs["lan0"], macs["lan"], self.lan.path),
            "link set wan0 up", "link set lan0 up",
            "addr add %s/25 dev wan0" % WAN, "addr add %s/64 dev wan0 nodad" % WAN6,
            "addr add %s/24 dev lan0" % LAN, "addr add %s/64 dev lan0 nodad" % LAN6,
            "route add default via " + ROUTER, "route add ::/0 via " + ROUTER6,
            *("neigh add %s lladdr %s dev %s nud permanent" % x for x in (
                (ROUTER, macs["wan"], "wan0"), (ROUTER6, macs["wan"], "wan0"),
                (NEIGHBOUR, macs["neighbour"], "wan0"),
                (NEIGHBOUR6, macs["neighbour"], "wan0"),
                (PEER, macs["lan"], "lan0"), (PEER6, macs["lan"], "lan0"))))
        self.lan.ip(
            "link set lan0 up", "addr add %s/24 dev lan0" % PEER,
            "addr add %s/64 dev lan0 nodad" % PEER6,
            "neigh add %s lladdr %s dev lan0 nud permanent" % (LAN, macs["lan0"]),
            "neigh add %s lladdr %s dev lan0 nud permanent" % (LAN6, macs["lan0"]),
            "route add default via " + LAN, "route add ::/0 via " + LAN6)
        for space, host in ((self.neighbour, WAN), (self.lan, LAN)):
            with space.inside():
                # Who sends to 127.0.0.1: its own must not answer.
                lab.sysctl("net/ipv4/conf/all/route_localnet", 1)
                lab.run("ip", "addr", "del", "127.0.0.1/8", "dev", "lo")
                lab.run("ip", "route", "add", "127.0.0.0/8", "via", host)
        self.sysctl(**{"net/ipv4/ip_forward": 1, "net/ipv6/conf/all/forwarding": 1})

    def sysctl(self, **values):
        with self.host.inside():
            for name, value in values.items():
                if not os.path.exists("/proc/sys/" + name):
                    raise RuntimeError("no sysctl " + name)
                lab.sysctl(name, value)

    def routed(self, *prefixes):
        """The upstream and the neighbour send these to the host."""
        for p in prefixes:
            for space in (self.internet, self.neighbour):
                space.ip("route replace %s via %s" % (p, WAN6 if is6(p) else WAN))

    def network(self, name, bridge, *gateways, driver="bridge", **options):
        """A bridge with the addresses; gateways: "172.17.0.1/16", "fd00:17::1/64"."""
        self.networks[name] = {"bridge": bridge, "gateways": gateways, "driver": driver,
                               "options": options}
        if driver == "bridge" and not options.get("exists"):
            self.host.ip("link add %s type bridge" % bridge, "link set %s up" % bridge,
                         *("addr add %s dev %s%s" % (g, bridge, " nodad" * is6(g))
                           for g in gateways))

    def empty(self, name):
        """A namespace without a link but its loopback."""
        space = self.spaces[name] = lab.Namespace()
        return space

    def joined(self, name, other):
        """A container without a network of its own: --network container:OTHER."""
        with self.spaces[other].inside():
            child = subprocess.Popen(["sleep", "infinity"],
                                     preexec_fn=lab.die_with_parent)
        self.children.append(child)
        self.containers[name] = {
            "network": "container:" + stand_in.identity(other), "addresses": (),
            "pid": child.pid, "publish": ()}

    def space(self, name, bridge, *addresses, gateways=()):
        """A namespace behind the bridge, which listens where container() says."""
        space = self.spaces[name] = lab.Namespace()
        port = "v" + name[:12]
        link = "link add %s type veth peer name eth0 netns %s" % (port, space.path)
        if bridge:
            self.host.ip(link, "link set %s master %s up" % (port, bridge))
        else:
            self.host.ip(link, "link set %s up" % port)
        space.ip("link set eth0 up", *("addr add %s dev eth0%s" % (a, " nodad" * is6(a))
                                       for a in addresses),
                 *("route add %s via %s" % ("::/0" if is6(g) else "default", g)
                   for g in gateways))
        return space

    def container(self, name, network, *addresses, listens=(), publish=()):
        """addresses: "172.17.0.2"; listens: "tcp:80"; publish: "0.0.0.0:8080:80/tcp"."""
        n = self.networks[network]
        gateways = [g.split("/")[0] for g in n["gateways"]]
        lengths = {is6(g): g.split("/")[1] for g in n["gateways"]}
        if not n["options"].get("own"):
            self.space(name, n["bridge"], *("%s/%s" % (a, lengths[is6(a)])
                                            for a in addresses), gateways=gateways)
        with self.spaces[name].inside():
            child = subprocess.Popen(["sleep", "infinity"],
                                     preexec_fn=lab.die_with_parent)
        self.children.append(child)
        self.containers[name] = {"network": network, "addresses": addresses,
                                 "pid": child.pid, "publish": publish}
        self.listen(name, *listens)
        self.targets += addresses

    def listen(self, where, *specs):
        """specs: "tcp:80" on every address of both families, "udp:127.0.0.1:53"."""
        space = self.host if where == "host" else self.spaces[where]
        for spec in specs:
            proto, _, rest = spec.partition(":")
            address, _, port = rest.rpartition(":")
            address, _, device = address.strip("[]").partition("%")
            self.ports.add(int(port))
            for a in [address] if address else ["0.0.0.0", "::"]:
                with space.inside():
                    self.servers.append(kernel.Server(where, proto, a, int(port), device))

    def join(self, group, interface):
        """As a program does that binds its socket to another address, or to any."""
        with self.host.inside():
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack(
                "4s4si", socket.inet_aton(group), b"", socket.if_nametoindex(interface)))
        self.members.append(one)

    def mac(self, name):
        with self.spaces[name].inside():
            return json.loads(lab.run("ip", "-json", "link", "show", "eth0"))[0]["address"]

    # ------------------------------------------------------------ rules
    def nft(self, text):
        with self.host.inside():
            lab.run("nft", "-f", "-", text=text)

    def iptables(self, text, *tools):
        """iptables-save text, for both families unless tools says."""
        for tool in tools or ("iptables-nft", "ip6tables-nft"):
            with self.host.inside():
                lab.run(tool + "-restore", "--noflush", text=text)

    def ip(self, *lines):
        self.host.ip(*lines)

    def run(self, *command):
        with self.host.inside():
            return lab.run(*command)

    # ------------------------------------------------------------ the questions
    def ask(self, *ports, targets=(), publics=(), sports=(), extra=(), opens=(), shuts=(),
            exact=True):
        """What to dial besides what listens.

        publics: container addresses that the Internet can route to; sports: source ports
        to try besides a client's; extra: more cells; opens, shuts: (from, to, port[,
        proto[, sport]]) whose outcome is this host's story; exact: False where a rule can
        only be answered with "maybe".
        """
        self.ports.update(ports)
        self.targets += targets
        self.publics += publics
        self.sports += sports
        self.extra += extra
        self.opens, self.shuts, self.exact = opens, shuts, exact

    def host_addresses(self):
        with self.host.inside():
            links = json.loads(lab.run("ip", "-json", "addr"))
        return [a["local"] for link in links for a in link.get("addr_info", [])
                if a["scope"] == "global"]

    def cells(self):
        found = []
        own = self.host_addresses()
        aims = {
            "internet": [WAN, WAN6] + self.publics,
            "private": [WAN, WAN6] + self.targets,
            "neighbour": own + ["127.0.0.1"] + self.targets,
            "lan": own + ["127.0.0.1"] + self.targets}
        for vantage, (_, _, sources) in VANTAGES.items():
            for source in sources if vantage not in self.silent else ():
                for to in dict.fromkeys(aims[vantage]):
                    if is6(to) != is6(source):
                        continue
                    for port in sorted(self.ports | {NOWHERE}):
                        for proto in ("tcp", "udp"):
                            for sport in [0] + self.sports:
                                found.append(cell(vantage, source, to, port, proto, sport))
        return found + list(self.extra)

    # ------------------------------------------------------------ the engine
    def engine(self):
        """The socket of an engine's stand-in, or None where there is no engine."""
        if not self.networks:
            return None
        path = os.path.join(self.folder, "engine.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(self.answers(), f)
        socket = os.path.join(self.folder, "engine.sock")
        if not os.path.exists(socket):
            self.server = stand_in.serve(socket, path)
            lab.wait_for("the engine's stand-in", lambda: os.path.exists(socket))
        return socket

    def answers(self):
        found = {
            "/_ping": "OK",
            "/version": {"Version": "28.0.0", "ApiVersion": "1.44", "MinAPIVersion": "1.24",
                         "Os": "linux", "Arch": "amd64"},
            "/info": {"ID": "hosts", "Name": "hosts", "ServerVersion": "28.0.0",
                      "SecurityOptions": [], "Swarm": {"LocalNodeState": "inactive"}},
            "/networks": [self.network_row(n) for n in self.networks],
            "/containers/json": []}
        for row in found["/networks"]:
            found["/networks/" + row["Id"]] = found["/networks/" + row["Name"]] = row
        for name, c in self.containers.items():
            row = self.container_row(name, c)
            found["/containers/%s/json" % row["Id"]] = row
            found["/containers/json"].append({
                "Id": row["Id"], "Names": ["/" + name], "Image": "hosts:1",
                "ImageID": "sha256:" + "0" * 64, "State": "running", "Status": "Up",
                "Ports": [], "Labels": {}, "Mounts": [],
                "HostConfig": row["HostConfig"],
                "NetworkSettings": {"Networks": row["NetworkSettings"]["Networks"]}})
        return found

    def network_row(self, name):
        n = self.networks[name]
        options = {BRIDGE_OPTION: n["bridge"]} if n["driver"] == "bridge" else {
            "parent": n["bridge"]}
        return {"Name": name, "Id": stand_in.identity(name), "Driver": n["driver"],
                "Scope": "local", "Internal": False, "Options": options, "Labels": {},
                "IPAM": {"Config": [{"Subnet": n["options"].get("subnet", g),
                                     "Gateway": g.split("/")[0]} for g in n["gateways"]]},
                "Containers": {stand_in.identity(c): {"Name": c} for c, x in
                               self.containers.items() if x["network"] == name}}

    def container_row(self, name, c):
        ports = {}
        for p in c["publish"]:
            address, host_port, inner = p.rsplit(":", 2)
            ports.setdefault(inner, []).append(
                {"HostIp": address.strip("[]"), "HostPort": host_port})
        end = {"NetworkID": stand_in.identity(c["network"]), "Gateway": "",
               "EndpointID": stand_in.identity("e" + name), "IPAddress": "",
               "IPPrefixLen": 0, "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0}
        for a in c["addresses"]:
            length = next(int(g.split("/")[1]) for g in
                          self.networks[c["network"]]["gateways"] if is6(g) == is6(a))
            end.update({"GlobalIPv6Address": a, "GlobalIPv6PrefixLen": length} if is6(a)
                       else {"IPAddress": a, "IPPrefixLen": length})
        return {"Id": stand_in.identity(name), "Name": "/" + name,
                "Image": "sha256:" + "0" * 64, "Created": "2026-01-01T00:00:00Z",
                "Path": "sleep", "Args": [], "Mounts": [],
                "State": {"Status": "running", "Running": True, "Pid": c["pid"]},
                "Config": {"Image": "hosts:1", "Labels": {}, "User": "", "Env": []},
                "HostConfig": {"NetworkMode": c["network"], "PortBindings": ports},
                "NetworkSettings": {"Ports": ports, "Networks": {
                    c["network"]: end} if c["addresses"] else {},
                                    "SandboxKey": "/proc/%d/ns/net" % c["pid"]}}

    # ------------------------------------------------------------ packets
    def measure(self, cells, seconds):
        """kernel.ask(), with datagrams that no later look can take for its own."""
        self.looks += 1
        places = {"internet": self.internet, "private": self.internet,
                  "neighbour": self.neighbour, "lan": self.lan}
        return kernel.ask(cells, places, self.servers, seconds, b"%d." % self.looks)

    def forget(self):
        """No connection is left that a second look would meet."""
        with self.host.inside():
            subprocess.run(["conntrack", "-F"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)

    def close(self):
        for s in [s.sock for s in self.servers] + self.members:
            s.close()
        for c in self.children:
            c.kill()
            c.wait()
        if self.server:
            os.kill(self.server, signal.SIGKILL)
            os.waitpid(self.server, 0)
        for space in {self.host, self.internet, self.neighbour, self.lan,
                      *self.spaces.values()}:
            os.close(space.fd)


def cell(vantage, source, to, port, proto="tcp", sport=0):
    return {"vantage": vantage, "from": source, "to": to, "port": port, "proto": proto,
            "sport": sport}


def zone(c):
    """What netmon calls the place that a cell's packet comes from."""
    return VANTAGES[c["vantage"]][1]


def question(c, uplink):
    where = VANTAGES[c["vantage"]][0]
    q = {"from": c["from"], "to": c["to"], "proto": c["proto"], "port": c["port"],
         "in": uplink if where == "wan0" else where, "zone": zone(c)}
    return dict(q, sport=c["sport"]) if c["sport"] else q
