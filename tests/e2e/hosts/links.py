# SPDX-License-Identifier: GPL-2.0-or-later
"""Bridges, routes and links that decide as much as rules do."""
import docker
import lab
from registry import Hosts
from world import NEIGHBOUR, NEIGHBOUR6, PEER, ROUTER, ROUTER6, WAN, WAN6, cell

HOSTS = Hosts()
WEB = ("0.0.0.0:8080:172.17.0.2:80/tcp", "0.0.0.0:5300:172.17.0.2:80/udp")


def bridged_uplink(h):
    """wan0 is a port of br0, which has the host's addresses; a container beside it."""
    h.ip("link add br0 address 02:00:00:00:01:10 type bridge", "link set br0 up",
         "addr flush dev wan0", "link set wan0 master br0",
         "addr add %s/25 dev br0" % WAN, "addr add %s/64 dev br0 nodad" % WAN6,
         "route replace default via " + ROUTER, "route replace ::/0 via " + ROUTER6,
         *("neigh replace %s lladdr %s dev br0 nud permanent" % x for x in (
             (ROUTER, "02:00:00:00:01:01"), (ROUTER6, "02:00:00:00:01:01"),
             (NEIGHBOUR, "02:00:00:00:01:02"), (NEIGHBOUR6, "02:00:00:00:01:02"))))
    h.uplink, h.any_frame = "br0", True
    h.network("beside", "br0", WAN + "/25", WAN6 + "/64", exists=True)
    h.container("direct", "beside", "203.0.113.40", "2001:db8:1::40",
                listens=["tcp:80", "udp:53", "tcp:9200"])
    mac = h.mac("direct")
    for space, link in ((h.internet, "wan"), (h.neighbour, "wan0"), (h.host, "br0")):
        space.ip(*("neigh add %s lladdr %s dev %s nud permanent" % (a, mac, link)
                   for a in ("203.0.113.40", "2001:db8:1::40")))
    h.spaces["direct"].ip("route replace default via " + ROUTER,
                          "route replace ::/0 via " + ROUTER6)
    h.publics += ["203.0.113.40", "2001:db8:1::40"]
    h.listen("host", "tcp:22")
    h.silent = {"lan"}      # the container's answers to it go by the router


@HOSTS.host
def bridged_container(h):
    """Bridged frames never meet the host's IP rules."""
    h.sysctl(**{"net/bridge/bridge-nf-call-iptables": 0,
                "net/bridge/bridge-nf-call-ip6tables": 0})
    bridged_uplink(h)
    h.iptables("*filter\n:FORWARD DROP [0:0]\n:INPUT DROP [0:0]\n"
               "-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n")
    h.ask(opens=[("198.51.100.7", "203.0.113.40", 9200), ("198.51.100.7", WAN, 22)])


@HOSTS.host
def bridged_container_added_address(h):
    """One that it took by itself is as bridged as the engine's own."""
    h.sysctl(**{"net/bridge/bridge-nf-call-iptables": 0,
                "net/bridge/bridge-nf-call-ip6tables": 0})
    bridged_uplink(h)
    mac, added = h.mac("direct"), ("203.0.113.41", "2001:db8:1::41")
    h.spaces["direct"].ip("addr add %s/25 dev eth0" % added[0],
                          "addr add %s/64 dev eth0 nodad" % added[1])
    for space, link in ((h.internet, "wan"), (h.neighbour, "wan0"), (h.host, "br0")):
        space.ip(*("neigh add %s lladdr %s dev %s nud permanent" % (a, mac, link)
                   for a in added))
    h.publics += added
    h.iptables("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n")
    h.ask(targets=added, opens=[("198.51.100.7", added[0], 9200)])


@HOSTS.host
def bridged_container_br_netfilter(h):
    """With br_netfilter, as Docker switches it on, they do."""
    h.sysctl(**{"net/bridge/bridge-nf-call-iptables": 1,
                "net/bridge/bridge-nf-call-ip6tables": 1})
    bridged_uplink(h)
    h.iptables("""*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br0 -o br0 -m physdev --physdev-is-bridged -p tcp --dport 80 -j ACCEPT
COMMIT
""")
    h.ask(exact=False, opens=[("198.51.100.7", "203.0.113.40", 80)],
          shuts=[("198.51.100.7", "203.0.113.40", 9200)])


@HOSTS.host
def bridge_family_filter(h):
    """nft's bridge family in front of a bridged container."""
    h.sysctl(**{"net/bridge/bridge-nf-call-iptables": 0})
    bridged_uplink(h)
    h.nft("""
table bridge filter {
	chain forward {
		type filter hook forward priority filter; policy accept;
		iifname "wan0" ip daddr 203.0.113.40 tcp dport 9200 ip saddr != 198.51.100.0/24 drop
		ether type ip6 meta l4proto udp drop
	}
	chain input {
		type filter hook input priority filter; policy accept;
		tcp dport 22 ip saddr 192.0.2.0/24 drop
	}
}
""")
    h.ask(opens=[("198.51.100.7", "203.0.113.40", 9200)],
          shuts=[("192.0.2.77", "203.0.113.40", 9200), ("192.0.2.77", WAN, 22)])


PORT_MARKS = """
table netdev ports {
	chain wan {
		type filter hook ingress device wan0 priority 0; policy accept;
		iifname "wan0" meta mark set 0x7
	}
}
table inet host {
	chain in {
		type filter hook input priority 0; policy drop;
		iifname "%s" meta mark 0x7 accept
	}
}
"""


@HOSTS.host
def mark_of_one_port(h):
    """What comes by one of the bridge's ports has a mark, and that is let in."""
    bridged_uplink(h)
    h.ip("link add other type veth peer name away", "link set other master br0 up")
    h.nft(PORT_MARKS % "br0")
    h.ask(exact=False, opens=[("198.51.100.7", WAN, 22)])


@HOSTS.host
def mark_of_the_only_port(h):
    """The same where there is no other port."""
    bridged_uplink(h)
    h.nft(PORT_MARKS % "br0")
    h.ask(opens=[("198.51.100.7", WAN, 22)])


@HOSTS.host
def stray_port_of_docker0(h):
    """Somebody put a namespace of his own on Docker's bridge."""
    docker.build(h, *WEB)
    h.space("stray", "docker0", "172.17.0.99/16", gateways=["172.17.0.1"])
    h.listen("stray", "tcp:80")
    h.iptables("""*nat
-A PREROUTING -p tcp --dport 8099 -j DNAT --to-destination 172.17.0.99:80
COMMIT
*filter
-I DOCKER-USER -d 172.17.0.99/32 -j ACCEPT
COMMIT
""", "iptables-nft")
    h.ask(8099, exact=False, extra=[cell(*who, "172.17.0.99", 80) for who in (
        ("neighbour", NEIGHBOUR), ("private", "10.99.0.5"), ("lan", PEER))],
          opens=[("198.51.100.7", WAN, 8099), (NEIGHBOUR, "172.17.0.99", 80)])


@HOSTS.host
def swarm_ingress_sandbox(h):
    """docker_gwbridge leads to ingress_sbox, a namespace that is no container's."""
    h.network("docker_gwbridge", "docker_gwbridge", "172.18.0.1/16")
    h.space("sbox", "docker_gwbridge", "172.18.0.2/16", gateways=["172.18.0.1"])
    h.listen("sbox", "tcp:8080")
    h.iptables("""*nat
:DOCKER-INGRESS - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE
-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080
-A DOCKER-INGRESS -j RETURN
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER-INGRESS - [0:0]
-A FORWARD -j DOCKER-INGRESS
-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j ACCEPT
-A DOCKER-INGRESS -p tcp -m state --state RELATED,ESTABLISHED -m tcp --sport 8080 -j ACCEPT
-A DOCKER-INGRESS -j RETURN
COMMIT
""", "iptables-nft")
    h.ask(exact=False, opens=[("198.51.100.7", WAN, 8080)])


@HOSTS.host
def container_is_a_router(h):
    """A route by a container, to a network that lives inside of it (a VPN, say)."""
    docker.build(h, *WEB, user="-d 10.13.13.0/24 -j ACCEPT\n-s 10.13.13.0/24 -j ACCEPT")
    h.spaces["web"].ip("link add inner type bridge", "link set inner up",
                       "addr add 10.13.13.1/24 dev inner")
    with h.spaces["web"].inside():
        open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii").write("1")
    h.ip("route add 10.13.13.0/24 via 172.17.0.2")
    h.routed("10.13.13.0/24")
    h.ask(targets=["10.13.13.1"], opens=[(NEIGHBOUR, "10.13.13.1", 9200)])


@HOSTS.host
def docker_in_docker(h):
    """An engine in a container gives an address that the host's own has given, too."""
    docker.build(h, "0.0.0.0:8080:172.17.0.2:8080/tcp", user="-j ACCEPT",
                 listens=("tcp:9200",))
    h.network("project", "br-project", "172.18.0.1/16")
    h.container("db", "project", "172.18.0.2", listens=["tcp:5432"])
    h.routed("172.18.0.0/16")
    inner = h.empty("inner")
    h.spaces["web"].ip(
        "link add docker0 type bridge", "link set docker0 up",
        "addr add 172.18.0.1/16 dev docker0",
        "link add inner type veth peer name eth0 netns " + inner.path,
        "link set inner master docker0 up")
    inner.ip("link set eth0 up", "addr add 172.18.0.2/16 dev eth0",
             "route add default via 172.18.0.1")
    with h.spaces["web"].inside():
        lab.sysctl("net/ipv4/ip_forward", 1)
        lab.run("iptables-nft-restore", text=docker.rules(
            "0.0.0.0:8080:172.18.0.2:80/tcp", subnet="172.18.0.0/16"))
    h.listen("inner", "tcp:80")
    h.ask(exact=False, opens=[("198.51.100.7", WAN, 8080), (NEIGHBOUR, "172.17.0.2", 8080),
                              (NEIGHBOUR, "172.18.0.2", 5432)])


@HOSTS.host
def address_by_route_inside(h):
    """A container answers for addresses that only a route makes its own."""
    docker.build(h, *WEB, user="-j ACCEPT")
    h.spaces["web"].ip("route add local 172.17.0.99/32 dev lo")
    h.iptables("""*nat
-A PREROUTING -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.99:80
COMMIT
""", "iptables-nft")
    h.ask(8081, targets=["172.17.0.99"], opens=[
        ("198.51.100.7", WAN, 8081), (NEIGHBOUR, "172.17.0.99", 9200)])


def answer_for_another(h, answers):
    """A container at whose back is one more address of its network."""
    docker.build(h, *WEB, user="-j ACCEPT")
    inner, web = h.empty("inner"), h.spaces["web"]
    web.ip("link add inner index 70 type veth peer name eth0 index 71 netns " + inner.path,
           "link set inner up", "route add 172.17.0.99/32 dev inner")
    inner.ip("link set eth0 up", "addr add 172.17.0.99/32 dev eth0",
             "route add 172.17.0.2 dev eth0", "route add default via 172.17.0.2")
    with web.inside():
        lab.sysctl("net/ipv4/ip_forward", 1)
        answers()
    h.listen("inner", "tcp:80")
    h.iptables("""*nat
-A PREROUTING -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.99:80
COMMIT
""", "iptables-nft")
    h.ask(8081, exact=False, opens=[("198.51.100.7", WAN, 8081)])


@HOSTS.host
def container_answers_for_another(h):
    """It proxies ARP for who is behind it, at an address of its network."""
    answer_for_another(h, lambda: [lab.sysctl("net/ipv4/conf/%s/proxy_arp" % link, 1)
                                   for link in ("eth0", "inner")])


@HOSTS.host
def container_answers_by_an_entry(h):
    """The same with entries for one address, and no setting."""
    answer_for_another(h, lambda: [
        lab.run("ip", "neigh", "add", "proxy", *entry)
        for entry in (("172.17.0.99", "dev", "eth0"), ("172.17.0.1", "dev", "inner"))])


@HOSTS.host
def chains_inside_a_container(h):
    """A mark of the device's chain is what the container's own input asks for."""
    docker.build(h, *WEB)
    with h.spaces["web"].inside():
        lab.run("nft", "-f", "-", text=PORT_MARKS.replace("wan0", "eth0") % "eth0")
    h.ask(opens=[("198.51.100.7", WAN, 8080)])


@HOSTS.host
def chains_of_a_container_port(h):
    """Chains of the netdev family on the host's end of the container's pair."""
    docker.build(h, *WEB, user="-j ACCEPT")
    h.nft("""
table netdev port {
	chain to {
		type filter hook egress device vweb priority 0; policy accept;
		tcp dport 9200 ip saddr 192.0.2.0/24 drop
		udp dport 80 drop
	}
	chain from {
		type filter hook ingress device vweb priority 0; policy accept;
		tcp sport 80 ip daddr 198.51.100.0/24 drop
	}
}
""")
    h.ask(opens=[("192.0.2.77", WAN, 8080)],
          shuts=[("198.51.100.7", WAN, 8080), ("192.0.2.77", WAN, 5300, "udp")])


@HOSTS.host
def two_networks(h):
    """A container on two bridges, whose default route is by the one not published on."""
    docker.build(h, *WEB)
    h.network("back", "br-back", "172.30.0.1/16")
    space = h.spaces["web"]
    h.ip("link add vback type veth peer name eth1 netns " + space.path,
         "link set vback master br-back up")
    space.ip("link set eth1 up", "addr add 172.30.0.2/16 dev eth1",
             "route replace default via 172.30.0.1")
    h.iptables("*filter\n-I DOCKER-USER -i br-back -j ACCEPT\nCOMMIT\n", "iptables-nft")
    h.routed("172.30.0.0/16")
    h.ask(targets=["172.30.0.2"], opens=[("198.51.100.7", WAN, 8080)])


@HOSTS.host
def two_networks_strict(h):
    """The same where the answer's interface must be the one its source belongs to."""
    two_networks(h)
    h.sysctl(**{"net/ipv4/conf/br-back/rp_filter": 1})
    h.opens, h.shuts = [], [("198.51.100.7", WAN, 8080)]


@HOSTS.host
def address_by_route_alone(h):
    """A load balancer's address, local by a route, is what the firewall lets in."""
    h.ip("route add local 198.18.5.9/32 dev wan0 proto 66")
    h.routed("198.18.5.9/32")
    h.nft("""
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		ip daddr 198.18.5.9 tcp dport 443 accept
	}
}
""")
    h.listen("host", "tcp:443", "tcp:22")
    h.local += ["198.18.5.9"]
    h.ask(targets=["198.18.5.9"], publics=["198.18.5.9"],
          opens=[("198.51.100.7", "198.18.5.9", 443)],
          shuts=[("198.51.100.7", WAN, 443)])


@HOSTS.host
def address_to_container(h):
    """One address of the host is a container's as a whole; another is mapped by net."""
    docker.build(h)
    h.ip("addr add 203.0.113.11/25 dev wan0")
    h.nft("""
table ip onetoone {
	chain pre {
		type nat hook prerouting priority dstnat - 5; policy accept;
		ip daddr 203.0.113.11 dnat to 172.17.0.2
	}
	chain later {
		type filter hook forward priority filter - 5; policy accept;
		ct status dnat tcp dport 9200 ip saddr 192.0.2.0/24 drop
	}
}
""")
    h.iptables("*filter\n-I DOCKER-USER -i wan0 -m conntrack --ctorigdst 203.0.113.11 "
               "-j ACCEPT\nCOMMIT\n", "iptables-nft")
    h.internet.ip("neigh add 203.0.113.11 lladdr 02:00:00:00:01:10 dev wan nud permanent")
    h.neighbour.ip("neigh add 203.0.113.11 lladdr 02:00:00:00:01:10 dev wan0 nud permanent")
    h.listen("host", "tcp:22")
    h.ask(publics=["203.0.113.11"], opens=[("198.51.100.7", "203.0.113.11", 9200)],
          shuts=[("192.0.2.77", "203.0.113.11", 9200)])


@HOSTS.host
def transparent_proxy(h):
    """REDIRECT of every web port to a proxy, whoever is asked."""
    docker.build(h, "0.0.0.0:8080:172.17.0.2:80/tcp")
    h.iptables("""*nat
-I PREROUTING -i wan0 -p tcp -m multiport --dports 80,8081 -j REDIRECT --to-ports 3128
-I PREROUTING -i wan0 -p udp --dport 53 -j DNAT --to-destination 127.0.0.1:5353
COMMIT
""", "iptables-nft")
    h.sysctl(**{"net/ipv4/conf/wan0/route_localnet": 1})
    h.listen("host", "tcp:3128", "udp:127.0.0.1:5353", "tcp:127.0.0.1:9000")
    h.ask(8081, 53, opens=[("198.51.100.7", WAN, 8081), (NEIGHBOUR, "127.0.0.1", 9000)])


@HOSTS.host
def no_forwarding(h):
    docker.build(h, *WEB)
    h.sysctl(**{"net/ipv4/ip_forward": 0})
    h.listen("host", "tcp:22")
    h.ask(shuts=[("198.51.100.7", WAN, 8080)], opens=[("198.51.100.7", WAN, 22)])


@HOSTS.host
def two_uplinks(h):
    """A second default route by the lan, chosen by the source of the answer."""
    docker.build(h, *WEB)
    h.ip("route add default via %s table 100" % PEER, "rule add from 10.20.0.10 table 100",
         "route add default via %s metric 200" % PEER)
    h.sysctl(**{"net/ipv4/conf/wan0/rp_filter": 1, "net/ipv4/conf/lan0/rp_filter": 2})
    h.perimeter = ["wan0"]
    h.inner = True
    h.listen("host", "tcp:22")
    h.ask(opens=[("198.51.100.7", WAN, 8080), (PEER, "10.20.0.10", 22)])


@HOSTS.host
def macvlan_beside(h):
    """A macvlan container on wan0 with a firewall of its own, and one on lan0."""
    h.iptables("*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\nCOMMIT\n", "iptables-nft")
    h.network("beside", "wan0", ROUTER + "/25", driver="macvlan", own=True)
    for name, parent, address, gateway in (("direct", "wan0", "203.0.113.40/25", ROUTER),
                                           ("inner", "lan0", "10.20.0.40/24", PEER)):
        space = h.empty(name)
        h.ip("link add link %s name eth0 netns %s type macvlan mode bridge" % (
            parent, space.path))
        space.ip("link set eth0 up", "addr add %s dev eth0" % address,
                 "route add default via " + gateway)
        with space.inside():
            lab.sysctl("net/ipv6/conf/all/disable_ipv6", 1)
    with h.spaces["direct"].inside():
        lab.run("nft", "-f", "-", text="""
table inet own {
	chain input {
		type filter hook input priority filter; policy accept;
		tcp dport 9200 ip saddr != 198.51.100.0/24 drop
	}
}
""")
    h.container("direct", "beside", "203.0.113.40", listens=["tcp:80", "udp:53", "tcp:9200"])
    h.network("inner", "lan0", PEER + "/24", driver="macvlan", own=True)
    h.container("inner", "inner", "10.20.0.40", listens=["tcp:80"])
    h.targets.remove("10.20.0.40")
    h.silent = {"lan"}
    h.ask(publics=["203.0.113.40"],
          extra=[cell("lan", PEER, "10.20.0.40", p) for p in (80, 81)],
          opens=[("198.51.100.7", "203.0.113.40", 9200), (PEER, "10.20.0.40", 80)],
          shuts=[("192.0.2.77", "203.0.113.40", 9200)])


@HOSTS.host
def forwarded_to_the_lan(h):
    """A port forwarded to another machine: what it answers is out of sight."""
    docker.build(h, *WEB)
    h.nft("""
table ip port_forward {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		iifname "wan0" tcp dport 8443 dnat to 10.20.0.1:443
	}
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "lan0" ct status dnat masquerade
	}
}
""")
    h.iptables("*filter\n-I DOCKER-USER -o lan0 -j ACCEPT\n-I DOCKER-USER -i lan0 "
               "-m conntrack --ctstate ESTABLISHED -j ACCEPT\nCOMMIT\n", "iptables-nft")
    h.spaces["peer"] = h.lan
    h.listen("peer", "tcp:443")
    h.ask(8443, exact=False, opens=[("198.51.100.7", WAN, 8443)])


@HOSTS.host
def shared_namespace(h):
    """A pod: one container has the network, another one listens in it."""
    docker.build(h, *WEB)
    h.joined("app", "web")
    h.ask(opens=[("198.51.100.7", WAN, 8080)])
