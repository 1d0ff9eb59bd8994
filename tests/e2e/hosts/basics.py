# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses and sockets, with few rules or none."""
from registry import Hosts
from world import NEIGHBOUR, NEIGHBOUR6, WAN, cell

HOSTS = Hosts()


@HOSTS.host
def loopback_routed(h):
    """route_localnet on every interface, as kube-proxy sets it: 127.0.0.1 is for all."""
    h.sysctl(**{"net/ipv4/conf/all/route_localnet": 1})
    h.listen("host", "tcp:127.0.0.1:6379", "udp:127.0.0.53:53", "tcp:22")
    h.ask(extra=[cell("neighbour", NEIGHBOUR, "127.0.0.53", 53, "udp")],
          opens=[(NEIGHBOUR, "127.0.0.1", 6379)], shuts=[("198.51.100.7", WAN, 6379)])


@HOSTS.host
def special_destinations(h):
    """Anycast, multicast and the rest of a loopback network."""
    h.listen("host", "tcp:22", "udp:5353", "udp:203.0.113.10:123")
    h.ask(extra=[cell("neighbour", NEIGHBOUR if ":" not in to else NEIGHBOUR6, to, port,
                      proto)
                 for to in ("224.0.0.251", "2001:db8:1::", "127.1.2.3")
                 for port, proto in ((22, "tcp"), (5353, "udp"), (123, "udp"))
                 if (to, proto) != ("224.0.0.251", "tcp")],     # nobody sends that
          exact=False)     # some programs answer from an anycast address, others do not


@HOSTS.host
def joined_groups(h):
    """Groups of sockets that are bound to any address, past ufw's rules of input."""
    h.nft("""table ip filter {
            chain input {
                type filter hook input priority 0; policy drop;
                ip daddr { 224.0.0.251, 224.0.0.252, 239.255.255.250 } accept
            }
        }""")
    h.join("224.0.0.251", "wan0")
    h.join("239.255.255.250", "lan0")
    h.listen("host", "udp:5353", "udp:203.0.113.10:123")
    h.ask(extra=[cell("neighbour", NEIGHBOUR, to, port, "udp")
                 for to in ("224.0.0.251", "224.0.0.252", "239.255.255.250", "224.0.0.1")
                 for port in (5353, 123)])


@HOSTS.host
def local_prefix(h):
    """A whole prefix that is local by a route alone (AnyIP, a load balancer's address)."""
    h.ip("route add local 198.18.5.0/24 dev wan0 proto 66")
    h.routed("198.18.5.0/24")
    h.local += ["198.18.5.9"]
    h.listen("host", "tcp:22", "udp:53")
    h.ask(targets=["198.18.5.9"], publics=["198.18.5.9"],
          opens=[("198.51.100.7", "198.18.5.9", 22)])


@HOSTS.host
def bound_to_device(h):
    h.listen("host", "tcp:0.0.0.0%lan0:22", "tcp:0.0.0.0%lo:23", "udp:[::%wan0]:53",
             "tcp:10.20.0.10:80", "tcp:[fd00:20::10]:81")
    h.ask(opens=[("10.20.0.1", "10.20.0.10", 22), (NEIGHBOUR, "10.20.0.10", 80)],
          shuts=[(NEIGHBOUR, "10.20.0.10", 22)])


@HOSTS.host
def ipv6_off_on_wan(h):
    h.sysctl(**{"net/ipv6/conf/wan0/disable_ipv6": 1})
    h.listen("host", "tcp:22", "udp:53")
    h.routed("fd00:20::/64")
    h.ask(targets=["fd00:20::10"])
