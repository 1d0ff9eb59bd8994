# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of Docker 20.10 to 27 for one bridge, as iptables-save has them."""

HEAD = """*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s {subnet} ! -o {bridge} -j MASQUERADE
-A DOCKER -i {bridge} -j RETURN
{nat}COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o {bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o {bridge} -j DOCKER
-A FORWARD -i {bridge} ! -o {bridge} -j ACCEPT
-A FORWARD -i {bridge} -o {bridge} -j ACCEPT
{filter}-A DOCKER-ISOLATION-STAGE-1 -i {bridge} ! -o {bridge} -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o {bridge} -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
{user}-A DOCKER-USER -j RETURN
COMMIT
"""


def rules(*published, bridge="docker0", subnet="172.17.0.0/16", user=""):
    """published: "0.0.0.0:8080:172.17.0.2:80/tcp"; user: lines of DOCKER-USER."""
    nat = filters = ""
    for p in published:
        rest, proto = p.rsplit("/", 1)
        host, host_port, address, port = rest.split(":")
        to = "" if host == "0.0.0.0" else "-d %s/32 " % host
        nat += ("-A POSTROUTING -s {a}/32 -d {a}/32 -p {t} -m {t} --dport {p} "
                "-j MASQUERADE\n".format(a=address, t=proto, p=port))
        nat += ("-A DOCKER %s! -i %s -p %s -m %s --dport %s -j DNAT --to-destination "
                "%s:%s\n" % (to, bridge, proto, proto, host_port, address, port))
        filters += "-A DOCKER -d %s/32 ! -i %s -o %s -p %s -m %s --dport %s -j ACCEPT\n" % (
            address, bridge, bridge, proto, proto, port)
    return HEAD.format(subnet=subnet, bridge=bridge, nat=nat, filter=filters,
                       user="".join("-A DOCKER-USER %s\n" % x.strip()
                                    for x in user.strip().splitlines() if x.strip()))


def build(h, *published, user="", backend="iptables-nft", gateway="172.17.0.1/16",
          bridge="docker0", listens=("tcp:80", "udp:80", "tcp:9200")):
    """docker0 with container web at 172.17.0.2, and the rules for its published ports."""
    h.network("bridge", bridge, gateway)
    h.container("web", "bridge", gateway[:-4] + "2", listens=listens, publish=[
        "%s:%s:%s" % (*p.split(":")[:2], p.split(":")[3]) for p in published])
    h.routed(gateway[:-4] + "0/16")
    h.iptables(rules(*published, bridge=bridge, subnet=gateway[:-4] + "0/16", user=user),
               backend)
    h.ask(*(int(p.split(":")[1]) for p in published))
