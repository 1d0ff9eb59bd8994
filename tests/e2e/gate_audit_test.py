#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gate audit on made-up hosts: what is found, what is not, what policy approves.

usage: tests/e2e/gate_audit_test.py --gate PATH [--only REGEX]

Each case of audited/ makes a file system in a temporary folder, which `gate audit --root`
looks at. The expected findings are listed as KIND:WHO:WHERE, all of them: one more fails,
too.
"""
import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

from audited import real_sudo
from audited.host import DOCKER, Host
from audited.seal import seal
from audited.table import CASES
from checks import Skip, attempt, told

POLICY = {"version": 1, "gate": {
    "docker_group": {"approved": ["bob", "@ops"], "unapproved": "strip"},
    "profiles": {"p": {"images": ["*"]}}, "grants": [{"users": ["bob"], "profile": "p"}]}}


def audit(top, *more):
    policy = os.path.join(top, "..", "policy.json")
    with open(policy, "w", encoding="utf-8") as f:
        json.dump(POLICY, f)
    return subprocess.run([ARGS.gate, "audit", "--root", top, "--policy", policy] +
                          list(more), text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=60)


def one(case):
    with tempfile.TemporaryDirectory() as outer:
        top = os.path.join(outer, "host")
        os.mkdir(top)
        want = case(Host(top))
        r = audit(top, "--format", "json")
        if r.returncode not in (0, 1):
            return "status %d: %s" % (r.returncode, r.stderr.strip())
        report = json.loads(r.stdout)
        got = [e["id"] for e in report["findings"]] + [
            "+" + e["id"] for e in report["approved"]]
        if sorted(got) != sorted(want):
            return "missing %s, too many %s, of %d" % (
                sorted(set(want) - set(got))[:20], sorted(set(got) - set(want))[:20],
                len(got))
        if r.returncode != (1 if report["findings"] else 0):
            return "status %d" % r.returncode
        for entry in report["findings"]:
            if not entry["title"] or not entry["remedy"]:
                return "%s: no title or no remedy" % entry["id"]
        table = audit(top)
        if table.returncode != r.returncode or "%d to act on" % len(
                report["findings"]) not in table.stdout:
            return "the table says something else: " + table.stdout[-300:]
    return None


def containers(make=None, want=("container-socket:container agent:/",
                                "container-socket:container ci:/var/run/docker.sock",
                                "container-socket:container link:/srv/link",
                                "container-socket:container run:/run")):
    """The engine's answer, from a server of our own."""
    with tempfile.TemporaryDirectory() as outer:
        top = os.path.join(outer, "host")
        os.mkdir(top)
        host = Host(top)
        host.folder("/srv")
        host.folder("/run")
        os.symlink("/run", host.path("/srv/link"))
        if make:
            make(host)
        path = os.path.join(outer, "engine.sock")
        body = json.dumps([
            {"Id": "a1", "Names": ["/ci"], "Mounts": [
                {"Source": "/var/run/docker.sock", "RW": False}]},
            {"Id": "b2", "Names": ["/agent"], "Mounts": [{"Source": "/", "RW": True}]},
            {"Id": "c3", "Names": ["/web"], "Mounts": [{"Source": "/srv", "RW": True},
                                                       {"Source": "/run/docker.sock2"}]},
            {"Id": "e5", "Names": ["/link"], "Mounts": [{"Source": "/srv/link"}]},
            {"Id": "d4", "Names": ["/run"], "Mounts": [{"Source": "/run"}]},
        ]).encode()
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
            s.listen(1)
            pid = os.fork()
            while pid == 0:
                c, _ = s.accept()
                answer = body
                if c.recv(4096).startswith(b"GET /version "):
                    answer = b'{"GoVersion": "go1.21.10"}'
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) +
                          answer)
                c.close()
            r = audit(top, "--engine", path, "--format", "json")
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        report = json.loads(r.stdout)
        got = sorted(e["id"] for e in report["findings"])
        approved = [e["id"] for e in report["approved"]]
        if approved != ["engine-removal:profile p:" + path]:
            return "approved %s" % approved
        return None if got == sorted(want) else "found %s" % got


def containers_of_a_sealed_host():
    """A folder with gate's socket in it holds the engine's, too."""
    return containers(seal, ["container-socket:container agent:/",
                             "container-socket:container link:/srv/link",
                             "container-socket:container run:/run"])


FAKE_SERVICE = r"""
#include <grp.h>
#include <nss.h>
#include <string.h>
static int at;
static char *members[] = {"lister", NULL};
static enum nss_status fill(struct group *g)
{
	g->gr_name = "engine", g->gr_passwd = "x", g->gr_gid = 4995, g->gr_mem = members;
	return NSS_STATUS_SUCCESS;
}
enum nss_status _nss_fake_setgrent(int stay) { at = 0; return NSS_STATUS_SUCCESS; }
enum nss_status _nss_fake_endgrent(void) { return NSS_STATUS_SUCCESS; }
enum nss_status _nss_fake_getgrent_r(struct group *g, char *b, size_t n, int *e)
{
	return at++ ? NSS_STATUS_NOTFOUND : fill(g);
}
enum nss_status _nss_fake_initgroups_dyn(const char *user, gid_t gid, long *start,
	long *size, gid_t **groups, long limit, int *e)
{
	if (strcmp(user, "carol") != 0)
		return NSS_STATUS_NOTFOUND;
	(*groups)[(*start)++] = 4995;
	return NSS_STATUS_SUCCESS;
}
"""
FAKE_HOST = r"""
mount -t tmpfs tmpfs /mnt && mkdir /mnt/etc && cp -r /etc/ld.so.* /mnt/etc && mount --bind /mnt/etc /etc &&
printf 'root:x:0:0::/:\nalice:x:5000:5000::/:\ncarol:x:5002:5002::/:\n' > /etc/passwd &&
printf 'root:x:0:\ndocker:x:4995:alice\n' > /etc/group &&
printf 'engine:!:admin:\n' > /etc/gshadow &&
printf 'passwd: files\ngroup: files [UNAVAIL = return] fake\n' > /etc/nsswitch.conf &&
exec "$1" audit --max-files 10 --engine none --format json
"""


def name_service():
    """One that lists a group of the same gid, and tells a user's groups to him alone."""
    with tempfile.TemporaryDirectory() as top:
        source = os.path.join(top, "fake.c")
        with open(source, "w", encoding="utf-8") as f:
            f.write(FAKE_SERVICE)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", top + "/libnss_fake.so.2", source],
                       check=True)
        r = subprocess.run(["unshare", "-m", "sh", "-c", FAKE_HOST, "sh", ARGS.gate], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                           env={**os.environ, "LD_LIBRARY_PATH": top}, timeout=60)
        if r.returncode != 1 or not r.stdout:
            return "status %d: %s" % (r.returncode, r.stderr)
        got = [e["id"] for e in json.loads(r.stdout)["findings"]
               if e["kind"].startswith("group") or "nsswitch" in e["id"]]
        want = ["group-admin:admin:engine", "group-member:alice:docker",
                "group-member:carol:docker", "group-member:lister:engine",
                "unseen::/etc/nsswitch.conf"]
        return None if sorted(got) == want else "found %s" % got


def rules_that_sudo_itself_reads():
    why = real_sudo.missing()
    if why:
        raise Skip(why)
    return real_sudo.compare(ARGS.gate)


def hostile_names():
    """Names of files are no escape sequences on the administrator's terminal."""
    with tempfile.TemporaryDirectory() as outer:
        top = os.path.join(outer, "host")
        os.mkdir(top)
        Host(top).file("/home/a/\x1b[2J\u202ex", "x", 0o2755, gid=DOCKER)
        r = audit(top)
        if r.returncode != 1 or "\x1b" in r.stdout or "\\x1b" not in r.stdout or (
                "\u202e" in r.stdout):
            return "printed as it is: %r" % r.stdout[:300]
    return None


def options():
    with tempfile.TemporaryDirectory() as outer:
        top = os.path.join(outer, "host")
        os.mkdir(top)
        Host(top)
        for more in (["--format", "xml"], ["--root"], ["--root", "/nonexistent"],
                     ["--max-files", "0"], ["x"], ["--policy", top + "/none"]):
            r = audit(top, *more)
            if r.returncode != 2 or not r.stderr.startswith("gate: "):
                return "%s: status %d" % (more, r.returncode)
        r = audit(top, "--max-files", "3")
        if r.returncode != 1 or "ended at its bound" not in r.stdout:
            return "a search that was cut short is not told"
    return None


def main():
    global ARGS
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", required=True)
    parser.add_argument("--only", default=".")
    ARGS = parser.parse_args()
    ARGS.gate = os.path.abspath(ARGS.gate)
    tests = [(name, lambda c=c: one(c)) for name, c in CASES.items()]
    tests += [(c.__name__.replace("_", "-"), c) for c in (
        containers, containers_of_a_sealed_host, name_service,
        rules_that_sudo_itself_reads, hostile_names, options)]
    failed = 0
    for name, test in tests:
        name = "e2e/gate-audit/" + name
        if not re.search(ARGS.only, name):
            continue
        if os.getuid() != 0:
            print("SKIP %s: not root, files of other owners cannot be made" % name)
            continue
        failed += not attempt(name, told(test))
    return 1 if failed else 0


ARGS = None
if __name__ == "__main__":
    sys.exit(main())
