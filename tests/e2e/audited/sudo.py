# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of sudo."""
import os

from audited.host import DOCKER, GROUP, PASSWD, acl
from audited.registry import Cases

CASES = Cases()


@CASES.case
def sudoers_patterns(h):
    h.file("/etc/sudoers", "\n".join([
        "alice ALL = /usr/bin/dock*", "alice ALL = /usr/bin/", "alice ALL = NOPASSWD:/usr/*/c[t]r",
        "alice ALL = (root) ^/usr/bin/(podman|doc.*)$ ^ps$",  "alice ALL = /bin/ls, ^/usr/(bin$",
        "Cmnd_Alias P = /snap/bin/mic*", "alice ALL = P",
        # None of these:
        "alice ALL = /bin/cat /var/log/*", "alice ALL = /etc/init.d/*, !/usr/bin/dock*",
        "alice ALL = /usr/lib/", "alice ALL = ^/usr/bin/(ls|cat)$", "alice ALL = ALL"]) + "\n")
    return ["sudoers:alice:/etc/sudoers:%d" % i for i in (1, 2, 3, 4, 5, 7)]


@CASES.case
def sudoers(h):
    h.file("/etc/sudoers", "Defaults env_reset\nUser_Alias OPS = alice, \\\n  bob\n"
           "carol ALL = (root) NOPASSWD: BOX\nOPS ALL=(:docker) /bin/true\n"
           "alice ALL=(root) /usr/bin/apt install docker.io\n"
           "%adm ALL=/usr/bin/less /etc/docker/daemon.json\n"
           "Cmnd_Alias BOX = /usr/bin/docker ps, /bin/ls\n@includedir /etc/sudoers.d\n")
    h.file("/etc/sudoers.d/ci", "%ci build = /usr/bin/podman *\n")
    h.file("/etc/sudoers.d/ci.bak", "carol ALL = /usr/bin/docker\n")
    return ["sudoers:carol:/etc/sudoers:4", "sudoers:alice:/etc/sudoers:5",
            "+sudoers:bob:/etc/sudoers:5", "sudoers:%ci:/etc/sudoers.d/ci:1"]


@CASES.case
def sudoers_odd(h):
    h.file("/etc/sudoers", "User_Alias\tCI = %ci, +builders, !bob : NOBODY = carol\n"
           "Cmnd_Alias C = /bin/x a\\:b, /usr/bin/docker\n"
           "CI ALL = C\nalice ALL = (carol:ALL) /bin/true\n"
           "alice ALL = (ALL:ALL) /bin/true\n"
           "#1002 ALL = NOPASSWD : /usr/bin/docker\n"
           "\"a b\" ALL = /usr/bin/docker\nadm\\ ins ALL = /usr/bin/docker\n"
           "#include more\n@include /etc/sudoers.%h\n@include /etc/missing\n"
           "@includedir \"/etc/sudo ers.d\"\n")
    h.file("/etc/more", "carol ALL = /usr/bin/docker\n@include /etc/sudoers\n")
    h.file("/etc/sudo ers.d/x", "@include y\n")
    h.file("/etc/sudo ers.d/y", "bob ALL = (:#995) /bin/true\n")
    return ["sudoers:%ci:/etc/sudoers:3", "sudoers:+builders:/etc/sudoers:3",
            "sudoers:alice:/etc/sudoers:4", "sudoers:#1002:/etc/sudoers:6",
            "sudoers:a b:/etc/sudoers:7", "sudoers:adm ins:/etc/sudoers:8",
            "sudoers:carol:/etc/more:1", "+sudoers:bob:/etc/sudo ers.d/y:1",
            "unseen::/etc/sudoers.%h", "unseen::/etc/missing"]


@CASES.case
def become_a_member(h):
    """Rules that make nobody root, but another user who is in the group."""
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:bob") +
           "lxd:x:200:\n")
    h.file("/etc/passwd", PASSWD + "dave:x:1003:995::/:/bin/sh\n")
    h.file("/etc/sudoers", "alice ALL = (bob) ALL\nRunas_Alias D = carol, dave\n"
           "carol ALL = (D) NOPASSWD: /bin/less\ncarol ALL = (alice) ALL\n"
           "carol ALL = (%docker) ALL\ncarol ALL = (ALL) /bin/ls\n"
           "bob ALL = (bob) ALL\nalice ALL = (:lxd) ALL\n")
    h.file("/etc/doas.conf", "permit alice as bob\npermit nopass carol as alice cmd id\n"
           "permit setenv {A} \"carol\" as dave cmd id\npermit alice as root cmd id\n")
    return ["sudoers:alice:/etc/sudoers:1", "sudoers:carol:/etc/sudoers:3",
            "sudoers:carol:/etc/sudoers:5", "sudoers:alice:/etc/sudoers:8",
            "doas:alice:/etc/doas.conf:1", "doas:carol:/etc/doas.conf:3",
            "+group-member:bob:docker", "group-primary:dave:/etc/passwd:dave"]


@CASES.case
def become_any_but_root(h):
    """Of a list the last match counts; who may be root needs no third one."""
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:bob") +
           "ops2:x:300:bob\nnone:x:301:alice\n")
    h.file("/etc/sudoers", "Runas_Alias NOROOT = ALL, !root : R = root, #0\n" + "\n".join([
        "alice ALL = (ALL, !root) /bin/ls",              # 2
        "alice ALL = (ALL,!#0:docker) /bin/ls",          # 3
        "alice ALL = (NOROOT) /bin/ls",                  # 4
        "alice ALL = (ALL, !R) /bin/ls",                 # 5
        "alice ALL = (ALL, !%root) /bin/ls",             # 6
        "alice ALL = (%ops2) /bin/ls",                   # 7
        "alice ALL = (%#300, !carol) /bin/ls",           # 8
        "alice ALL = (!bob, ALL, !root) /bin/ls",        # 9
        "alice ALL = (+people) /bin/ls",                 # 10
        "alice ALL = (!!bob) /bin/ls",                   # 11
        "alice ALL = (root) /bin/ls, (ALL, ! root) /bin/cat",  # 12
        "ALL ALL = (#1001) /bin/ls",                     # 13
        # Not of use to get there:
        "alice ALL = (ALL, !root, !bob) /bin/ls", "alice ALL = (!root, ALL) /bin/ls",
        "alice ALL = (ALL, !root, root : ALL) /bin/ls", "alice ALL = (%none) /bin/ls",
        "alice ALL = (bob, !ALL) /bin/ls", "alice ALL = (!bob) /bin/ls",
        "alice ALL = (bob, !%ops2) /bin/ls", "bob ALL = (ALL, !root) /bin/ls"]) + "\n")
    return ["+group-member:bob:docker", "sudoers:ALL:/etc/sudoers:13"] + [
        "sudoers:alice:/etc/sudoers:%d" % i for i in range(2, 13)]


@CASES.case
def become_who_holds_it_otherwise(h):
    """In gshadow alone, as an administrator, as the owner, by an access list."""
    h.file("/etc/gshadow", "docker:!:dave:carol\n")
    h.file("/etc/passwd", PASSWD + "dave:x:1003:1003::/:/bin/sh\n"
           "eve:x:1004:1004::/:/bin/sh\nfay:x:1005:1005::/:/bin/sh\n")
    h.socket("/run/docker.sock", 0o660, uid=1004, gid=DOCKER)
    os.setxattr(h.path("/run/docker.sock"), "system.posix_acl_access", acl([
        (1, 6, 0xFFFFFFFF), (2, 6, 1005), (4, 6, 0xFFFFFFFF), (16, 6, 0xFFFFFFFF),
        (32, 0, 0xFFFFFFFF)]))
    h.file("/etc/sudoers", "".join("alice ALL = (%s) /bin/ls\n" % u for u in (
        "carol", "dave", "eve", "fay", "alice", "bob")))
    h.file("/etc/doas.conf", "permit alice as eve\n")
    return ["gshadow-member:carol:docker", "group-admin:dave:docker",
            "socket-owner:eve:/run/docker.sock", "socket-acl:fay:/run/docker.sock",
            "unsealed::/run/docker.sock", "doas:alice:/etc/doas.conf:1"] + [
                "sudoers:alice:/etc/sudoers:%d" % i for i in range(1, 5)]


@CASES.case
def sudoers_lines(h):
    """Where a line ends: as sudo's own parser has it, cvtsudoers(1)."""
    h.file("/etc/sudoers", "\n".join([
        "# what follows counts \\", "alice ALL = /usr/bin/docker",           # 2
        "alice ALL = /bin/ls # and this \\", "bob ALL = /usr/bin/docker",    # 4
        "alice ALL = /bin/ls x#y \\", "bob ALL = /usr/bin/docker",           # 6
        "carol ALL = /bin/ls, \\ \t", "  /usr/bin/docker",                   # 7
        "carol ALL = /bin/ls, \\ \r", "  /usr/bin/docker",                   # 9
        "carol ALL = /usr/bin/do\\", "   cker",                              # 11
        "carol\\", "ALL = /usr/bin/docker",                                  # 13
        "carol ALL = /bin/ls a\\\\", "alice ALL = /usr/bin/docker",          # 16
        "carol ALL = /bin/ls \\# x, /usr/bin/docker",                        # 17
        "\"a=b\" ALL = /usr/bin/docker", "a\\=b ALL = /usr/bin/docker",      # 18, 19
        "#1002, alice ALL = /usr/bin/docker",                                # 20
        "Cmnd_Alias\\", "BOX = /bin/x\\", ", /usr/bin/docker",
        "carol ALL = BOX : elsewhere = /bin/ls",                             # 24
        "User_Alias US = carol, #1000 # \\",
        "US ALL = /usr/bin/docker",                                          # 26
        "carol ALL = (#1000, root) /usr/bin/docker",                         # 27
        "bob, \"x y\"ALL = /usr/bin/docker",                                 # 28
        "bob ! elsewhere , ALL = /usr/bin/docker",                           # 29
        "Defaults:alice runas_default = bob"]) + "\n")                       # 30
    return (["sudoers:alice:/etc/sudoers:%d" % i for i in (2, 16, 20)] +
            ["+sudoers:bob:/etc/sudoers:%d" % i for i in (4, 6, 28, 29)] +
            ["sudoers:carol:/etc/sudoers:%d" % i for i in (7, 9, 11, 13, 17, 24, 26, 27)] +
            ["sudoers:x y:/etc/sudoers:28", "unseen::/etc/sudoers:30",
             "sudoers:a=b:/etc/sudoers:18", "sudoers:a=b:/etc/sudoers:19",
             "sudoers:#1002:/etc/sudoers:20", "sudoers:#1000:/etc/sudoers:26"])


@CASES.case
def sudoers_quotes(h):
    """What quotes and backslashes protect: as sudo's own parser has it, cvtsudoers(1)."""
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:bob"))
    h.file("/etc/sudoers", "\n".join([
        'alice ALL = ROLE="a#b" TYPE="c,d" /usr/bin/docker',                 # 1
        'alice ALL = CHROOT=/x ROLE="a#b" /usr/bin/docker',                  # 2
        'alice ALL = (alice:"docker") /bin/ls', "alice ALL = (:doc\\x6ber) /bin/ls",  # 3, 4
        "alice ALL = (bo\\b) /bin/ls", 'alice ALL = (%:a : docker) /bin/ls',  # 5, 6
        'User_Alias ADM = "%:domain admins", ca\\rol : OTHER = alice',
        "ADM ALL = /usr/bin/docker", '"ADM", a\\,b ALL = /usr/bin/docker',    # 8, 9
        'Cmnd_Alias A = /bin/x " : B = /usr/bin/docker', "alice ALL = B",     # 11
        # None of these:
        'alice ALL = /bin/ls "#", /usr/bin/docker"',
        "OTHER ALL = /bin/ls"]) + "\n")
    return ["+group-member:bob:docker"] + [
        "sudoers:%s:/etc/sudoers:%d" % who for who in [("alice", i) for i in (
            1, 2, 3, 4, 5, 6, 11)] + [("%:domain admins", 8), ("carol", 8), ("ADM", 9),
                                      ("a,b", 9)]]


@CASES.case
def aliases_too_deep(h):
    """What is not followed so deep is everybody; who is in a circle is nobody."""
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:bob"))
    chain = lambda name, end: " : ".join(
        ["%s%d = %s%d" % (name, i, name, i + 1) for i in range(9)] + ["%s9 = %s" % (name, end)])
    h.file("/etc/sudoers", "\n".join([
        "User_Alias " + chain("U", "bob") + " : C = D : D = C",
        "Runas_Alias " + chain("R", "carol"),
        "U0 ALL = /usr/bin/docker",                     # 3
        "carol ALL = (R0) /bin/ls", "carol ALL = (alice:R0) /bin/ls",  # 4, 5
        "carol ALL = (bob, !R0) /bin/ls",               # 6
        # Not so deep; of use to nobody; in a circle.
        "U2 ALL = /usr/bin/docker", "carol ALL = (R2) /bin/ls", "C ALL = /usr/bin/docker"]) + "\n")
    return ["+group-member:bob:docker", "sudoers:ALL:/etc/sudoers:3"] + [
        "sudoers:carol:/etc/sudoers:%d" % i for i in (4, 5, 6)] + [
        "unseen::/etc/sudoers:%d" % i for i in (3, 4, 5, 6)] + ["+sudoers:bob:/etc/sudoers:7"]


@CASES.case
def sudoers_negations(h):
    """Of all commands a tool is taken out in vain; without them nothing is given."""
    h.file("/etc/sudoers", "\n".join([
        "Cmnd_Alias NOT = !/usr/bin/docker, /bin/ls : IS = /usr/bin/docker",
        "alice ALL = ALL, !/usr/bin/docker", "alice ALL = !/usr/bin/dock*, ALL",      # 2, 3
        "alice ALL = ALL, NOT", "alice ALL = !NOT", "alice ALL = ALL, !IS",           # 4, 5, 6
        "alice ALL = ALL, (bob) NOPASSWD: !IS", "!!alice, !carol ALL = !!IS",         # 7, 8
        "alice ALL = (carol:!!docker) /bin/ls",                                       # 9
        # None of these:
        "alice ALL = !/usr/bin/docker", "alice ALL = /bin/ls, ! IS", "alice ALL = NOT",
        "!alice ALL = IS", "alice, !alice ALL = IS", "alice ALL = (:docker, !docker) /bin/ls",
        "alice ALL = ALL, !/bin/ls"]) + "\n")
    return ["sudoers:alice:/etc/sudoers:%d" % i for i in range(2, 10)]


@CASES.case
def sudoers_alias_kinds(h):
    """Users, whom to run as, hosts and commands may have aliases of one name."""
    h.file("/etc/group", GROUP.replace("docker:x:995:", "docker:x:995:bob"))
    h.file("/etc/sudoers", "\n".join([
        "User_Alias X = alice", "Cmd_Alias X = /usr/bin/docker", "Runas_Alias X = carol",
        "Host_Alias X = bob", "X X = (X) X", "X ALL = (X) /bin/ls",                   # 5
        "Runas_Alias Y = bob, docker", "User_Alias Y = carol", "Cmnd_Alias Y = /bin/ls",
        "Y ALL = (Y) Y", "Y ALL = (carol:Y) /bin/ls", "X ALL = Y",                    # 10, 11
        "Host_Alias Z = /usr/bin/docker", "alice ALL = Z", "Z ALL = X"]) + "\n")      # 15
    return ["+group-member:bob:docker", "sudoers:alice:/etc/sudoers:5",
            "sudoers:carol:/etc/sudoers:10", "sudoers:carol:/etc/sudoers:11",
            "sudoers:Z:/etc/sudoers:15"]


@CASES.case
def sudoers_items(h):
    """Where users end, and a command and what is in front of it."""
    digest = "sha224:" + "a" * 56
    h.file("/etc/sudoers", "\n".join([
        "alice!web,ALL = /usr/bin/docker", "%ci ! web = /usr/bin/docker",             # 1, 2
        "alice ALL = ALL : web = /usr/bin/docker",                                    # 3
        "Cmnd_Alias D = %s /usr/bin/docker : E = /bin/ls" % digest, "alice ALL = D",  # 5
        "alice ALL = NEW=a /usr/bin/docker, E", "alice ALL = E : web = /usr/bin/dock*",  # 6, 7
        "alice ALL = /bin/ls :UNKNOWN = CWD=/ %s , %s /usr/bin/docker" % (digest, digest),  # 8
        "alice= /usr/bin/docker",                                                     # 9
        # None of these:
        "alice ALL = CWD=/usr/bin/docker /bin/ls", "alice = /bin/ls"]) + "\n")
    return ["sudoers:%s:/etc/sudoers:%d" % x for x in (
        ("alice", 1), ("%ci", 2), ("alice", 3), ("alice", 5), ("alice", 6), ("alice", 7),
        ("alice", 8))] + ["unseen::/etc/sudoers:9"]


@CASES.case
def sudoers_folders(h):
    """Tools may be in any folder that a pattern is about, or that sudo looks in."""
    h.file("/etc/sudoers", "\n".join([
        "alice ALL = /srv/more/", "alice ALL = /srv/bin/*", "alice ALL = ^/srv/t/.*$",  # 1, 2, 3
        "Defaults env_reset, secure_path=\"/usr/bin:/srv/bin/\"",
        "Defaults:alice secure_path += /srv/more",
        "alice ALL = /usr/local/sbin/*", "alice ALL = /opt/", "alice ALL = /opt/*/bin/*",  # 6, 7, 8
        "alice ALL = /srv/else/dock*", "alice ALL = /usr/*/", "alice ALL = ^/srv/e/do.*$",  # 9 .. 11
        "alice ALL = ^(/srv|/usr)/bin/[a-z]+$",                                       # 12
        # None of these:
        "alice ALL = /srv/else/", "alice ALL = /srv/else/*", "alice ALL = /srv/else/[d]?*",
        "alice ALL = /opt/*/bin/ls*", "alice ALL = ^/srv/e/(ls|cat)$", "alice ALL = ^(/srv)$"]) + "\n")
    return ["sudoers:alice:/etc/sudoers:%d" % i for i in (1, 2, 3, 6, 7, 8, 9, 10, 11, 12)]
