# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the engine is told to listen, and where its data are."""
import json
import os

from audited.host import GROUP
from audited.registry import Cases

CASES = Cases()


@CASES.case
def daemon_json(h):
    h.file("/etc/docker/daemon.json", json.dumps({
        "hosts": ["tcp://0.0.0.0:2375", "unix:///run/docker.sock", "fd://"],
        "group": "adm", "data-root": "/data"}))
    h.file("/etc/group", GROUP.replace("adm:x:4:", "adm:x:4:alice"))
    h.folder("/data", 0o711)
    h.file("/proc/net/tcp", "  sl  local_address\n   0: 00000000:0947 00000000:0000 0A"
           " 00000000:00000000 00:00000000 00000000     0        0 1 1\n")
    return ["tcp-plain:everyone:/etc/docker/daemon.json", "group-member:alice:adm",
            "unsealed::/run/docker.sock", "data-root:everyone:/data"]


@CASES.case
def daemon_json_bad(h):
    h.file("/etc/docker/daemon.json", "{\"hosts\": [1]}")
    return ["unseen::/etc/docker/daemon.json"]


@CASES.case
def command_line(h):
    h.process(20, "dockerd", 0, [0] * 4, (), cmdline="\0".join([
        "/usr/sbin/dockerd", "-H", "fd://", "-H=tcp://[::]:2376", "--tlsverify", ""]))
    return ["tcp-verified:everyone:process 20 (dockerd)", "unsealed::dockerd"]


@CASES.case
def engine_unit(h):
    """Quotes, shells, variables, letters in one word, and what is taken back."""
    where = "/etc/systemd/system/"
    h.file(where + "docker.service", "[Service]\nExecStart=/usr/bin/dockerd -H tcp://1.1.1.1:1\n"
           "Environment=\"DOCKER_OPTS=-H tcp://10.0.0.1:2 --tlsverify\" A=b\n"
           "EnvironmentFile=-/etc/docker.d/*.conf\n")
    h.file(where + "docker.service.d/a.conf", "[Service]\nExecStart=\n"
           "ExecStart=-/bin/sh -c 'exec dockerd \"--host=tcp://10.0.0.1:3\" $DOCKER_OPTS'\n")
    h.file("/etc/docker.d/x.conf", "OPTS='-DH tcp://10.0.0.1:4'\n")
    h.file("/etc/docker.d/x.bak", "OPTS='-H tcp://10.0.0.1:5'\n")
    h.file(where + "second.service", "[Service]\nExecStart=/opt/dockerd -Htcp://10.0.0.1:6"
           " --tlsverify --tlsverify=false\n")
    h.file(where + "podman-tcp.service",
           "[Service]\nExecStart=podman system service --time=0 tcp:0.0.0.0:7\n")
    h.file(where + "web.service", "[Service]\nExecStart=/usr/bin/web -H tcp://10.0.0.1:8\n")
    return ["unsealed::docker.service", "unsealed::second.service",
            "tcp-verified:everyone:%sdocker.service:3" % where,
            "tcp-plain:everyone:%sdocker.service.d/a.conf:3" % where,
            "tcp-plain:everyone:/etc/docker.d/x.conf:1",
            "tcp-unverified:everyone:%ssecond.service:2" % where,
            "tcp-plain:everyone:%spodman-tcp.service:2" % where]


@CASES.case
def socket_units(h):
    """By the service that they are for, whatever their name; specifiers in paths."""
    where = "/etc/systemd/system/"
    h.file(where + "extra.socket", "[Socket]\nListenStream=4243\nService=docker.service\n")
    h.file(where + "named.socket", "[Socket]\nListenStream=%t/%p.sock\n")
    h.file(where + "docker.service", "[Service]\nExecStart=dockerd -H fd://\nSockets=named.socket\n")
    h.socket("/run/named.sock", 0o666)
    h.file(where + "proxy.socket", "[Socket]\nListenStream=/srv/proxy.sock\n")
    h.file(where + "proxy.service",
           "[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd /run/docker.sock\n")
    h.socket("/srv/proxy.sock", 0o666)
    h.file(where + "podman.socket", "[Socket]\nListenStream=/srv/podman.sock\n")
    h.socket("/srv/podman.sock", 0o660, gid=1002)
    h.file(where + "web.socket", "[Socket]\nListenStream=8080\n")
    return ["unsealed::docker.service",
            "tcp-plain:everyone:%sextra.socket:2" % where,
            "socket-others:everyone:/run/named.sock", "unsealed::/run/named.sock",
            "socket-others:everyone:/srv/proxy.sock", "unsealed::/srv/proxy.sock",
            "other-group:carol:/etc/passwd:carol"]


@CASES.case
def containerd_config(h):
    h.file("/etc/containerd/config.toml", 'version = 2\n[grpc]\n  address = "/srv/c.sock"\n'
           '  tcp_address = "0.0.0.0:7"\n[metrics]\n  address = "127.0.0.1:1338"\n')
    h.socket("/srv/c.sock", 0o666)
    return ["socket-others:everyone:/srv/c.sock",
            "tcp-plain:everyone:/etc/containerd/config.toml:4"]


@CASES.case
def relays(h):
    """socat, and engines that are no dockerd, on the command lines of processes."""
    h.process(30, "socat", 1001, [1001] * 4, (), cmdline="\0".join([
        "socat", "TCP-LISTEN:4243,fork", "UNIX-CONNECT:/var/run/docker.sock", ""]))
    h.process(31, "podman", 0, [0] * 4, (), cmdline="\0".join([
        "podman", "system", "service", "-t", "0", "tcp://0.0.0.0:8888", ""]))
    h.process(32, "socat", 1001, [1001] * 4, (), cmdline="socat\0TCP-LISTEN:1\0STDOUT\0")
    h.process(33, "containerd", 0, [0] * 4, (), cmdline="containerd\0-a\0/srv/c.sock\0")
    h.socket("/srv/c.sock", 0o660, gid=1002)
    return ["tcp-plain:everyone:process 30 (socat)", "tcp-plain:everyone:process 31 (podman)",
            "unsealed::containerd", "other-group:carol:/etc/passwd:carol"]


@CASES.case
def data_root_of_others(h):
    h.folder("/var/lib/docker", 0o730)
    os.chown(h.path("/var/lib/docker"), 1000, 1002)
    return ["data-root:alice:/var/lib/docker", "data-root:gid 1002:/var/lib/docker"]


@CASES.case
def options_elsewhere(h):
    """Files that the command line names, and that Debian's unit takes options from."""
    h.file("/etc/default/docker", "# DOCKER_OPTS=\"-H tcp://1.1.1.1:1\"\n"
           "export DOCKER_OPTS=\"--tlsverify -H tcp://10.0.0.1:2376\"\n")
    h.file("/usr/lib/systemd/system/docker.service",
           "[Service]\nEnvironmentFile=-/etc/default/docker\n"
           "ExecStart=/usr/sbin/dockerd $DOCKER_OPTS\n")
    h.process(30, "dockerd", 0, [0] * 4, cgroup="0::/system.slice/docker.service\n",
              cmdline="dockerd\0--config-file\0/srv/d.json\0-H\0unix:///srv/d.sock\0")
    h.file("/srv/d.json", json.dumps({"hosts": ["tcp://0.0.0.0:2375"], "group": "adm",
                                      "data-root": "/data"}))
    h.folder("/data", 0o755)
    h.socket("/srv/d.sock", 0o666)
    return ["unsealed::docker.service",
            "tcp-verified:everyone:/etc/default/docker:2",
            "tcp-plain:everyone:/srv/d.json", "data-root:everyone:/data",
            "socket-others:everyone:/srv/d.sock", "unsealed::/srv/d.sock"]


@CASES.case
def socket_unit_tcp(h):
    h.file("/usr/lib/systemd/system/docker.socket", "[Socket]\nListenStream=2375\n")
    return ["tcp-plain:everyone:/usr/lib/systemd/system/docker.socket:2"]


@CASES.case
def socket_unit_taken_back(h):
    socket_unit_tcp(h)
    h.file("/etc/systemd/system/docker.socket.d/a.conf", "[Socket]\nListenStream=\n")
    return []


@CASES.case
def forwarder(h):
    h.file("/proc/net/tcp6", "  sl\n 0: 00000000000000000000000000000000:0947 "
           "00000000000000000000000000000000:0000 0A 0\n")
    return ["tcp-unknown:everyone:tcp port 2375"]
