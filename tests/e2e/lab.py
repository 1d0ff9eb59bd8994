#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A host with a real dockerd, and the world around it, in namespaces that die with us.

Theory of operation. enter() starts the calling program again inside new process, mount,
network, cgroup, ipc and uts namespaces, and stays outside as a guard. Everything that the
lab makes lives in there: when the inner program ends, however it ends, the kernel ends
all its processes, and the namespaces, interfaces, rules and mounts go with them. Only a
cgroup's folder can outlive a killed guard; the next run removes it. Files are on a tmpfs
that only the inner program sees, in the place of /run: the machine's own engine, its
socket and its files are out of sight and out of reach.

    internet (any address)     adjacent 203.0.113.77       lan 10.20.0.1
        | 203.0.113.1              |                           |
        +--------- wan0 -----------+                         lan0
              203.0.113.10/25, 2001:db8:1::10/64      10.20.0.10/24
                              host: dockerd, netmon

The internet's namespace owns every address that nobody else has, so that a test can send
from whichever source it likes. The on-link prefix is a /25: 203.0.113.128/25 is somewhere
else on the Internet.

usage: tests/e2e/lab.py demo NETMON    four containers, and what netmon says of them
"""
import contextlib
import ctypes
import errno
import http.client
import io
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time

import engine

HERE = os.path.dirname(os.path.abspath(__file__))
INSIDE = "SEAWALL_LAB"
CGROUP = "seawall-lab-"
RUN = "/run/seawall-lab"
SOCKET = "/run/docker.sock"
IMAGE = "seawall-lab:1"

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET, CLONE_NEWCGROUP, CLONE_NEWNS = 0x40000000, 0x02000000, 0x00020000
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
PR_SET_PDEATHSIG = 1
IP_BIND_ADDRESS_NO_PORT, IPV6_FREEBIND = 24, 78

WAN, WAN6, LAN = "203.0.113.10", "2001:db8:1::10", "10.20.0.10"
ROUTER, ADJACENT, ADJACENT6 = "203.0.113.1", "203.0.113.77", "2001:db8:1::77"
LAN_PEER = "10.20.0.1"


# ---------------------------------------------------------------- outside: the guard
def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def cgroup2():
    """Where the unified hierarchy is mounted, or None."""
    with open("/proc/mounts", encoding="utf-8") as f:
        for line in f:
            words = line.split()
            if words[2] == "cgroup2":
                return words[1]
    return None


def alive(pid):
    return os.path.exists("/proc/%d" % pid)


def remove_cgroups(pid=None):
    """Removes the cgroups of guard pid, or of every guard that is no more."""
    top = cgroup2()
    for name in os.listdir(top) if top else []:
        owner = name[len(CGROUP):]
        if not name.startswith(CGROUP) or not owner.isdigit():
            continue
        if int(owner) != pid and alive(int(owner)):
            continue
        for _ in range(50):
            for folder, _, _ in os.walk(os.path.join(top, name), topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
            if not os.path.exists(os.path.join(top, name)):
                break
            time.sleep(0.1)     # its last process may still be leaving


def missing():
    """Why the lab cannot be built here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    for tool in ("dockerd", "containerd", "runc", "iptables", "ip", "unshare", "gcc"):
        if not shutil.which(tool, path=search_path()):
            return tool + " is not installed"
    if not cgroup2():
        return "no cgroup2 hierarchy is mounted"
    r = subprocess.run(["unshare", "--net", "true"], stderr=subprocess.DEVNULL,
                       check=False)
    return "may not make namespaces" if r.returncode else None


def search_path():
    """Where programs are, or will be: conf/quickstart unpacks an engine, without
    installing it, into SEAWALL_ENGINE_ROOT."""
    path = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
    root = os.environ.get("SEAWALL_ENGINE_ROOT")
    return "%s/usr/sbin:%s/usr/bin:%s" % (root, root, path) if root else path


def enter():
    """Returns inside the lab's namespaces; outside it waits, cleans up and exits."""
    if os.environ.get(INSIDE):
        inside()
        return
    remove_cgroups()
    had_bridge_filter = os.path.exists("/proc/sys/net/bridge")
    command = ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork",
               "--kill-child=KILL", "--propagation", "unchanged",
               sys.executable] + sys.argv
    env = dict(os.environ, **{INSIDE: str(os.getpid())})
    child = subprocess.Popen(command, env=env, preexec_fn=die_with_parent)

    def stop(signum, _):
        sys.exit(128 + signum)
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, stop)
    try:
        status = child.wait()
    finally:
        child.kill()
        child.wait()
        remove_cgroups(os.getpid())
    if not had_bridge_filter:
        # dockerd loads it, and it would change how this machine's bridges filter.
        subprocess.run(["modprobe", "-r", "br_netfilter"], stderr=subprocess.DEVNULL,
                       check=False)
    sys.exit(status if status >= 0 else 128 - status)


def own_root():
    """In a new mount namespace: our root becomes its root, and no mount leaves it.

    They differ in a chroot. What joins a container's mount namespace, as `docker exec`
    does, gets that namespace's root, which there would be the root outside the chroot.
    """
    ours = os.open("/", os.O_PATH)
    place = os.getcwd()
    space = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY)
    if LIBC.setns(space, CLONE_NEWNS) < 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.close(space)
    if LIBC.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) < 0:
        raise OSError(ctypes.get_errno(), "mount /")
    os.fchdir(ours)
    if not os.path.samestat(os.stat("."), os.stat("/")):
        path = os.getcwd()
        if LIBC.mount(b".", b".", None, MS_REC | MS_BIND, None) < 0:
            raise OSError(ctypes.get_errno(), "mount " + path)
        os.chdir(path)
        if LIBC.pivot_root(b".", b"mnt") < 0 or LIBC.umount2(b"/mnt", MNT_DETACH) < 0:
            raise OSError(ctypes.get_errno(), "pivot_root " + path)
    os.close(ours)
    os.chdir(place)
    run("mount", "-t", "proc", "proc", "/proc")


def inside():
    """First steps within the new namespaces: mounts and a cgroup of our own."""
    guard = os.environ[INSIDE]
    own_root()
    os.environ["PATH"] = search_path()
    root = os.environ.get("SEAWALL_ENGINE_ROOT")
    if root:
        # As if it were installed, for this mount namespace: dockerd starts itself again
        # without the environment that could tell where its libraries are.
        run("mount", "-t", "overlay", "-o", "ro,lowerdir=%s/usr:/usr" % root, "overlay",
            "/usr")
    own = os.path.join(cgroup2(), CGROUP + guard)
    os.mkdir(own)
    with open(os.path.join(own, "cgroup.procs"), "w", encoding="ascii") as f:
        f.write("0")
    if LIBC.unshare(CLONE_NEWCGROUP) < 0:
        raise OSError(ctypes.get_errno(), "unshare cgroup")
    # A sysfs of this network namespace, without securityfs: dockerd then leaves the
    # kernel's AppArmor profiles alone.
    run("mount", "-t", "sysfs", "sysfs", "/sys")
    run("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
    # Controllers can only be handed down by a group that holds no process itself.
    os.mkdir("/sys/fs/cgroup/init")
    with open("/sys/fs/cgroup/init/cgroup.procs", "w", encoding="ascii") as f:
        f.write("0")
    for place in ("/run", "/opt"):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", place)
    os.makedirs(RUN + "/tmp")
    os.makedirs("/run/lock")
    os.environ["TMPDIR"] = RUN + "/tmp"
    # dockerd raises these for the whole machine; let it write to a copy.
    for name in ("root_maxkeys", "root_maxbytes"):
        path = "/proc/sys/kernel/keys/" + name
        if os.path.exists(path):
            shutil.copyfile(path, os.path.join(RUN, name))
            run("mount", "--bind", os.path.join(RUN, name), path)
    LIBC.sethostname(b"seawall-lab", 11)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


# ---------------------------------------------------------------- small things
def has_all_capabilities():
    """Whether a privileged container can start: the engine gives it all there are."""
    with open("/proc/self/status", encoding="ascii") as f:
        bounding = next(int(x.split()[1], 16) for x in f if x.startswith("CapBnd"))
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as f:
        return bounding == 2 ** (int(f.read()) + 1) - 1


def run(*command, text=None, check=True):
    """Runs a tool; its complaint is the error."""
    r = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False)
    if check and r.returncode:
        raise RuntimeError("%s: %s" % (" ".join(command), (r.stderr or r.stdout).strip()))
    return r.stdout


def sysctl(name, value):
    with contextlib.suppress(FileNotFoundError):    # this kernel may lack it
        with open("/proc/sys/" + name, "w", encoding="ascii") as f:
            f.write(str(value))


def wait_for(what, condition, seconds=30.0):
    """What the condition gives once it is no longer false."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise RuntimeError("%s did not happen in %d seconds" % (what, seconds))
        time.sleep(0.02)
    return value


class Namespace:
    """A network namespace without a name, held by an open descriptor."""
    def __init__(self, fd=None):
        if fd is None:
            home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            if LIBC.unshare(CLONE_NEWNET) < 0:
                raise OSError(ctypes.get_errno(), "unshare net")
            fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            quiet()
            if LIBC.setns(home, CLONE_NEWNET) < 0:
                raise OSError(ctypes.get_errno(), "setns")
            os.close(home)
        self.fd = fd
        self.path = "/proc/%d/fd/%d" % (os.getpid(), fd)

    @contextlib.contextmanager
    def inside(self):
        """Sockets and processes made within belong to the namespace, and stay there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if LIBC.setns(self.fd, CLONE_NEWNET) < 0:
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            LIBC.setns(home, CLONE_NEWNET)
            os.close(home)

    def ip(self, *lines):
        with self.inside():
            run("ip", "-batch", "-", text="".join(x + "\n" for x in lines))


def quiet():
    """No duplicate address detection, no limit on ICMP errors, no reverse path filter."""
    for which in ("all", "default"):
        sysctl("net/ipv6/conf/%s/accept_dad" % which, 0)
        sysctl("net/ipv6/conf/%s/dad_transmits" % which, 0)
        sysctl("net/ipv4/conf/%s/rp_filter" % which, 0)
    sysctl("net/ipv4/icmp_ratelimit", 0)
    sysctl("net/ipv6/icmp/ratelimit", 0)
    sysctl("net/ipv4/icmp_msgs_per_sec", 100000)
    sysctl("net/ipv4/icmp_msgs_burst", 100000)
    run("ip", "link", "set", "lo", "up")


# ---------------------------------------------------------------- the engine's API
class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(SOCKET)


def api(method, path, body=None, kind="application/json"):
    """One request; returns the decoded answer, or raises with the engine's message."""
    c = UnixConnection("docker")
    data = json.dumps(body).encode() if kind == "application/json" and body else body
    c.request(method, "/v1.41" + path, data, {"Content-Type": kind} if data else {})
    r = c.getresponse()
    text = r.read()
    c.close()
    if r.status >= 300 and r.status != 304:
        raise RuntimeError("%s %s: %d %s" % (method, path, r.status,
                                             text.decode("utf-8", "replace").strip()))
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text.decode("utf-8", "replace")


def listening(container, wanted):
    """Those of "tcp:80", "udp:127.0.0.1:53" whose port the container's namespace has."""
    pid = api("GET", "/containers/%s/json" % container)["State"]["Pid"]
    states = {"tcp": "0A", "udp": "07"}     # TCP_LISTEN, TCP_CLOSE
    ports = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        with contextlib.suppress(FileNotFoundError), \
                open("/proc/%d/net/%s" % (pid, table), encoding="ascii") as f:
            for fields in list(map(str.split, f))[1:]:
                if fields[3] == states[table[:3]]:
                    ports.add((table[:3], int(fields[1].rsplit(":", 1)[1], 16)))
    return {w for w in wanted
            if (w.split(":")[0], int(w.rsplit(":", 1)[1])) in ports}


class Lab:
    """The namespaces and the engine. Only to be made after enter()."""
    def __init__(self):
        self.host = Namespace(os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        self.daemon = None
        self.options = None
        self.listeners = []
        self.listener = os.path.join(RUN, "listener")
        run("gcc", "-D_GNU_SOURCE", "-O1", "-static", "-o", self.listener,
            os.path.join(HERE, "listener.c"))
        quiet()
        self.internet, self.adjacent, self.lan = Namespace(), Namespace(), Namespace()
        self.build_network()

    def build_network(self):
        # The segment of the host's wan0 is a bridge in the internet's namespace.
        self.internet.ip(
            "link add wan type bridge",
            "link add h0 type veth peer name wan0 netns " + self.host.path,
            "link add a0 type veth peer name wan0 netns " + self.adjacent.path,
            "link set h0 master wan", "link set a0 master wan",
            "link set h0 up", "link set a0 up", "link set wan up",
            "addr add 203.0.113.1/25 dev wan", "addr add 2001:db8:1::1/64 dev wan",
            "route add local 0.0.0.0/0 dev lo table main",
            "route add local ::/0 dev lo table main",
            # As if somebody upstream had a route to the containers.
            "route add 172.17.0.0/16 via %s" % WAN, "route add 172.30.0.0/16 via %s" % WAN)
        self.host.ip(
            "link add lan0 type veth peer name lan0 netns " + self.lan.path,
            "link set wan0 up", "link set lan0 up",
            "addr add %s/25 dev wan0" % WAN, "addr add %s/64 dev wan0" % WAN6,
            "addr add %s/24 dev lan0" % LAN,
            "route add default via " + ROUTER,
            "route add ::/0 via 2001:db8:1::1")
        self.adjacent.ip(
            "link set wan0 up", "addr add %s/25 dev wan0" % ADJACENT,
            "addr add %s/64 dev wan0" % ADJACENT6,
            "route add 172.16.0.0/12 via " + WAN, "route add 10.20.0.0/24 via " + WAN)
        # Every address of lan0's prefix is the peer's, but the host's own.
        self.lan.ip(
            "link set lan0 up", "addr add %s/32 dev lan0" % LAN_PEER,
            "route add %s/32 dev lan0 src %s" % (LAN, LAN_PEER),
            "route add local 10.20.0.0/24 dev lan0 table main",
            "route add default via %s src %s" % (LAN, LAN_PEER))
        for space, host, own in ((self.adjacent, WAN, ADJACENT),
                                 (self.lan, LAN, LAN_PEER)):
            with space.inside():
                # A neighbour that sends to 127.0.0.1: its own must not answer.
                sysctl("net/ipv4/conf/all/route_localnet", 1)
                run("ip", "addr", "del", "127.0.0.1/8", "dev", "lo")
                run("ip", "route", "add", "127.0.0.0/8", "via", host, "src", own)

    def route_to_containers(self, prefix):
        """The upstream and the neighbour send prefix to the host."""
        self.internet.ip("route replace %s via %s" % (prefix, WAN6))
        self.adjacent.ip("route replace %s via %s" % (prefix, WAN6))

    # ------------------------------------------------------------ dockerd
    def start(self, **options):
        """Starts dockerd with these daemon.json options, or keeps one that has them."""
        if self.daemon and self.options == options and self.daemon.poll() is None:
            return
        self.stop()
        config = {"storage-driver": "vfs", "data-root": RUN + "/data",
                  "exec-root": "/run/docker", "pidfile": "/run/docker.pid",
                  "hosts": ["unix://" + SOCKET], "exec-opts":
                  ["native.cgroupdriver=cgroupfs"], "log-level": "warn",
                  "deprecated-key-path": RUN + "/key.json"}    # not in /etc
        if engine.STORE == "containerd":
            config.update({"storage-driver": "native",
                           "features": {"containerd-snapshotter": True}})
        config.update(options)
        with open(RUN + "/daemon.json", "w", encoding="utf-8") as f:
            json.dump(config, f)
        with open(RUN + "/dockerd.log", "ab") as log:
            self.daemon = subprocess.Popen(
                engine.command() + ["dockerd", "--config-file", RUN + "/daemon.json"],
                stdout=log, stderr=log, preexec_fn=die_with_parent)
        try:
            wait_for("dockerd's first answer", self.answers)
        except RuntimeError as e:
            with open(RUN + "/dockerd.log", encoding="utf-8") as f:
                raise RuntimeError("%s: %s" % (e, f.read()[-2000:])) from None
        self.options = options
        engine.check(api("GET", "/version")["Version"])
        self.import_image()

    def answers(self):
        if self.daemon.poll() is not None:
            raise RuntimeError("dockerd ended with status %d" % self.daemon.returncode)
        try:
            return api("GET", "/_ping") == "OK"
        except (OSError, http.client.HTTPException):
            return False

    def import_image(self):
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as t:
            t.add(self.listener, "listener")
        api("POST", "/images/create?fromSrc=-&repo=seawall-lab&tag=1", tar.getvalue(),
            "application/x-tar")

    def stop(self):
        if self.daemon and self.daemon.poll() is None:
            self.reset()
            self.daemon.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.daemon.wait(20)
            self.daemon.kill()
            self.daemon.wait()
        self.daemon = None

    def container(self, name, listens, publish=(), network=None, **host_config):
        """Runs a container; publish: "8080:80/tcp", "127.0.0.1:8081:80/tcp"."""
        ports = {}
        for p in publish:
            address, host_port, inner = ("", *p.split(":")) if p.count(":") == 1 \
                else p.rsplit(":", 2)
            ports.setdefault(inner, []).append({"HostIp": address, "HostPort": host_port})
        config = {"Image": IMAGE, "Cmd": ["/listener", name] + list(listens),
                  "ExposedPorts": {p: {} for p in ports}, "StopSignal": "SIGKILL",
                  "HostConfig": dict(host_config, PortBindings=ports)}
        addresses = {}
        for key in ("ipv4", "ipv6"):
            if key in host_config:
                addresses["IPv%sAddress" % key[-1]] = config["HostConfig"].pop(key)
        if network:
            config["HostConfig"]["NetworkMode"] = network
            if addresses:
                config["NetworkingConfig"] = {"EndpointsConfig": {
                    network: {"IPAMConfig": addresses}}}
        made = api("POST", "/containers/create?name=" + name, config)
        api("POST", "/containers/%s/start" % made["Id"])
        wait_for("the listeners of container " + name,
                 lambda: set(listens) <= listening(made["Id"], listens))
        return made["Id"]

    def network(self, name, driver="bridge", subnets=(), **more):
        body = dict(more, Name=name, Driver=driver, CheckDuplicate=True)
        if subnets:
            body["IPAM"] = {"Config": [{"Subnet": s} for s in subnets]}
            body["EnableIPv6"] = any(":" in s for s in subnets)
        return api("POST", "/networks/create", body)["Id"]

    def reset(self):
        """Back to an engine without containers and a host without rules of its own."""
        for c in api("GET", "/containers/json?all=1"):
            api("DELETE", "/containers/%s?force=1" % c["Id"])
        for n in api("GET", "/networks"):
            if n["Name"] not in ("bridge", "host", "none"):
                api("DELETE", "/networks/" + n["Id"])
        for tables in ("iptables", "ip6tables"):
            if run(tables, "-S", "DOCKER-USER", check=False):
                run(tables, "-F", "DOCKER-USER")
                run(tables, "-A", "DOCKER-USER", "-j", "RETURN")
        for p in self.listeners:
            p.kill()
            p.wait()
        self.listeners = []

    def listen(self, name, *specs):
        """A process of the host itself that listens."""
        p = subprocess.Popen([self.listener, name] + list(specs),
                             preexec_fn=die_with_parent)
        self.listeners.append(p)
        for spec in specs:
            if spec.startswith("tcp"):
                port = int(spec.rsplit(":", 1)[1])
                wait_for(spec, lambda port=port: "0A" in [
                    x.split()[3] for table in ("tcp", "tcp6")
                    for x in open("/proc/net/" + table, encoding="ascii")
                    if x.split()[1].endswith(":%04X" % port)])


# ---------------------------------------------------------------- real packets
class Cell:
    """One question to the network, and what came of it.

    result: open, closed, rejected or filtered, as explain names them; who: the name that
    the listener told.
    """
    def __init__(self, space, source, to, proto, port):
        self.space, self.source, self.to = space, source, to
        self.proto, self.port = proto, port
        self.result, self.who, self.sock, self.connected = None, "", None, False

    def __str__(self):
        return "%s -> %s %d/%s" % (self.source, self.to, self.port, self.proto)

    def open(self):
        v6 = ":" in self.to
        kind = socket.SOCK_STREAM if self.proto == "tcp" else socket.SOCK_DGRAM
        self.result, self.who, self.connected = None, "", False
        self.sock = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind)
        self.sock.setblocking(False)
        if v6:      # the route alone does not make a source one's own, as IPv4's does
            self.sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        else:
            self.sock.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        try:
            self.sock.bind((self.source, 0))
            self.sock.connect((self.to, self.port))
        except BlockingIOError:
            return
        except OSError as e:
            self.fail(e.errno)
            return
        if self.proto == "udp":
            self.send()

    def send(self):
        with contextlib.suppress(OSError):
            self.sock.send(b"?")

    def fail(self, code):
        refused = code == errno.ECONNREFUSED
        if code in (errno.ETIMEDOUT, errno.EAGAIN):
            self.result = "filtered"
        else:
            self.result = "closed" if refused else "rejected"

    def ready(self):
        """The socket has something to say."""
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.fail(code)
            return
        try:
            data = self.sock.recv(512)
        except BlockingIOError:
            self.connected = True
            return
        except OSError as e:
            # A forwarder took the connection and found nobody behind it.
            self.fail(errno.ECONNREFUSED if e.errno == errno.ECONNRESET else e.errno)
            return
        self.result = "open" if data else "closed"
        self.who = data.decode("ascii", "replace").strip()


def probe(cells, seconds=1.3, at_once=600):
    """Sends to every cell and fills in its result."""
    for start in range(0, len(cells), at_once):
        batch = cells[start:start + at_once]
        poll = select.poll()
        waiting = {}
        for space in {c.space for c in batch}:
            with space.inside():
                for c in batch:
                    if c.space is space:
                        c.open()
        for c in batch:
            if c.result is None:
                waiting[c.sock.fileno()] = c
                poll.register(c.sock, select.POLLIN | (
                    select.POLLOUT if c.proto == "tcp" else 0))
        begin = time.monotonic()
        again = False
        while waiting and time.monotonic() - begin < seconds:
            for fd, _ in poll.poll(50):
                c = waiting[fd]
                c.ready()
                if c.result is not None:
                    poll.unregister(fd)
                    del waiting[fd]
                elif c.connected:
                    poll.modify(fd, select.POLLIN)
            if not again and time.monotonic() - begin > seconds / 2:
                again = True
                for c in waiting.values():
                    if c.proto == "udp":
                        c.send()
        for c in batch:
            if c.result is None:
                # A connection that nobody greets was taken by a forwarder.
                c.result = "closed" if c.connected else "filtered"
            c.sock.close()
    return cells


# ---------------------------------------------------------------- the demonstration
DEMO_POLICY = {
    "version": 1,
    "sources": {"office": ["198.51.100.0/24"]},
    "approvals": [{
        "id": "shop-from-office", "container": {"name": "shop"}, "ports": ["8443/tcp"],
        "from": ["office"], "control": "source limit in DOCKER-USER",
        "approved_by": "security@example.org", "ticket": "SEC-1",
        "expires": "2099-12-31"}],
}


def demo(netmon):
    """Four containers as one meets them, and netmon's table about them."""
    lab = Lab()
    lab.start()
    lab.container("web", ["tcp:80"], ["8080:80/tcp"])
    lab.container("shop", ["tcp:443"], ["8443:443/tcp"])
    lab.container("db", ["tcp:5432"], ["127.0.0.1:5432:5432/tcp"])
    lab.container("ci-agent", ["tcp:9000"], ["9000:9000/tcp"],
                  Binds=["/run/docker.sock:/var/run/docker.sock"])
    # Docker's own advice for limiting sources: --ctorigdstport, as DOCKER-USER comes
    # after the address was translated.
    run("iptables", "-I", "DOCKER-USER", "-i", "wan0", "-p", "tcp", "-m", "conntrack",
        "--ctorigdstport", "8443", "--ctdir", "ORIGINAL", "!", "-s", "198.51.100.0/24",
        "-j", "DROP")
    policy = os.path.join(RUN, "policy.json")
    with open(policy, "w", encoding="utf-8") as f:
        json.dump(DEMO_POLICY, f)
    sys.stdout.flush()
    status = subprocess.run([netmon, "scan", "--policy", policy], check=False).returncode
    lab.stop()
    return status


def main():
    if len(sys.argv) != 3 or sys.argv[1] != "demo":
        print(__doc__.strip().splitlines()[-1], file=sys.stderr)
        return 2
    why = None if os.environ.get(INSIDE) else missing()
    if why:
        print("lab: " + why, file=sys.stderr)
        return 2
    enter()
    try:
        return demo(os.path.abspath(sys.argv[2]))
    except Exception as e:      # python's own status for it, 1, would mean findings
        print("lab: %s: %s" % (type(e).__name__, e), file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
