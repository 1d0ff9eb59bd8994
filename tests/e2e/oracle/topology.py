# SPDX-License-Identifier: GPL-2.0-or-later
"""The names and addresses that every host of the oracle has.

    internet (any address)        neighbour 203.0.113.77       lan 10.20.0.1
        | 203.0.113.1                  |                           |
        +------------ wan0 ------------+                         lan0
            203.0.113.10, .11; 2001:db8:1::10, ::11         10.20.0.10, fd00:20::10
                                      host
            docker0 172.17.0.1/16, fd00:17::1/64     br-front 172.18.0.1/16, fd00:18::1/64
               c1 ...0.2    c2 ...0.3                   c3 ...0.2    c4 ...0.3
"""
WAN = {4: ["203.0.113.10", "203.0.113.11"], 6: ["2001:db8:1::10", "2001:db8:1::11"]}
LAN = {4: "10.20.0.10", 6: "fd00:20::10"}
ROUTER = {4: "203.0.113.1", 6: "2001:db8:1::1"}
NEIGHBOUR = {4: "203.0.113.77", 6: "2001:db8:1::77"}
LAN_PEERS = {4: ["10.20.0.1", "10.20.0.2"], 6: ["fd00:20::1", "fd00:20::2"]}
BRIDGES = {
    "docker0": {4: "172.17.0.1", 6: "fd00:17::1", "subnet": {4: "172.17.0.0/16",
                                                            6: "fd00:17::/64"}},
    "br-front": {4: "172.18.0.1", 6: "fd00:18::1", "subnet": {4: "172.18.0.0/16",
                                                             6: "fd00:18::/64"}},
}
# What the host has together with others: broadcast, all hosts, anycast.
GROUPS = {4: ["203.0.113.255", "255.255.255.255", "224.0.0.1", "172.17.255.255"],
          6: ["2001:db8:1::", "ff02::1", "ff02::2", "fd00:17::"]}
CONTAINERS = [
    {"name": "c1", "bridge": "docker0", 4: "172.17.0.2", 6: "fd00:17::2"},
    {"name": "c2", "bridge": "docker0", 4: "172.17.0.3", 6: "fd00:17::3"},
    {"name": "c3", "bridge": "br-front", 4: "172.18.0.2", 6: "fd00:18::2"},
    {"name": "c4", "bridge": "br-front", 4: "172.18.0.3", 6: "fd00:18::3"},
]
# Sources that only the internet's namespace can send from, by what netmon calls them.
INTERNET = {4: ["198.51.100.7", "198.51.100.200", "192.0.2.77", "9.9.9.9"],
            6: ["2001:db8:5::7", "2001:db8:5::c8", "2001:db8:6::77", "2a00:1450::9"]}
PRIVATE = {4: ["10.9.9.9", "192.168.7.7"], 6: ["fd00:9::9"]}
SPOOFED = {4: ["10.20.0.99"], 6: ["fd00:20::99"]}   # of the lan, coming in by wan0

MAC = {name: "02:00:00:00:00:%02x" % n for n, name in enumerate(
    ["world", "neighbour", "lan", "wan0", "lan0", "docker0", "br-front",
     "c1", "c2", "c3", "c4"], 1)}
PORTS = [22, 53, 80, 443, 3128, 3306, 5000, 8080, 8081, 8443, 9000]
