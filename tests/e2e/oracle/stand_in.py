# SPDX-License-Identifier: GPL-2.0-or-later
"""The few GETs of a container engine's API that an observer needs, from a file."""
import http.server
import json
import os
import socketserver
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import lab      # noqa: E402, pylint: disable=wrong-import-position
from topology import BRIDGES, CONTAINERS, MAC  # noqa: E402, pylint: disable=wrong-import-position

NETWORK = {"docker0": "bridge", "br-front": "front"}


def identity(name):
    """64 hexadecimal digits, as the engine's ids."""
    return (name.encode().hex() * 64)[:64]


def network(bridge):
    b = BRIDGES[bridge]
    return {
        "Name": NETWORK[bridge], "Id": identity(bridge), "Driver": "bridge", "Scope": "local",
        "EnableIPv6": True, "Internal": False, "Ingress": False, "ConfigOnly": False,
        "IPAM": {"Driver": "default", "Config": [
            {"Subnet": b["subnet"][v], "Gateway": b[v]} for v in (4, 6)]},
        "Options": {"com.docker.network.bridge.name": bridge}, "Labels": {},
        "Containers": {identity(c["name"]): {
            "Name": c["name"], "EndpointID": identity("e" + c["name"]),
            "MacAddress": MAC[c["name"]], "IPv4Address": c[4] + "/16",
            "IPv6Address": c[6] + "/64"} for c in CONTAINERS if c["bridge"] == bridge}}


def endpoint(c):
    b = BRIDGES[c["bridge"]]
    return {NETWORK[c["bridge"]]: {
        "NetworkID": identity(c["bridge"]), "EndpointID": identity("e" + c["name"]),
        "Gateway": b[4], "IPAddress": c[4], "IPPrefixLen": 16, "IPv6Gateway": b[6],
        "GlobalIPv6Address": c[6], "GlobalIPv6PrefixLen": 64,
        "MacAddress": MAC[c["name"]]}}


def container(c, pid, published):
    ports, rows = {}, []
    for p in published:
        if p["container"] != c["name"]:
            continue
        hosts = [p["host"]] if p["host"] else ["0.0.0.0", "::"]
        ports.setdefault("%d/%s" % (p["port"], p["proto"]), []).extend(
            {"HostIp": h, "HostPort": str(p["host_port"])} for h in hosts)
        rows += [{"IP": h, "PrivatePort": p["port"], "PublicPort": p["host_port"],
                  "Type": p["proto"]} for h in hosts]
    labels = {"oracle": c["name"]}
    inspected = {
        "Id": identity(c["name"]), "Name": "/" + c["name"], "Image": "sha256:" + "0" * 64,
        "Created": "2026-01-01T00:00:00Z", "Path": "sleep", "Args": [], "Mounts": [],
        "State": {"Status": "running", "Running": True, "Pid": pid},
        "Config": {"Image": "oracle:1", "Labels": labels, "User": "", "Env": []},
        "HostConfig": {"NetworkMode": NETWORK[c["bridge"]], "Privileged": False,
                       "PortBindings": ports, "CapAdd": None, "PidsLimit": 100},
        "NetworkSettings": {"Ports": ports, "Networks": endpoint(c),
                            "SandboxKey": "/proc/%d/ns/net" % pid}}
    row = {"Id": identity(c["name"]), "Names": ["/" + c["name"]], "Image": "oracle:1",
           "ImageID": "sha256:" + "0" * 64, "State": "running", "Status": "Up", "Ports": rows,
           "Labels": labels, "Mounts": [],
           "HostConfig": {"NetworkMode": NETWORK[c["bridge"]]},
           "NetworkSettings": {"Networks": endpoint(c)}}
    return inspected, row


def answers(case, pids):
    """path: what is answered there."""
    found = {
        "/_ping": "OK",
        "/version": {"Version": "29.0.0", "ApiVersion": "1.44", "MinAPIVersion": "1.24",
                     "Os": "linux", "Arch": "amd64",
                     "Platform": {"Name": "Docker Engine - Community"},
                     "Components": [{"Name": "Engine", "Version": "29.0.0"}]},
        "/info": {"ID": "oracle", "Name": "oracle", "ServerVersion": "29.0.0",
                  "Containers": len(CONTAINERS), "SecurityOptions": [],
                  "DockerRootDir": "/var/lib/docker", "OSType": "linux",
                  "Swarm": {"LocalNodeState": "inactive"}},
        "/networks": [network(b) for b in BRIDGES], "/containers/json": []}
    for b in found["/networks"]:
        found["/networks/" + b["Id"]] = found["/networks/" + b["Name"]] = b
    for c in CONTAINERS:
        inspected, row = container(c, pids[c["name"]], case["published"])
        found["/containers/%s/json" % inspected["Id"]] = inspected
        found["/containers/json"].append(row)
    return found


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):       # the name is http.server's
        path = self.path.split("?")[0]
        if path.startswith("/v1."):
            path = path[path.index("/", 2):]
        with open(self.server.path, encoding="utf-8") as f:
            value = json.load(f).get(path)
        data = (value if isinstance(value, str) else json.dumps(
            value if value is not None else {"message": "page not found"})).encode()
        self.send_response(200 if value is not None else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Api-Version", "1.44")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass

    def address_string(self):
        return "unix"


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def serve(socket_path, path):
    """A child process that answers at socket_path with what the file at path holds."""
    child = os.fork()
    if child:
        return child
    lab.die_with_parent()
    server = Server(socket_path, Handler)
    server.path = path
    server.serve_forever()
    os._exit(0)
