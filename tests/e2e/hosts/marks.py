# SPDX-License-Identifier: GPL-2.0-or-later
"""Marks, zones, sets and sources that are not what they seem."""
import socket

import docker
from registry import Hosts
from world import LAN, NEIGHBOUR, NEIGHBOUR6, PEER, WAN, WAN6, cell

HOSTS = Hosts()
WEB = ("0.0.0.0:8080:172.17.0.2:80/tcp", "0.0.0.0:5300:172.17.0.2:80/udp")


def spoofed(to, port):
    return [cell("neighbour", s, to, port, "udp") for s in (
        "172.17.0.9", WAN, "10.20.0.1", "10.20.0.10", "172.17.0.1")]


@HOSTS.host
def spoofed_sources(h):
    """A neighbour sends as somebody else: the host's own, the lan's, a container's."""
    docker.build(h, *WEB, user="-s 10.20.0.0/24 -j ACCEPT\n-i wan0 -j DROP")
    h.listen("host", "udp:53")
    h.ask(extra=spoofed(WAN, 53) + spoofed(WAN, 5300) + spoofed("172.17.0.2", 80),
          shuts=[(NEIGHBOUR, WAN, 5300, "udp")])


@HOSTS.host
def spoofed_sources_strict(h):
    spoofed_sources(h)
    h.sysctl(**{"net/ipv4/conf/all/rp_filter": 1})


@HOSTS.host
def spoofed_sources_loose(h):
    spoofed_sources(h)
    h.sysctl(**{"net/ipv4/conf/wan0/rp_filter": 2})


@HOSTS.host
def connection_marks(h):
    """A mark put in mangle lets in, restored from the connection for the answers."""
    docker.build(h, *WEB, user="""
-m mark --mark 0x10/0xf0 -j RETURN
-i wan0 -j DROP""")
    h.iptables("""*mangle
-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xf0 --ctmask 0xf0
-A PREROUTING -m mark ! --mark 0x0/0xf0 -j ACCEPT
-A PREROUTING -i wan0 -s 198.51.100.0/24 -m conntrack --ctstate NEW -j MARK --set-xmark 0x10/0xf0
-A PREROUTING -i wan0 -p tcp --dport 22 -j MARK --set-mark 0x20
-A PREROUTING -j CONNMARK --save-mark --nfmask 0xf0 --ctmask 0xf0
-A INPUT -m connmark --mark 0x20/0xf0 -j ACCEPT
COMMIT
*filter
-A INPUT -m connmark --mark 0x20/0xf0 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i wan0 -p tcp -j DROP
COMMIT
""", "iptables-nft")
    h.listen("host", "tcp:22", "tcp:3306")
    h.ask(opens=[("198.51.100.7", WAN, 8080), ("192.0.2.77", WAN, 22)],
          shuts=[("192.0.2.77", WAN, 8080), ("192.0.2.77", WAN, 3306)])


KILL_SWITCH = """
table inet vpn {
	chain in {
		type filter hook prerouting priority -150; policy accept;
		iifname "wan0" ip saddr 198.51.100.0/24 meta mark set 0x7
	}
	chain out {
		type filter hook output priority 0; policy accept;
		oifname "wan0" meta mark != 0x7 drop
	}
}
"""


@HOSTS.host
def answers_keep_marks(h):
    """Only what has the mark may leave; an answer has that of its question."""
    h.nft(KILL_SWITCH)
    h.sysctl(**{"net/ipv4/tcp_fwmark_accept": 1, "net/ipv4/fwmark_reflect": 1,
                "net/ipv6/fwmark_reflect": 1})
    h.listen("host", "tcp:8080")
    h.ask(opens=[("198.51.100.7", WAN, 8080)], shuts=[("192.0.2.77", WAN, 8080)])


@HOSTS.host
def socket_with_a_mark(h):
    """The same where the listening socket has one of its own (systemd's Mark=)."""
    h.nft(KILL_SWITCH)
    h.listen("host", "tcp:8080", "tcp:8081")
    for server in h.servers[:2]:
        server.sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 7)
    h.ask(opens=[("192.0.2.77", WAN, 8080)], shuts=[("198.51.100.7", WAN, 8081)])


@HOSTS.host
def conntrack_zone(h):
    """What comes by wan0 is tracked in a zone of its own, both ways."""
    docker.build(h, *WEB)
    h.iptables("""*raw
-A PREROUTING -i wan0 -j CT --zone 7
-A PREROUTING -i docker0 -j CT --zone 7
-A OUTPUT -o wan0 -j CT --zone 7
COMMIT
""", "iptables-nft")
    h.listen("host", "tcp:22")
    h.ask(opens=[("198.51.100.7", WAN, 8080), ("198.51.100.7", WAN, 22)])


@HOSTS.host
def zone_of_one_direction(h):
    """Only the clients' packets are in a zone: their answers are looked up in none."""
    docker.build(h, *WEB)
    h.nft("""
table ip zones {
	chain pre {
		type filter hook prerouting priority raw; policy accept;
		iifname "wan0" ct original zone set 7
	}
}
""")
    h.iptables("*raw\n-A PREROUTING -i lan0 -j CT --zone-orig 9\nCOMMIT\n",
               "iptables-nft")
    h.listen("host", "tcp:22", "udp:53")
    h.ask(opens=[("198.51.100.7", WAN, 8080), (PEER, LAN, 8080)])


@HOSTS.host
def zone_of_the_other_direction(h):
    """Answers that are told to be in that zone do not find what is in none for them."""
    zone_of_one_direction(h)
    h.nft("""add rule ip zones pre iifname "docker0" ct reply zone set 7""")
    h.exact, h.opens, h.shuts = False, [], [("198.51.100.7", WAN, 8080)]


@HOSTS.host
def untracked(h):
    """NOTRACK for a published port: no translation, so its packets come to INPUT."""
    docker.build(h, *WEB)
    h.iptables("""*raw
-A PREROUTING -p tcp --dport 8080 -j CT --notrack
-A PREROUTING -p udp --dport 53 -j NOTRACK
-A OUTPUT -p udp --sport 53 -j NOTRACK
COMMIT
*filter
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p udp --dport 53 -m conntrack --ctstate UNTRACKED -j ACCEPT
-A INPUT -i wan0 -p udp -j REJECT
COMMIT
""", "iptables-nft")
    h.listen("host", "tcp:8080", "udp:53", "udp:161")
    h.ask(opens=[("198.51.100.7", WAN, 8080), ("198.51.100.7", WAN, 53, "udp")])


@HOSTS.host
def ipsets(h):
    """Sets of networks, of ports and of both, with exceptions and lists of sets."""
    for line in ("create office hash:net", "add office 198.51.100.0/24",
                 "add office 198.51.100.7 nomatch", "create ports bitmap:port range 0-65535",
                 "add ports 80", "create pairs hash:ip,port", "add pairs 192.0.2.77,tcp:80",
                 "create both hash:net,port", "add both 10.99.0.0/16,udp:80",
                 "create all list:set", "add all office"):
        h.run("ipset", *line.split())
    docker.build(h, *WEB, user="""
-m set --match-set pairs src,dst -j RETURN
-m set --match-set both src,dst -j RETURN
-m set --match-set all src -m set --match-set ports dst -j RETURN
-i wan0 -m set ! --match-set office src -j DROP
-i wan0 -j DROP""")
    h.ask(opens=[("192.0.2.77", WAN, 8080), ("10.99.0.5", WAN, 5300, "udp")],
          shuts=[("198.51.100.7", WAN, 8080), ("10.99.0.5", WAN, 8080)])


@HOSTS.host
def knocking(h):
    """Whoever knocks at port 7 gets into a set, and that into port 22."""
    h.run("ipset", "create", "knocked", "hash:ip")
    h.run("ipset", "create", "inside", "list:set")
    h.run("ipset", "add", "inside", "knocked")
    h.iptables("""*mangle
-A PREROUTING -p tcp -m tcp --dport 7 -j SET --add-set inside src
COMMIT
*filter
:INPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m set --match-set knocked src -j ACCEPT
COMMIT
""", "iptables-nft")
    h.listen("host", "tcp:22")
    h.ask(7, exact=False, opens=[("198.51.100.7", WAN, 22)])


@HOSTS.host
def six_only(h):
    """IPv6 alone: translated, routed and behind a firewall of native rules."""
    h.network("six", "br6", "2001:db8:d0c::1/64")
    h.container("web", "six", "2001:db8:d0c::2", listens=["tcp:80", "udp:53", "tcp:9200"],
                publish=["[::]:8080:80/tcp"])
    h.routed("2001:db8:d0c::/64")
    h.nft("""
table ip6 docker {
	set partners { type ipv6_addr; flags interval; elements = { 2001:db8:5::/48, fd00:99::/64 } }
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local ip6 saddr != fe80::/10 tcp dport 8080 dnat to [2001:db8:d0c::2]:80
		ip6 daddr 2001:db8:1::10 udp dport { 5300-5310 } dnat to [2001:db8:d0c::2]:53
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "br6" accept
		oifname "br6" ip6 daddr 2001:db8:d0c::2 tcp dport 80 ip6 saddr @partners accept
		ct original ip6 daddr 2001:db8:1::10 ct status dnat udp dport 53 accept
		ip6 nexthdr icmpv6 icmpv6 type echo-request accept
	}
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname { "lo", "br6" } accept
		tcp dport 22 ip6 saddr & ffff:ffff:ffff:: == 2001:db8:5:: accept
	}
}
""")
    h.listen("host", "tcp:22")
    h.ask(8080, 5300, 5310, publics=["2001:db8:d0c::2"],
          opens=[("2001:db8:5::7", WAN6, 8080), ("2001:db8:5::7", WAN6, 22)],
          shuts=[(NEIGHBOUR6, WAN6, 8080), (NEIGHBOUR6, "2001:db8:d0c::2", 9200)])


@HOSTS.host
def tproxy(h):
    """TPROXY to a local socket: mangle takes the packet before anybody else."""
    docker.build(h, *WEB)
    h.ip("rule add fwmark 0x1 lookup 100", "route add local 0.0.0.0/0 dev lo table 100")
    h.iptables("""*mangle
:DIVERT - [0:0]
-A PREROUTING -p tcp -m socket --transparent -j DIVERT
-A PREROUTING -i wan0 -p tcp --dport 8081 -j TPROXY --on-port 3129 --tproxy-mark 0x1/0x1
-A DIVERT -j MARK --set-mark 1
-A DIVERT -j ACCEPT
COMMIT
""", "iptables-nft")
    h.listen("host", "tcp:3129")
    h.ask(8081, exact=False, opens=[])


@HOSTS.host
def host_network_on_loopback(h):
    """A container in the host's namespace listens on 127.0.0.1, and that is routed."""
    docker.build(h, *WEB)
    h.sysctl(**{"net/ipv4/conf/all/route_localnet": 1})
    h.iptables("*filter\n-A INPUT -d 127.0.0.0/8 ! -i lo -p udp -j DROP\nCOMMIT\n",
               "iptables-nft")
    h.listen("host", "tcp:127.0.0.1:2375", "udp:127.0.0.1:8125", "tcp:[::1]:2376")
    h.ask(opens=[(NEIGHBOUR, "127.0.0.1", 2375), (PEER, "127.0.0.1", 2375)],
          shuts=[(NEIGHBOUR, "127.0.0.1", 8125, "udp")])


@HOSTS.host
def wildcard_interfaces(h):
    """Interface names that end in a star, groups and kinds."""
    docker.build(h, *WEB)
    h.ip("link set lan0 group 3")
    h.nft("""
table inet names {
	chain pre {
		type filter hook prerouting priority mangle - 5; policy accept;
		iifgroup 3 meta mark set 0x5
		iifname "wan*" ip saddr 192.0.2.0/24 drop
	}
	chain in {
		type filter hook input priority filter; policy drop;
		ct state vmap { established : accept, related : accept, invalid : drop }
		iifname "lo" accept
		meta mark 0x5 accept
		iifname "wa*" tcp dport 22 accept
		meta iiftype ether meta pkttype host udp dport 161 accept
	}
	chain fw {
		type filter hook forward priority filter + 1; policy accept;
		iifname "wan0" oifname "docker*" meta l4proto tcp ct original proto-dst 8080 accept
		iifname "wan0" oifname "dock*" drop
	}
}
""")
    h.listen("host", "tcp:22", "tcp:3306", "udp:161")
    h.ask(opens=[("198.51.100.7", WAN, 8080), (PEER, "10.20.0.10", 3306)],
          shuts=[("192.0.2.77", WAN, 8080), ("198.51.100.7", WAN, 5300, "udp")])


@HOSTS.host
def a_table_that_slept(h):
    """Chains of two tables at one priority: the older table's woke up as the younger."""
    h.nft("""
table ip older {
	flags dormant
	chain pre {
		type filter hook prerouting priority mangle; policy accept;
		meta mark 2 drop
		tcp dport 22 meta mark set 1
	}
}
table ip younger {
	chain pre {
		type filter hook prerouting priority mangle; policy accept;
		meta mark 1 drop
		tcp dport 23 meta mark set 2
	}
}
""")
    h.nft("add table ip older\n")
    h.listen("host", "tcp:22", "tcp:23")
    h.ask(exact=False, opens=[("198.51.100.7", WAN, 23)], shuts=[("198.51.100.7", WAN, 22)])
