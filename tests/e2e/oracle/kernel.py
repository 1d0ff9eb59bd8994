# SPDX-License-Identifier: GPL-2.0-or-later
"""One host and the world around it, rebuilt for case after case, and packets through it.

Theory of operation. The namespaces, links and addresses of topology.py are made once a
worker; a case brings rules, sysctls, routes and listeners, and reset() takes them away.
All sockets, the clients' and the servers', belong to this one process, which enters a
namespace to make a socket there: hundreds of handshakes run side by side in one loop.
Neighbours are static entries: a case that drops neighbour discovery is measured by what
its rules do to the packet in question, and nothing waits for an answer.
"""
import contextlib
import errno
import os
import re
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import lab      # noqa: E402, pylint: disable=wrong-import-position
from topology import (BRIDGES, CONTAINERS, GROUPS, INTERNET, LAN, LAN_PEERS, MAC, NEIGHBOUR,
                      PRIVATE, ROUTER, SPOOFED, WAN)      # noqa: E402, pylint: disable=wrong-import-position

GROUP_ADDRESSES = {a for v in (4, 6) for a in GROUPS[v]}
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
IP_RECVERR, IPV6_RECVERR, IP_PKTINFO, IP_TRANSPARENT, IPV6_FREEBIND = 11, 25, 8, 19, 78
ICMP_PORT = {(2, 3, 3), (3, 1, 4)}      # origin, type, code of "port unreachable"
TCP_AFTER_HANDSHAKE = (1, 4, 5, 8, 9)   # established, fin-wait, close-wait, last-ack
TOOL_SECONDS = 20
MOST_REFUSED = 40
# Lines that others do not need; what a table begins and ends with is not among them.
REMOVABLE = re.compile(r"add (rule|element|set|map|chain)|-A |create |rule |route ")
REFUSED = []    # (line, why), for who improves the generator
EMPTY_LEGACY = "".join("*%s\n%sCOMMIT\n" % (t, "".join(":%s ACCEPT [0:0]\n" % c for c in chains))
                       for t, chains in (
    ("raw", ["PREROUTING", "OUTPUT"]),
    ("mangle", ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]),
    ("nat", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
    ("filter", ["INPUT", "FORWARD", "OUTPUT"])))
# What a case may change, and its value before.
SYSCTLS = {
    "net/ipv4/ip_forward": 1, "net/ipv6/conf/all/forwarding": 1,
    "net/ipv4/conf/all/rp_filter": 0, "net/ipv4/conf/wan0/rp_filter": 0,
    "net/ipv4/conf/lan0/rp_filter": 0, "net/ipv4/conf/docker0/rp_filter": 0,
    "net/ipv4/conf/br-front/rp_filter": 0,
    "net/ipv4/conf/all/route_localnet": 0, "net/ipv4/conf/wan0/route_localnet": 0,
    "net/ipv4/conf/docker0/route_localnet": 0,
    "net/ipv4/conf/wan0/forwarding": 1, "net/ipv4/conf/lan0/forwarding": 1,
    "net/ipv4/conf/all/src_valid_mark": 0, "net/ipv4/conf/all/accept_local": 0,
    "net/bridge/bridge-nf-call-iptables": 1, "net/bridge/bridge-nf-call-ip6tables": 1,
}


def family(address):
    return 6 if ":" in address else 4


class LoadError(Exception):
    """A tool refused a line; .line is its number from 1, or None."""
    def __init__(self, text, line=None):
        super().__init__(text)
        self.line = line


def tool(*command, text=""):
    r = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False, timeout=TOOL_SECONDS)
    if r.returncode:
        said = r.stderr.strip() or r.stdout.strip()
        m = (re.search(r"/dev/stdin:(\d+):", said) or re.search(r"line:? (\d+)", said) or
             re.search(r"Command failed -:(\d+)", said))
        raise LoadError("%s: %s" % (command[0], said[:400]), int(m.group(1)) if m else None)
    return r.stdout


def ask(cells, places, servers, seconds, mark=b""):
    """What a client at each cell's place meets: (result, who, how, heard) of each.

    places: the namespace of each vantage; mark: begins the clients' datagrams, so that
    they are not those of another look.
    """
    clients = [Client(c, mark + b"%d" % n) for n, c in enumerate(cells)]
    loop = selectors.EpollSelector()
    for server in servers:
        server.heard.clear()
        loop.register(server.sock, selectors.EVENT_READ, server.ready)
    for place in {c["vantage"] for c in cells}:
        with places[place].inside():
            for client in clients:
                if client.cell["vantage"] == place:
                    client.start()
    waiting = [c for c in clients if c.result is None]
    for client in waiting:
        loop.register(client.sock, client.events(), client.ready)
    end = time.monotonic() + seconds
    # Who answered is told behind the handshake; those that say nothing are few.
    while time.monotonic() < end and not all(c.finished for c in waiting):
        for key, _ in loop.select(max(0, end - time.monotonic())):
            key.data(loop, key)
    for client in clients:
        client.stop()
    loop.close()
    heard = {text: server.name for server in servers for text in server.heard}
    return [(c.result or "filtered", c.who, c.how, heard.get(c.text, "")
             if c.cell["proto"] == "udp" else "") for c in clients]


class Host:
    """The namespaces. Made in a process that owns its pid and mount namespaces."""
    def __init__(self):
        self.host = lab.Namespace()
        self.world, self.neighbour, self.lan = (lab.Namespace() for _ in range(3))
        self.pids = {}
        self.spaces = {}
        for c in CONTAINERS:
            self.pids[c["name"]], self.spaces[c["name"]] = self.container()
        self.build()
        self.servers = []
        self.touched, self.legacy_used, self.ipset_used = set(), False, False

    def container(self):
        """A process in a network namespace of its own: what an engine would name."""
        space = lab.Namespace()
        with space.inside():
            child = subprocess.Popen(["sleep", "infinity"], preexec_fn=lab.die_with_parent)
        return child.pid, space

    def build(self):
        quiet = [("net/ipv4/conf/%s/accept_redirects", 0), ("net/ipv6/conf/%s/accept_redirects", 0),
                 ("net/ipv4/conf/%s/send_redirects", 0), ("net/ipv6/conf/%s/accept_ra", 0)]
        unlimited = [("net/ipv4/icmp_ratelimit", 0), ("net/ipv6/icmp/ratelimit", 0),
                     ("net/ipv4/icmp_msgs_per_sec", 1000000),
                     ("net/ipv4/icmp_msgs_burst", 1000000)]
        for space in [self.host, self.world, self.neighbour, self.lan, *self.spaces.values()]:
            with space.inside():
                for name, value in quiet:
                    for which in ("all", "default"):
                        lab.sysctl(name % which, value)
                for name, value in unlimited:
                    if os.path.exists("/proc/sys/" + name):     # of the machine, in older ones
                        lab.sysctl(name, value)
        self.build_world()
        self.build_host()
        for c in CONTAINERS:
            gateway = BRIDGES[c["bridge"]]
            self.spaces[c["name"]].ip(
                "link set eth0 up",
                "addr add %s/16 dev eth0" % c[4], "addr add %s/64 dev eth0 nodad" % c[6],
                *("neigh add %s lladdr %s dev eth0 nud permanent" % (
                    gateway[v], MAC[c["bridge"]]) for v in (4, 6)))
        with self.neighbour.inside():
            # A neighbour that sends to 127.0.0.1: its own loopback must not answer.
            lab.sysctl("net/ipv4/conf/all/route_localnet", 1)
            tool("ip", "addr", "flush", "dev", "lo")
            tool("ip", "route", "add", "127.0.0.0/8", "via", WAN[4][0])

    def build_world(self):
        host = ["neigh add %s lladdr %s dev %%s nud permanent" % (a, MAC["wan0"])
                for v in (4, 6) for a in WAN[v]]
        subnets = [b["subnet"][v] for b in BRIDGES.values() for v in (4, 6)]
        subnets += ["10.20.0.0/24", "fd00:20::/64"]
        self.world.ip(
            "link add wan address %s type bridge" % MAC["world"],
            "link add h0 type veth peer name wan0 address %s netns %s" % (
                MAC["wan0"], self.host.path),
            "link add a0 type veth peer name wan0 address %s netns %s" % (
                MAC["neighbour"], self.neighbour.path),
            "link set h0 master wan", "link set a0 master wan",
            "link set h0 up", "link set a0 up", "link set wan up",
            "addr add %s/24 dev wan" % ROUTER[4], "addr add %s/64 dev wan nodad" % ROUTER[6],
            *(x % "wan" for x in host),
            *("route add %s via %s" % (s, WAN[family(s)][0]) for s in subnets),
            # Every other address is the world's own: it can send from any.
            "route add local 0.0.0.0/0 dev lo table main",
            "route add local ::/0 dev lo table main",
            "link add lw type veth peer name lw netns " + self.lan.path, "link set lw up",
            "addr add 10.255.0.1/30 dev lw", "addr add fd00:ff::1/64 dev lw nodad",
            *self.router(4))
        with self.world.inside():
            tool("ip", "-6", "-batch", "-", text="\n".join(self.router(6)) + "\n")
            lab.sysctl("net/ipv4/ip_forward", 1)
            lab.sysctl("net/ipv6/conf/all/forwarding", 1)
            lab.sysctl("net/ipv4/conf/all/accept_local", 1)     # every source is local there
        self.neighbour.ip(
            "link set wan0 up", "addr add %s/24 dev wan0" % NEIGHBOUR[4],
            "addr add %s/64 dev wan0 nodad" % NEIGHBOUR[6],
            *(x % "wan0" for x in host),
            # The router has the anycast address, too.
            "neigh add 2001:db8:1:: lladdr %s dev wan0 nud permanent" % MAC["wan0"],
            *("route add %s via %s" % (s, WAN[family(s)][0]) for s in subnets))
        self.lan.ip(
            "link add lan0 address %s type veth peer name lan0 address %s netns %s" % (
                MAC["lan"], MAC["lan0"], self.host.path),
            "link set lan0 up",
            *("addr add %s/%d dev lan0" % (a, 24) for a in LAN_PEERS[4]),
            *("addr add %s/%d dev lan0 nodad" % (a, 64) for a in LAN_PEERS[6]),
            *("neigh add %s lladdr %s dev lan0 nud permanent" % (LAN[v], MAC["lan0"])
              for v in (4, 6)),
            *("route add default via %s" % LAN[v] for v in (4, 6)),
            # To others it is a second way to the world.
            "link set lw up", "addr add 10.255.0.2/30 dev lw",
            "addr add fd00:ff::2/64 dev lw nodad",
            "route add default via 10.255.0.1 table 60", "rule add iif lan0 prio 100 lookup 60")
        with self.lan.inside():
            tool("ip", "-6", "-batch", "-", text="route add default via fd00:ff::1 table 60\n"
                 "rule add iif lan0 prio 100 lookup 60\n")
            lab.sysctl("net/ipv4/ip_forward", 1)
            lab.sysctl("net/ipv6/conf/all/forwarding", 1)

    @staticmethod
    def router(v):
        """What arrives at the world: for a client, for the segment, or lost."""
        clients = INTERNET[v] + PRIVATE[v] + SPOOFED[v] + [ROUTER[v]]
        return ["route add local %s dev lo table 50" % a for a in clients] + [
            "route add %s dev wan table 50" % ("203.0.113.0/24" if v == 4
                                               else "2001:db8:1::/64"),
            "route add blackhole %s table 50" % ("0.0.0.0/0" if v == 4 else "::/0"),
            "rule add iif wan prio 100 lookup 50", "rule add iif lw prio 100 lookup 50"]

    def build_host(self):
        lines = []
        for name, b in BRIDGES.items():
            lines += ["link add %s address %s type bridge" % (name, MAC[name]),
                      "link set %s up" % name, "addr add %s/16 dev %s" % (b[4], name),
                      "addr add %s/64 dev %s nodad" % (b[6], name)]
        for c in CONTAINERS:
            lines += ["link add v%s type veth peer name eth0 address %s netns %s" % (
                c["name"], MAC[c["name"]], self.spaces[c["name"]].path),
                "link set v%s master %s up" % (c["name"], c["bridge"])]
            lines += ["neigh add %s lladdr %s dev %s nud permanent" % (
                c[v], MAC[c["name"]], c["bridge"]) for v in (4, 6)]
        lines += ["link set wan0 up", "link set lan0 up"]
        lines += ["addr add %s/24 dev wan0" % a for a in WAN[4]]
        lines += ["addr add %s/64 dev wan0 nodad" % a for a in WAN[6]]
        lines += ["addr add %s/24 dev lan0" % LAN[4], "addr add %s/64 dev lan0 nodad" % LAN[6]]
        for v in (4, 6):
            lines += ["neigh add %s lladdr %s dev wan0 nud permanent" % pair for pair in (
                (ROUTER[v], MAC["world"]), (NEIGHBOUR[v], MAC["neighbour"]))]
            lines += ["neigh add %s lladdr %s dev lan0 nud permanent" % (a, MAC["lan"])
                      for a in LAN_PEERS[v]]
        self.host.ip(*lines)

    # ---------------------------------------------------------------- one case
    def reset(self):
        """Takes away what the last case brought; the links and addresses stay."""
        for server in self.servers:
            server.sock.close()
        self.servers = []
        with self.host.inside():
            tool("nft", "flush", "ruleset")
            if self.legacy_used:
                for command in ("iptables-legacy-restore", "ip6tables-legacy-restore"):
                    tool(command, text=EMPTY_LEGACY)
            for kind in ("-4", "-6"):
                subprocess.run(
                    ["ip", kind, "-force", "-batch", "-"], check=False, text=True,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    input="rule flush\nrule add prio 32766 lookup main\n"
                          "route flush table 100\nroute flush table 101\n"
                          "route replace default via %s\n" % ROUTER[int(kind[1])])
            if self.ipset_used:
                # The kernel lets go of the rules that used them a little later.
                lab.wait_for("ipset destroy", lambda: not subprocess.run(
                    ["ipset", "restore"], input=b"flush\ndestroy\n", check=False,
                    stderr=subprocess.DEVNULL).returncode)
            with contextlib.suppress(LoadError):
                tool("conntrack", "-F")
            for name, value in SYSCTLS.items():
                lab.sysctl(name, value)
        for name in self.touched:
            with self.spaces[name].inside():
                tool("nft", "flush", "ruleset")
        for c in CONTAINERS:
            gateway = BRIDGES[c["bridge"]]
            self.spaces[c["name"]].ip(*("route replace default via %s" % gateway[v]
                                        for v in (4, 6)))
        self.touched, self.legacy_used, self.ipset_used = set(), False, False

    def load(self, case):
        """Brings the case's rules; returns it without the lines that a tool refused."""
        case = dict(case)
        for name in case["internal"]:
            self.spaces[name].ip("route del default", "route del ::/0")
        for name, lines in case["inside"].items():
            self.touched.add(name)
            with self.spaces[name].inside():
                tool("nft", "-f", "-", text="\n".join(lines) + "\n")
        with self.host.inside():
            for name, value in case["sysctl"]:
                lab.sysctl(name, value)
            case["ip"] = heal(case["ip"], "ip", "-batch", "-")
            case["ip6"] = heal(case["ip6"], "ip", "-6", "-batch", "-")
            if case["ipset"]:
                self.ipset_used = True
                case["ipset"] = heal(case["ipset"], "ipset", "restore")
            for what in case["order"]:
                case[what] = heal(case[what], *self.loader(what, case))
        for where, proto, address, port, device in case["listeners"]:
            space = self.host if where == "host" else self.spaces[where]
            with space.inside():
                self.servers.append(Server(where, proto, address, port, device))
        return case

    def loader(self, what, case):
        if what == "nft":
            return "nft", "-f", "-"
        self.legacy_used |= case["legacy"]
        return what + ("-legacy" if case["legacy"] else "-nft") + "-restore", "--noflush"

    # ---------------------------------------------------------------- packets
    def measure(self, cells, seconds):
        """What a client at each cell's place meets: (result, who, how, heard) of each.

        who: which server told its name; how: what refused; heard: at which a datagram
        arrived, whether or not the answer got back.
        """
        return ask(cells, {"internet": self.world, "neighbour": self.neighbour,
                           "lan": self.lan}, self.servers, seconds)


class Server:
    """A listening socket; says where it is to whoever gets through."""
    def __init__(self, where, proto, address, port, device):
        v = family(address)
        self.name, self.proto, self.heard = where, proto, set()
        kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
        self.sock = s = socket.socket(FAMILIES[v], kind)
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if v == 6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if device:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        if proto == "udp":      # to answer from the address that was asked
            s.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1) if v == 6
                           else (socket.IPPROTO_IP, IP_PKTINFO, 1)))
        try:
            s.bind((address, port))
        except OSError as e:
            raise LoadError("%s: listen on %s: %s" % (where, address, e)) from e
        if proto == "tcp":
            s.listen(1024)

    def ready(self, _loop, _key):
        with contextlib.suppress(OSError):
            if self.proto == "tcp":
                peer, _ = self.sock.accept()
                peer.send(self.name.encode())
                peer.close()
                return
            text, ancillary, _, peer = self.sock.recvmsg(512, 256)
            self.heard.add(text)
            self.sock.sendmsg([self.name.encode()],
                              [x for x in map(answer_from, ancillary) if x], 0, peer)


def answer_from(message):
    """The control message that makes a reply leave from the address that was asked."""
    level, kind, data = message
    if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
        _, local, _ = struct.unpack("=I4s4s", data)
        return level, kind, struct.pack("=I4s4s", 0, local, b"\0" * 4)
    if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
        return level, kind, data[:16] + b"\0" * 4
    return None


class Client:
    """One cell's socket, and the text that its datagram holds."""
    def __init__(self, cell, text):
        self.cell, self.text, self.sock = cell, text, None
        self.result, self.who, self.how, self.finished = None, "", "", False
        self.connected = False

    def start(self):
        c = self.cell
        v = family(c["to"])
        kind = socket.SOCK_STREAM if c["proto"] == "tcp" else socket.SOCK_DGRAM
        self.sock = s = socket.socket(FAMILIES[v], kind)
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if v == 6:
            s.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
            s.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        else:
            # A source that the kernel knows to be elsewhere needs more than a free bind.
            s.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
            s.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        if c["to"] in GROUP_ADDRESSES:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"wan0")
        if c["proto"] == "tcp":     # closing sends a reset and leaves nothing behind
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            s.bind((c["from"], c["sport"]))
            s.connect((c["to"], c["port"]))
        except BlockingIOError:
            pass
        except OSError as e:
            self.fail(e.errno)
        if c["proto"] == "udp" and self.result is None:
            with contextlib.suppress(OSError):
                s.send(self.text)

    def events(self):
        return selectors.EVENT_READ | (
            selectors.EVENT_WRITE if self.cell["proto"] == "tcp" else 0)

    def fail(self, code):
        """A refusal: by a reset, or by the ICMP message that the error queue holds."""
        self.finished = True
        origin = None
        with contextlib.suppress(OSError):
            for level, _, data in self.sock.recvmsg(512, 512, socket.MSG_ERRQUEUE)[1]:
                if level in (socket.IPPROTO_IP, socket.IPPROTO_IPV6) and len(data) >= 16:
                    origin = struct.unpack("=I4B", data[:8])[1:4]
        if origin and origin[0] in (2, 3):
            self.result = "closed" if self.cell["proto"] == "udp" and (
                origin in ICMP_PORT) else "rejected"
            self.how = "icmp %d/%d" % origin[1:]
        elif code == errno.ECONNREFUSED:
            self.result, self.how = "closed", "reset"
        elif code == errno.ECONNRESET:  # tcp_reset(): after the handshake, by its end
            self.result = "open"
        else:
            self.result, self.how = "rejected", errno.errorcode.get(code, str(code))

    def ready(self, loop, _key):
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        # An ICMP error about a later packet makes no handshake undone.
        if code and not self.connected and not self.established():
            self.fail(code)
            loop.unregister(self.sock)
            return
        if self.cell["proto"] == "tcp" and not self.connected:
            self.connected, self.result = True, "open"
            loop.modify(self.sock, selectors.EVENT_READ, self.ready)
        try:
            data = self.sock.recv(512)
        except BlockingIOError:
            return
        except OSError as e:
            if self.result is None:
                self.fail(e.errno)
            data = b""
        if data:
            self.result, self.who = "open", data.decode("ascii", "replace")
        self.finished = True
        loop.unregister(self.sock)

    def established(self):
        return self.cell["proto"] == "tcp" and self.sock.getsockopt(
            socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in TCP_AFTER_HANDSHAKE

    def stop(self):
        self.sock.close()


def heal(lines, *command):
    """Loads lines, leaving out those that the tool refuses; returns the rest."""
    lines = list(lines)
    if not lines:
        return lines
    for _ in range(MOST_REFUSED):
        try:
            tool(*command, text="\n".join(lines) + "\n")
            return lines
        except LoadError as e:
            if not e.line or e.line > len(lines) or not REMOVABLE.match(lines[e.line - 1]):
                raise
            REFUSED.append((lines[e.line - 1], str(e)))
            del lines[e.line - 1]
    raise LoadError("%s refuses too much" % command[0])
