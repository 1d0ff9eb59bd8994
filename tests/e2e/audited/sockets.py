# SPDX-License-Identifier: GPL-2.0-or-later
"""The engines' sockets, and the folders that they are in."""
import json
import os

from audited.host import DOCKER, GROUP, PASSWD, acl
from audited.registry import Cases

CASES = Cases()


@CASES.case
def sockets(h):
    h.socket("/run/docker.sock", 0o666, gid=4)
    h.socket("/run/containerd/containerd.sock", 0o660, uid=1000, gid=0)
    h.socket("/run/podman/podman.sock", 0o660, gid=1002)
    h.socket("/run/crio/crio.sock", 0o666)
    os.chmod(h.path("/run/crio"), 0o700)
    h.file("/etc/group", GROUP.replace("adm:x:4:", "adm:x:4:bob,carol"))
    return ["socket-others:everyone:/run/docker.sock", "+group-member:bob:adm",
            "unsealed::/run/docker.sock",
            "group-member:carol:adm",
            "socket-owner:alice:/run/containerd/containerd.sock",
            "other-group:carol:/etc/passwd:carol"]


@CASES.case
def socket_acl(h):
    h.socket("/run/docker.sock", 0o660, gid=DOCKER)
    os.setxattr(h.path("/run/docker.sock"), "system.posix_acl_access", acl([
        (1, 6, 0xFFFFFFFF), (2, 6, 1000), (2, 4, 1002), (4, 6, 0xFFFFFFFF),
        (8, 6, 4), (16, 6, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF)]))
    h.file("/etc/group", GROUP.replace("adm:x:4:", "adm:x:4:carol"))
    return ["socket-acl:alice:/run/docker.sock", "socket-acl:gid 4:/run/docker.sock",
            "group-member:carol:adm", "unsealed::/run/docker.sock"]


@CASES.case
def socket_of_roots_group(h):
    """What only root's group may connect to is open to its members."""
    h.socket("/run/docker.sock", 0o660)
    h.socket("/run/guarded/engine.sock", 0o666)
    os.chmod(h.path("/run/guarded"), 0o750)
    h.file("/etc/docker/daemon.json", json.dumps({"hosts": [
        "unix:///run/guarded/engine.sock"]}))
    h.file("/etc/group", GROUP.replace("root:x:0:", "root:x:0:root,carol"))
    return ["group-member:carol:root", "unsealed::/run/docker.sock",
            "unsealed::/run/guarded/engine.sock",
            "socket-others:everyone:/run/guarded/engine.sock"]


def roots_group(h, passwd="", group=None, gshadow=None):
    """A socket that is open to all, in a folder that lets root's group through."""
    h.socket("/run/guarded/engine.sock", 0o666)
    os.chmod(h.path("/run/guarded"), 0o750)
    h.file("/etc/docker/daemon.json", json.dumps({"hosts": [
        "unix:///run/guarded/engine.sock"]}))
    h.file("/etc/passwd", PASSWD + passwd)
    h.file("/etc/group", group or GROUP.replace("root:x:0:", "root:x:0:root,toor"))
    h.file("/etc/gshadow", "docker:!::\n" + (gshadow or ""))
    return ["unsealed::/run/guarded/engine.sock",
            "socket-others:everyone:/run/guarded/engine.sock"]


@CASES.case
def folder_of_root_alone(h):
    """Who is in root's group, and is root."""
    roots_group(h, "toor:x:0:0::/:/bin/sh\n", gshadow="root:*:toor:root\n")
    return []


@CASES.case
def folder_of_a_shadow_member(h):
    return roots_group(h, group=GROUP, gshadow="root:*::carol\n") + [
        "gshadow-member:carol:root"]


@CASES.case
def folder_of_an_administrator(h):
    return roots_group(h, group=GROUP, gshadow="root:*:carol:\n") + [
        "group-admin:carol:root"]


@CASES.case
def folder_of_a_password(h):
    return roots_group(h, group=GROUP, gshadow="root:$6$a$b::\n") + [
        "group-password::root"]


@CASES.case
def folder_of_a_record(h):
    """A member of whom only userdb knows."""
    h.file("/etc/userdb/carol:root.membership", "")
    return roots_group(h, group=GROUP) + ["group-member:carol:root"]


@CASES.case
def folder_that_lets_through(h):
    """A folder's access list, a link to elsewhere, a second name."""
    h.file("/etc/docker/daemon.json", json.dumps({"hosts": [
        "unix:///srv/acl/d.sock", "unix:///srv/root/d.sock", "unix:///srv/root/e.sock"]}))
    h.socket("/srv/acl/d.sock", 0o666)
    os.chmod(h.path("/srv/acl"), 0o700)
    os.setxattr(h.path("/srv/acl"), "system.posix_acl_access", acl([
        (1, 7, 0xFFFFFFFF), (2, 1, 1000), (4, 0, 0xFFFFFFFF), (16, 1, 0xFFFFFFFF),
        (32, 0, 0xFFFFFFFF)]))
    h.socket("/srv/open/d.sock", 0o666)
    h.folder("/srv/root", 0o700)
    os.symlink("/srv/open/d.sock", h.path("/srv/root/d.sock"))
    h.socket("/srv/root/e.sock", 0o666)
    os.link(h.path("/srv/root/e.sock"), h.path("/srv/open/e.sock"))
    return ["%s:/srv/%s/d.sock" % (k, d) for k in ("socket-others:everyone", "unsealed:")
            for d in ("acl", "root")] + ["unseen::/srv/root/e.sock"]


@CASES.case
def socket_mode(h):
    h.socket("/run/docker.sock", 0o770, gid=DOCKER)
    return ["socket-mode::/run/docker.sock", "unsealed::/run/docker.sock"]


@CASES.case
def sockets_elsewhere(h):
    h.file("/etc/docker/daemon.json", json.dumps({"hosts": ["unix:///srv/a.sock"]}))
    h.file("/etc/systemd/system/docker.socket",
           "[Socket]\nListenStream=/srv/b.sock\nListenStream=@docker\n")
    h.socket("/srv/a.sock", 0o660, uid=1000, gid=1002)
    h.socket("/srv/b.sock", 0o660, gid=4)
    h.file("/etc/group", GROUP.replace("adm:x:4:", "adm:x:4:alice"))
    return ["socket-owner:alice:/srv/a.sock", "group-primary:carol:/etc/passwd:carol",
            "unsealed::/srv/a.sock", "unsealed::/srv/b.sock", "group-member:alice:adm",
            "socket-others:everyone:@docker", "unsealed::@docker"]
