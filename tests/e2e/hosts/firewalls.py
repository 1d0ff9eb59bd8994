# SPDX-License-Identifier: GPL-2.0-or-later
"""Firewalls in front of Docker's rules, as their tools write them."""
import os

import docker
from registry import Hosts
from world import NEIGHBOUR, WAN, WAN6, cell

HOSTS = Hosts()
RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rules")
WEB = ("0.0.0.0:8080:172.17.0.2:80/tcp", "0.0.0.0:5300:172.17.0.2:80/udp")


def recorded(name):
    with open(os.path.join(RULES, name), encoding="ascii") as f:
        return f.read()


@HOSTS.host
def firewalld(h):
    """firewalld 1.3: docker zone, rich rules, a port forwarded to a container."""
    docker.build(h, *WEB)
    h.nft(recorded("firewalld.nft"))
    h.listen("host", "tcp:22", "tcp:8443", "tcp:9000", "tcp:3306")
    h.ask(8081, opens=[("198.51.100.7", WAN, 8080), ("198.51.100.7", WAN, 9000),
                       ("198.51.100.7", WAN, 8081)],
          shuts=[("198.51.100.7", WAN, 3306), ("192.0.2.77", WAN, 22)])


@HOSTS.host
def firewalld_without_docker_rules(h):
    """Docker's rules were flushed: the docker zone's policy alone lets all in."""
    h.network("bridge", "docker0", "172.17.0.1/16")
    h.container("web", "bridge", "172.17.0.2", listens=["tcp:80", "tcp:9200"],
                publish=["0.0.0.0:8080:80/tcp"])
    h.routed("172.17.0.0/16")
    h.nft(recorded("firewalld.nft"))
    h.ask(8080, opens=[(NEIGHBOUR, "172.17.0.2", 9200)])


UFW_DOCKER = """
-j ufw-user-forward
-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-m conntrack --ctstate INVALID -j DROP
-i docker0 -o docker0 -j ACCEPT
-s 10.0.0.0/8 -j RETURN
-s 172.16.0.0/12 -j RETURN
-s 192.168.0.0/16 -j RETURN
-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -d 192.168.0.0/16 -j ufw-docker-logging-deny
-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -d 10.0.0.0/8 -j ufw-docker-logging-deny
-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -d 172.16.0.0/12 -j ufw-docker-logging-deny
-p udp -m udp --dport 0:32767 -d 192.168.0.0/16 -j ufw-docker-logging-deny
-p udp -m udp --dport 0:32767 -d 10.0.0.0/8 -j ufw-docker-logging-deny
-p udp -m udp --dport 0:32767 -d 172.16.0.0/12 -j ufw-docker-logging-deny
"""
UFW_DOCKER_OLD = """
-s 10.0.0.0/8 -j RETURN
-s 172.16.0.0/12 -j RETURN
-s 192.168.0.0/16 -j RETURN
-p udp -m udp --sport 53 --dport 1024:65535 -j RETURN
-j ufw-user-forward
-d 192.168.0.0/16 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP
-d 172.16.0.0/12 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP
-d 172.16.0.0/12 -p udp -m udp --dport 0:32767 -j DROP
"""
UFW_CHAINS = """*filter
:ufw-user-forward - [0:0]
:ufw-docker-logging-deny - [0:0]
-A ufw-user-forward -p tcp -d 172.17.0.2 --dport 9200 -j ACCEPT
-A ufw-docker-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW DOCKER BLOCK] "
-A ufw-docker-logging-deny -j DROP
COMMIT
"""


@HOSTS.host
def ufw_docker(h):
    h.iptables(UFW_CHAINS, "iptables-nft")
    docker.build(h, *WEB, "0.0.0.0:9200:172.17.0.2:9200/tcp",
                 "0.0.0.0:40000:172.17.0.2:40000/udp", user=UFW_DOCKER,
                 listens=("tcp:80", "udp:80", "tcp:9200", "udp:40000"))
    h.ask(opens=[("198.51.100.7", WAN, 9200), ("198.51.100.7", WAN, 40000, "udp")],
          shuts=[("198.51.100.7", WAN, 8080), ("198.51.100.7", WAN, 5300, "udp")])


@HOSTS.host
def ufw_docker_source_port(h):
    """Its older rules let every datagram from port 53 pass to a high port."""
    h.iptables(UFW_CHAINS, "iptables-nft")
    docker.build(h, "0.0.0.0:5300:172.17.0.2:5300/udp", "0.0.0.0:53:172.17.0.2:53/udp",
                 user=UFW_DOCKER_OLD, listens=("udp:5300", "udp:53"))
    h.ask(sports=[53], opens=[("198.51.100.7", WAN, 5300, "udp", 53)],
          shuts=[("198.51.100.7", WAN, 5300, "udp"),
                 ("198.51.100.7", WAN, 53, "udp", 53)])


@HOSTS.host
def docker_user_original_port(h):
    docker.build(h, *WEB, user="""
-i wan0 -p tcp -m conntrack --ctorigdstport 8080 --ctdir ORIGINAL ! -s 198.51.100.0/24 -j DROP
-i wan0 -p udp -m conntrack --ctorigdst 203.0.113.10 --ctdir ORIGINAL -j DROP
-i wan0 -m conntrack --ctstate NEW --ctorigdst 172.17.0.0/16 -j DROP""")
    h.ask(opens=[("198.51.100.7", WAN, 8080)],
          shuts=[("192.0.2.77", WAN, 8080), (NEIGHBOUR, "172.17.0.2", 80)])


@HOSTS.host
def oracle_cloud_image(h):
    """The image's own rules: REJECT at the end of FORWARD, after Docker's."""
    h.iptables("""*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [463:49013]
:InstanceServices - [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p udp --sport 123 -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A OUTPUT -d 169.254.0.0/16 -j InstanceServices
-A InstanceServices -d 169.254.0.2/32 -p tcp -m owner --uid-owner 0 -m tcp --dport 3260 -m comment --comment "See the Oracle-Provided Images section" -j ACCEPT
-A InstanceServices -d 169.254.0.0/16 -p udp -m udp -m comment --comment "See the Oracle-Provided Images section" -j REJECT --reject-with icmp-port-unreachable
COMMIT
""", "iptables-nft")
    docker.build(h, *WEB)
    h.listen("host", "tcp:22", "tcp:3306", "udp:161")
    # Any datagram from port 123 passes its INPUT.
    h.ask(sports=[123], opens=[("198.51.100.7", WAN, 22),
                               ("198.51.100.7", WAN, 161, "udp", 123)],
          shuts=[("198.51.100.7", WAN, 8080), ("198.51.100.7", WAN, 161, "udp")])


@HOSTS.host
def csf(h):
    """ConfigServer's chains, a blocked and an allowed network by ipset, in legacy tables."""
    h.run("ipset", "create", "chain_DENY", "hash:net")
    h.run("ipset", "add", "chain_DENY", "192.0.2.0/24")
    h.run("ipset", "create", "chain_ALLOW", "hash:net")
    h.run("ipset", "add", "chain_ALLOW", "10.99.0.0/16")
    docker.build(h, *WEB, backend="iptables-legacy")
    h.iptables("""*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:DENYIN - [0:0]
:ALLOWIN - [0:0]
:LOCALINPUT - [0:0]
:INVALID - [0:0]
:INVDROP - [0:0]
:LOGDROPIN - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT ! -i lo -j LOCALINPUT
-A INPUT ! -i lo -p tcp -j INVALID
-A INPUT ! -i lo -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT ! -i lo -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT
-A INPUT ! -i lo -p tcp -m conntrack --ctstate NEW -m tcp --dport 30000:35000 -j ACCEPT
-A INPUT ! -i lo -p tcp -m multiport --dports 2222,2223 -m connlimit --connlimit-above 5 --connlimit-mask 32 --connlimit-saddr -j REJECT --reject-with tcp-reset
-A INPUT ! -i lo -p udp -m conntrack --ctstate NEW -m udp --dport 53 -j ACCEPT
-A INPUT ! -i lo -j LOGDROPIN
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT ! -o lo -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A OUTPUT ! -o lo -p tcp -m owner --uid-owner 0 -j ACCEPT
-A ALLOWIN ! -i lo -m set --match-set chain_ALLOW src -j ACCEPT
-A DENYIN ! -i lo -m set --match-set chain_DENY src -j LOGDROPIN
-A LOCALINPUT ! -i lo -j ALLOWIN
-A LOCALINPUT ! -i lo -j DENYIN
-A INVALID -m conntrack --ctstate INVALID -j INVDROP
-A INVALID -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j INVDROP
-A INVALID -p tcp -m tcp --tcp-flags SYN,FIN SYN,FIN -j INVDROP
-A INVALID -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j INVDROP
-A INVDROP -j DROP
-A LOGDROPIN -p tcp -m tcp --dport 113 -j DROP
-A LOGDROPIN -p tcp -m limit --limit 30/min -j LOG --log-prefix "Firewall: *TCP_IN Blocked* "
-A LOGDROPIN -j DROP
COMMIT
""", "iptables-legacy")
    h.listen("host", "tcp:22", "tcp:3306", "udp:53", "tcp:31000")
    h.ask(113, opens=[("198.51.100.7", WAN, 31000), ("10.99.0.5", WAN, 3306),
                      ("192.0.2.77", WAN, 8080)],
          shuts=[("192.0.2.77", WAN, 22), ("198.51.100.7", WAN, 3306)])


@HOSTS.host
def fail2ban_and_crowdsec(h):
    """Bans in the input hook: the published port does not know of them."""
    docker.build(h, *WEB)
    h.nft("""
table inet f2b-table {
	set addr-set-sshd { type ipv4_addr; elements = { 192.0.2.77 } }
	set addr6-set-sshd { type ipv6_addr; flags interval; elements = { 2001:db8:5::/48 } }
	chain f2b-chain {
		type filter hook input priority filter - 1; policy accept;
		tcp dport { 22 } ip saddr @addr-set-sshd reject with icmp port-unreachable
		tcp dport { 22 } ip6 saddr @addr6-set-sshd reject with icmpv6 port-unreachable
	}
}
table ip crowdsec {
	set crowdsec-blacklists { type ipv4_addr; flags timeout; elements = { 198.51.100.7 timeout 3h expires 2h } }
	chain crowdsec-chain {
		type filter hook input priority filter - 10; policy accept;
		ip saddr @crowdsec-blacklists counter log prefix "crowdsec: " drop
	}
}
table ip6 crowdsec6 {
	set crowdsec6-blacklists { type ipv6_addr; flags timeout; }
	chain crowdsec6-chain {
		type filter hook input priority filter - 10; policy accept;
		ip6 saddr @crowdsec6-blacklists drop
	}
}
""")
    h.listen("host", "tcp:22", "tcp:443")
    h.ask(opens=[("192.0.2.77", WAN, 8080), ("198.51.100.7", WAN, 8080),
                 ("192.0.2.77", WAN, 443)],
          shuts=[("192.0.2.77", WAN, 22), ("198.51.100.7", WAN, 443)])


@HOSTS.host
def cis_nftables(h):
    """The benchmark's base chains: input, forward and output drop by default."""
    docker.build(h, *WEB)
    h.nft("""
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		iif "lo" accept
		ip saddr 127.0.0.0/8 counter drop
		ip6 saddr ::1 counter drop
		ip protocol tcp ct state established accept
		ip protocol udp ct state established accept
		ip protocol icmp ct state established accept
		tcp dport ssh accept
		icmpv6 type { destination-unreachable, packet-too-big, nd-neighbor-solicit, nd-neighbor-advert } accept
		ip protocol igmp accept
	}
	chain forward { type filter hook forward priority filter; policy drop; }
	chain output {
		type filter hook output priority filter; policy drop;
		ip protocol tcp ct state established,related,new accept
		ip protocol udp ct state established,related,new accept
		ip protocol icmp ct state established,related,new accept
	}
}
""")
    h.listen("host", "tcp:22", "udp:53")
    # Its output chain lets no IPv6 answer out.
    h.ask(opens=[("198.51.100.7", WAN, 22)],
          shuts=[("198.51.100.7", WAN, 8080), ("2001:db8:5::7", WAN6, 22)])


@HOSTS.host
def raw_and_ingress_filters(h):
    """Native rules before Docker's: at the device and in raw, with sets of both."""
    docker.build(h, *WEB)
    h.nft("""
table netdev edge {
	set bad { type ipv4_addr; flags interval; auto-merge; elements = { 192.0.2.0/24 } }
	chain ingress {
		type filter hook ingress device "wan0" priority -500; policy accept;
		ip saddr @bad drop
		ip frag-off & 0x1fff != 0 counter drop
		tcp flags & (fin|psh|urg) == fin|psh|urg counter drop
	}
}
table inet early {
	set open { type inet_proto . inet_service; elements = { tcp . 8080, tcp . 22 } }
	chain prerouting {
		type filter hook prerouting priority raw; policy drop;
		iifname != "wan0" accept
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
		ct state established,related accept
		meta l4proto . th dport @open accept
		ip saddr 10.99.0.0/16 ip daddr 203.0.113.10 udp dport 5300 accept
		tcp sport 53 accept
		udp sport 53 accept
	}
}
""")
    h.listen("host", "tcp:22", "tcp:3306")
    h.ask(sports=[53], opens=[("198.51.100.7", WAN, 8080),
                              ("10.99.0.5", WAN, 5300, "udp")],
          shuts=[("192.0.2.77", WAN, 8080)],
          extra=[cell("neighbour", NEIGHBOUR, "172.17.0.2", 9200, "tcp", 53)])


@HOSTS.host
def mail_stays_inside(h):
    """Nobody here sends mail: rules that ask where answers go, as well."""
    docker.build(h, *WEB, user="-p tcp --dport 25 -j REJECT")
    h.iptables("""*filter
-A OUTPUT -p tcp --dport 25 -j DROP
-A OUTPUT -p udp -m multiport --dports 19,123,1900 -j DROP
COMMIT
""", "iptables-nft")
    h.listen("host", "tcp:22", "udp:161")
    h.ask(opens=[("198.51.100.7", WAN, 8080), ("198.51.100.7", WAN, 22)])
