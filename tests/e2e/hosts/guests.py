# SPDX-License-Identifier: GPL-2.0-or-later
"""Other tenants of a host's rules: virtual machines, other engines, clusters, tunnels."""
import docker
from registry import Hosts
from world import LAN, NEIGHBOUR, PEER, ROUTER, WAN, WAN6, cell

HOSTS = Hosts()
WEB = ("0.0.0.0:8080:172.17.0.2:80/tcp", "0.0.0.0:5300:172.17.0.2:80/udp")


@HOSTS.host
def libvirt(h):
    """libvirt 10's own table for its default network, and a machine behind virbr0."""
    docker.build(h, *WEB)
    h.ip("link add virbr0 type bridge", "link set virbr0 up",
         "addr add 192.168.122.1/24 dev virbr0")
    h.space("vm", "virbr0", "192.168.122.50/24", gateways=["192.168.122.1"])
    h.listen("vm", "tcp:22")
    h.routed("192.168.122.0/24")
    h.nft("""
table ip libvirt_network {
	chain forward {
		type filter hook forward priority filter; policy accept;
		counter jump guest_cross
		counter jump guest_input
		counter jump guest_output
	}
	chain guest_output {
		ip saddr 192.168.122.0/24 iif "virbr0" counter accept
		iif "virbr0" counter reject
	}
	chain guest_input {
		oif "virbr0" ip daddr 192.168.122.0/24 ct state established,related counter accept
		oif "virbr0" counter reject
	}
	chain guest_cross { iif "virbr0" oif "virbr0" counter accept; }
	chain guest_nat {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 192.168.122.0/24 ip daddr 224.0.0.0/24 counter return
		meta l4proto tcp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
		meta l4proto udp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
		ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade
	}
}
""")
    h.ask(targets=["192.168.122.50"], shuts=[(NEIGHBOUR, "192.168.122.50", 22)],
          opens=[("198.51.100.7", WAN, 8080)])


@HOSTS.host
def libvirt_port_forward(h):
    """The hook script that everybody copies: DNAT to a machine, which no engine knows."""
    h.ip("link add virbr0 type bridge", "link set virbr0 up",
         "addr add 192.168.122.1/24 dev virbr0")
    h.space("vm", "virbr0", "192.168.122.50/24", gateways=["192.168.122.1"])
    h.listen("vm", "tcp:80")
    h.iptables("""*nat
-A PREROUTING -d 203.0.113.10/32 -p tcp -m tcp --dport 8000:8010 -j DNAT --to-destination 192.168.122.50:80
COMMIT
*filter
:LIBVIRT_FWI - [0:0]
-I FORWARD -o virbr0 -d 192.168.122.50 -j ACCEPT
-A FORWARD -j LIBVIRT_FWI
-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
COMMIT
""", "iptables-nft")
    h.exact = False     # a machine's sockets are out of sight
    h.ask(8000, 8005, exact=False, opens=[("198.51.100.7", WAN, 8005)])


@HOSTS.host
def lxd(h):
    """LXD's table with a network forward, beside Docker's policy of drop."""
    docker.build(h, *WEB)
    h.ip("link add lxdbr0 type bridge", "link set lxdbr0 up",
         "addr add 10.158.212.1/24 dev lxdbr0")
    h.space("c1", "lxdbr0", "10.158.212.50/24", gateways=["10.158.212.1"])
    h.listen("c1", "tcp:80")
    h.listen("host", "tcp:22", "udp:53")
    h.nft("""
table inet lxd {
	chain fwdprert.lxdbr0 {
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr 203.0.113.10 tcp dport 8090 dnat ip to 10.158.212.50:80
	}
	chain fwdout.lxdbr0 {
		type nat hook output priority -100; policy accept;
		ip daddr 203.0.113.10 tcp dport 8090 dnat ip to 10.158.212.50:80
	}
	chain pstrt.lxdbr0 {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 10.158.212.0/24 ip daddr != 10.158.212.0/24 masquerade
	}
	chain fwd.lxdbr0 {
		type filter hook forward priority filter; policy accept;
		ip version 4 oifname "lxdbr0" accept
		ip version 4 iifname "lxdbr0" accept
	}
	chain in.lxdbr0 {
		type filter hook input priority filter; policy accept;
		iifname "lxdbr0" tcp dport 53 accept
		iifname "lxdbr0" udp dport 53 accept
		iifname "lxdbr0" icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
		iifname "lxdbr0" udp dport 67 accept
	}
}
""")
    # Docker's FORWARD drops what LXD accepted.
    h.ask(8090, shuts=[("198.51.100.7", WAN, 8090)], opens=[("198.51.100.7", WAN, 8080)])


KUBE = """*nat
:KUBE-SERVICES - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-SVC-XYZ - [0:0]
:KUBE-EXT-XYZ - [0:0]
:KUBE-SEP-1 - [0:0]
:KUBE-SEP-2 - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-HOSTPORT-SETMARK - [0:0]
:CNI-DN-abc - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-SERVICES -d 10.96.0.20/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-XYZ
-A KUBE-SERVICES ! -s 127.0.0.0/8 -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-EXT-XYZ
-A KUBE-EXT-XYZ -m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-XYZ -j KUBE-SVC-XYZ
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SVC-XYZ ! -s 10.244.0.0/16 -d 10.96.0.20/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ
{split}-A KUBE-SVC-XYZ -j KUBE-SEP-{last}
-A KUBE-SEP-1 -s 10.244.0.11/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-1 -p tcp -m tcp -j DNAT --to-destination 10.244.0.11:80
-A KUBE-SEP-2 -s 10.244.0.12/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-2 -p tcp -m tcp -j DNAT --to-destination 10.244.0.12:80
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: cbr0" -m multiport --dports 9443,9444 -j CNI-DN-abc
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000
-A CNI-DN-abc -s 10.244.0.0/24 -p tcp -m tcp --dport 9443 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-abc -p tcp -m tcp --dport 9443 -j DNAT --to-destination 10.244.0.11:80
COMMIT
*filter
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -j KUBE-SERVICES
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "default/empty has no endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30081 -j REJECT --reject-with icmp-port-unreachable
-A KUBE-FORWARD -m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
""".replace(" -m nfacct --nfacct-name ct_state_invalid_dropped_pkts", "")
SPLIT = "-A KUBE-SVC-XYZ -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-1\n"


def kube(h, rules):
    h.sysctl(**{"net/ipv4/conf/all/route_localnet": 1})
    h.network("cni", "cni0", "10.244.0.1/24")
    h.container("pod1", "cni", "10.244.0.11", listens=["tcp:80"])
    h.container("pod2", "cni", "10.244.0.12", listens=["tcp:80"])
    h.routed("10.244.0.0/16", "10.96.0.0/24")
    h.iptables(rules, "iptables-nft")
    h.listen("host", "tcp:10250", "tcp:127.0.0.1:10248")
    h.ask(30080, 30081, 9443, opens=[("198.51.100.7", WAN, 30080)],
          shuts=[(NEIGHBOUR, "127.0.0.1", 10248), ("198.51.100.7", WAN, 30081)])


@HOSTS.host
def kube_proxy_iptables(h):
    """A node with kube-proxy and the CNI's port mapping; one endpoint."""
    kube(h, KUBE.format(split="", last=1))
    h.extra += [cell("neighbour", NEIGHBOUR, "10.96.0.20", 80)]


@HOSTS.host
def kube_proxy_two_endpoints(h):
    """A service with two endpoints: which one it is is a matter of chance."""
    kube(h, KUBE.format(split=SPLIT, last=2))
    h.exact = False


@HOSTS.host
def kube_proxy_nftables(h):
    """kube-proxy's nftables mode: verdict maps by address, protocol and port."""
    h.network("cni", "cni0", "10.244.0.1/24")
    h.container("pod1", "cni", "10.244.0.11", listens=["tcp:80"])
    h.routed("10.244.0.0/16", "10.96.0.0/24", "172.30.0.0/16")
    h.nft("""
table ip kube-proxy {
	set cluster-ips { type ipv4_addr; elements = { 10.96.0.20, 10.96.0.1 } }
	set nodeport-ips { type ipv4_addr; elements = { 203.0.113.10 } }
	map no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict; elements = { 10.96.0.30 . tcp . 80 : goto reject-chain } }
	map no-endpoint-nodeports { type inet_proto . inet_service : verdict; elements = { tcp . 30081 : goto reject-chain } }
	map firewall-ips { type ipv4_addr . inet_proto . inet_service : verdict; elements = { 172.30.0.41 . tcp . 80 : goto firewall-web } }
	map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; elements = {
		10.96.0.20 . tcp . 80 : goto service-web,
		172.30.0.41 . tcp . 80 : goto external-web } }
	map service-nodeports { type inet_proto . inet_service : verdict; elements = { tcp . 30080 : goto external-web } }
	chain filter-prerouting-pre-dnat {
		type filter hook prerouting priority dstnat - 10; policy accept;
		ct state new jump firewall-check
	}
	chain filter-input {
		type filter hook input priority -110; policy accept;
		ct state new jump nodeport-endpoints-check
		ct state new jump service-endpoints-check
	}
	chain filter-forward {
		type filter hook forward priority -110; policy accept;
		ct state new jump service-endpoints-check
		ct state new jump cluster-ips-check
	}
	chain firewall-check { ip daddr . meta l4proto . th dport vmap @firewall-ips; }
	chain nodeport-endpoints-check { ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports; }
	chain service-endpoints-check { ip daddr . meta l4proto . th dport vmap @no-endpoint-services; }
	chain cluster-ips-check { ip daddr @cluster-ips reject; ip daddr 10.96.0.0/12 drop; }
	chain nat-prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		jump services
	}
	chain nat-postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		jump masquerading
	}
	chain masquerading {
		meta mark & 0x00004000 != 0x00000000 jump {
			meta mark set meta mark & 0xffffbfff
			masquerade fully-random
		}
	}
	chain services {
		ip daddr . meta l4proto . th dport vmap @service-ips
		ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
	}
	chain mark-for-masquerade { meta mark set meta mark | 0x00004000; }
	chain reject-chain { reject; }
	chain service-web {
		ip daddr 10.96.0.20 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
		numgen random mod 1 vmap { 0 : goto endpoint-1 }
	}
	chain external-web { jump mark-for-masquerade; goto service-web; }
	chain firewall-web { ip saddr { 198.51.100.0/24 } return; drop; }
	chain endpoint-1 {
		ip saddr 10.244.0.11 jump mark-for-masquerade
		meta l4proto tcp dnat to 10.244.0.11:80
	}
}
""".replace("""jump {
			meta mark set meta mark & 0xffffbfff
			masquerade fully-random
		}""", "masquerade fully-random"))
    h.listen("host", "tcp:22")
    aims = [cell(*who, to, 80) for to in ("10.96.0.20", "10.96.0.30", "10.96.0.99",
                                          "172.30.0.41")
            for who in (("neighbour", NEIGHBOUR), ("lan", PEER), ("private", "10.99.0.5"),
                        ("internet", "198.51.100.7"))]
    h.ask(30080, 30081, extra=aims, opens=[
        ("198.51.100.7", WAN, 30080), ("198.51.100.7", "172.30.0.41", 80)],
        shuts=[("192.0.2.77", "172.30.0.41", 80), ("198.51.100.7", LAN, 30080)])


@HOSTS.host
def tailscale(h):
    """ts-input and ts-forward; CGNAT sources may come by the tunnel alone."""
    h.iptables("""*filter
:ts-input - [0:0]
:ts-forward - [0:0]
-A INPUT -j ts-input
-A FORWARD -j ts-forward
-A ts-input -s 100.101.102.103/32 -i lo -j ACCEPT
-A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
-A ts-input -i tailscale0 -j ACCEPT
-A ts-input -p udp -m udp --dport 41641 -j ACCEPT
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
-A ts-forward -o tailscale0 -j ACCEPT
COMMIT
*nat
:ts-postrouting - [0:0]
-A POSTROUTING -j ts-postrouting
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT
""", "iptables-nft")
    docker.build(h, *WEB)
    h.space("tailscale0", None)
    h.ip("link set vtailscale0 name tailscale0", "link set tailscale0 up",
         "addr add 100.101.102.103/32 dev tailscale0",
         "route add 100.64.0.0/10 dev tailscale0 table 52",
         "rule add from all fwmark 0x80000/0xff0000 lookup main prio 5210",
         "rule add from all lookup 52 prio 5270")
    h.routed("100.101.102.103/32")
    h.inner = True
    h.listen("host", "tcp:22", "udp:41641")
    h.ask(extra=[cell("private", s, to, p) for s in ("100.64.3.3", "100.115.92.7")
                 for to in (WAN, "172.17.0.2", "100.101.102.103") for p in (22, 8080, 80)],
          opens=[("198.51.100.7", WAN, 22)])


@HOSTS.host
def wg_quick_full_tunnel(h):
    """wg-quick with AllowedIPs 0.0.0.0/0: answers to strangers leave by the tunnel."""
    docker.build(h, *WEB)
    h.space("wg0", None)
    h.ip("link set vwg0 name wg0", "link set wg0 up", "addr add 10.8.0.2/24 dev wg0",
         "rule add not fwmark 51820 table 51820 prio 32764",
         "rule add table main suppress_prefixlength 0 prio 32763",
         "route add 0.0.0.0/0 dev wg0 table 51820")
    h.sysctl(**{"net/ipv4/conf/all/src_valid_mark": 1})
    h.nft("""
table ip wg-quick-wg0 {
	chain preraw {
		type filter hook prerouting priority raw; policy accept;
		iifname != "wg0" ip daddr 10.8.0.2 fib saddr type != local drop
	}
	chain premangle {
		type filter hook prerouting priority mangle; policy accept;
		meta l4proto udp meta mark set ct mark
	}
	chain postmangle {
		type filter hook postrouting priority mangle; policy accept;
		meta l4proto udp meta mark 51820 ct mark set meta mark
	}
}
""")
    h.listen("host", "tcp:22", "udp:53")
    h.perimeter, h.inner = ["wan0"], True
    h.ask(opens=[(NEIGHBOUR, WAN, 8080), (NEIGHBOUR, WAN, 22)],
          shuts=[("198.51.100.7", WAN, 8080), ("198.51.100.7", WAN, 22)])


@HOSTS.host
def nixos_reverse_path(h):
    """NixOS' firewall: -m rpfilter in mangle, for both families."""
    docker.build(h, *WEB)
    h.iptables("""*mangle
:nixos-fw-rpfilter - [0:0]
-A PREROUTING -j nixos-fw-rpfilter
-A nixos-fw-rpfilter -m rpfilter --validmark -j RETURN
-A nixos-fw-rpfilter -p udp -m udp --sport 67 --dport 68 -j RETURN
-A nixos-fw-rpfilter -j DROP
COMMIT
*filter
:nixos-fw - [0:0]
:nixos-fw-accept - [0:0]
:nixos-fw-log-refuse - [0:0]
-A INPUT -j nixos-fw
-A nixos-fw -i lo -j nixos-fw-accept
-A nixos-fw -m conntrack --ctstate RELATED,ESTABLISHED -j nixos-fw-accept
-A nixos-fw -p tcp -m tcp --dport 22 -j nixos-fw-accept
-A nixos-fw -j nixos-fw-log-refuse
-A nixos-fw-accept -j ACCEPT
-A nixos-fw-log-refuse -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j LOG --log-prefix "refused connection: " --log-level 6
-A nixos-fw-log-refuse -m pkttype ! --pkt-type unicast -j DROP
-A nixos-fw-log-refuse -j DROP
COMMIT
""")
    h.listen("host", "tcp:22", "tcp:3306")
    h.ask(extra=[cell("internet", s, t, p, u) for s, t in (
        ("10.20.0.99", WAN), ("172.17.0.9", WAN), ("fd00:20::99", WAN6))
                 for p, u in ((22, "tcp"), (8080, "tcp"), (5300, "udp"))],
          opens=[("198.51.100.7", WAN, 22), ("2001:db8:5::7", WAN6, 22)])
