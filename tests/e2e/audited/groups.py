# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is in a group with power: the files of accounts, and what adds to them."""
import json
import os

from audited.host import GROUP, PASSWD
from audited.registry import Cases

CASES = Cases()


@CASES.case
def members(h):
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:alice,bob") +
           "engine:x:995:carol\nlxd:x:200:alice\n")
    return ["group-member:alice:docker", "+group-member:bob:docker",
            "group-member:carol:engine", "other-group:alice:lxd"]


@CASES.case
def approved_group(h):
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:carol") +
           "ops:x:300:carol\n")
    return ["+group-member:carol:docker"]


@CASES.case
def primary(h):
    h.file("/etc/passwd", PASSWD + "dave:x:1003:995::/:/bin/sh\n")
    return ["group-primary:dave:/etc/passwd:dave"]


@CASES.case
def gshadow(h):
    h.file("/etc/gshadow", "docker:$6$abc$def:alice:carol\nadm:$6$x$y::\n", 0o640)
    return ["group-password::docker", "group-admin:alice:docker",
            "gshadow-member:carol:docker"]


@CASES.case
def group_password_without_gshadow(h):
    os.remove(h.path("/etc/gshadow"))
    h.file("/etc/group", GROUP.replace("docker:x:", "docker:$6$abc$def:"))
    return ["group-password::docker"]


@CASES.case
def gshadow_locked(h):
    h.file("/etc/gshadow", "docker:!$6$abc$def::\n", 0o640)
    return []


@CASES.case
def directories_of_names(h):
    """What a directory service holds besides is not seen from files."""
    h.file("/etc/nsswitch.conf", "passwd: files systemd\ngroup: files sss\n"
           "sudoers: files ldap\nhosts: files dns\n")
    return ["unseen::/etc/nsswitch.conf"]


@CASES.case
def many_members(h, n=60000):
    """What took the square of their number did not end before the test does."""
    users = ["user%06d" % i for i in range(n)]
    h.file("/etc/passwd", PASSWD + "".join("%s:x:%d:%d::/:/bin/sh\n" % (
        u, 10000 + i, 10000 + i) for i, u in enumerate(users)))
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:" + ",".join(users)) +
           "ops:x:996:" + ",".join(users[::2]) + "\n" + "".join("%s:x:%d:\n" % (
               u, 10000 + i) for i, u in enumerate(users)))
    h.file("/etc/gshadow", "docker:!::" + ",".join(users) + "\n" + "".join(
        "%s:!::\n" % u for u in users))
    h.file("/etc/sudoers", "".join("%s ALL = /usr/bin/docker\n" % u for u in users))
    return ["%sgroup-member:%s:docker" % ("" if i % 2 else "+", u)
            for i, u in enumerate(users)] + ["%ssudoers:%s:/etc/sudoers:%d" % (
                "" if i % 2 else "+", u, i + 1) for i, u in enumerate(users)]


@CASES.case
def primary_gid_without_a_group(h):
    """The socket's gid counts, whether or not a group is called so; each user once."""
    h.file("/etc/passwd", PASSWD + "dave:x:1003:700::/:/bin/sh\neve:x:1004:995::/:/bin/sh\n")
    h.file("/etc/group", GROUP + "engine:x:995:\n")
    h.socket("/run/docker.sock", 0o660, gid=700)
    return ["group-primary:dave:/etc/passwd:dave", "group-primary:eve:/etc/passwd:eve",
            "unsealed::/run/docker.sock"]


@CASES.case
def entries_from_elsewhere(h):
    """NIS, as nsswitch.conf(5) has it under compat."""
    h.file("/etc/passwd", PASSWD + "+@admins::::::\n-eve::::::\n")
    h.file("/etc/group", GROUP + "+:::\n")
    return ["unseen::/etc/passwd:5", "unseen::/etc/group:7"]


@CASES.case
def user_records(h):
    """What nss-systemd(8) gives besides the files."""
    h.file("/etc/userdb/alice:docker.membership", "")
    h.file("/run/userdb/eve.user", json.dumps(
        {"userName": "eve", "uid": 5000, "gid": 5000, "memberOf": ["docker", "x"]}))
    os.symlink("eve.user", h.path("/run/userdb/5000.user"))
    h.file("/usr/lib/userdb/dan.user", json.dumps({"userName": "dan", "uid": 5001,
                                                   "gid": 995}))
    h.file("/var/lib/systemd/home/fay.identity", json.dumps(
        {"userName": "fay", "perMachine": [{"matchHostname": "h", "memberOf": ["engine"]}]}))
    h.file("/etc/userdb/engine.group", json.dumps(
        {"groupName": "engine", "gid": 995, "members": ["carol"], "administrators": ["bob"]}))
    h.file("/etc/userdb/bad.user", "{}")
    return ["group-member:alice:docker", "group-member:eve:docker",
            "group-primary:dan:/etc/passwd:dan", "group-member:fay:engine",
            "group-member:carol:engine", "+group-admin:bob:engine",
            "unseen::/etc/userdb/bad.user"]


@CASES.case
def subgid(h):
    h.file("/etc/subgid", "alice:100000:65536\ncarol:900:200\nbob:995:1\n1000:994:1\n")
    return ["subgid:carol:/etc/subgid:2", "+subgid:bob:/etc/subgid:3"]


@CASES.case
def no_accounts(h):
    """A list that is empty is not one in which nobody is."""
    h.file("/etc/passwd", "# root:x:0:0::/:\n")
    os.remove(h.path("/etc/group"))
    return ["unseen::/etc/passwd", "unseen::/etc/group"]
