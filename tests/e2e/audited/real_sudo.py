# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that sudo itself is asked about: what it lets be run, the audit must tell."""
import json
import os
import shutil
import subprocess
import tempfile

# Whether alice may run /opt/docker by each; never by a rule for all commands alone.
RULES = [
    (True, "alice ALL = /opt/docker"),
    (False, "alice ALL = !/opt/docker"),
    (True, "alice ALL = !!/opt/docker"),
    (False, "alice ALL = /bin/ls, !/opt/docker"),
    (True, "!!alice ALL = /opt/docker"),
    (True, "Cmnd_Alias N = !/opt/docker, /bin/ls\nalice ALL = !N"),
    (False, "Cmnd_Alias N = !/opt/docker\nalice ALL = N"),
    (True, "User_Alias N = !alice\n!N ALL = /opt/docker"),
    (False, "alice, !alice ALL = /opt/docker"),
    (False, "alice, !ALL ALL = /opt/docker"),
    (True, "!ALL, alice ALL = /opt/docker"),
    # Each kind of alias has names of its own.
    (True, "User_Alias X = bob\nRunas_Alias X = root\nCmnd_Alias X = /opt/docker\n"
     "alice ALL = (X) X"),
    (True, "Cmnd_Alias X = /bin/ls\nUser_Alias X = alice\nX ALL = /opt/docker"),
    (True, "Host_Alias X = ALL\nUser_Alias X = %ops\nX X = /opt/docker"),
    (True, "Runas_Alias X = bob\nCmnd_Alias X = /bin/ls, Y\nCmnd_Alias Y = /opt/docker\n"
     "alice ALL = (root) X"),
    # Where a list, a command and what is in front of it end.
    (True, "alice!elsewhere, ALL = /opt/docker"),
    (True, "alice ALL = ALL, !/bin/ls : elsewhere = /opt/docker\nalice ALL = !ALL, /opt/docker"),
    (True, "alice elsewhere = ALL : ALL = /opt/docker"),
    (True, "alice ALL = (ALL, !bob) ROLE = \"/a,b\" NOPASSWD : NOEXEC: /opt/docker"),
    (False, "alice ALL = (ALL, ! root) TIMEOUT=5m NOPASSWD:! /opt/docker"),
    (True, "Cmnd_Alias D = sha224 : %(sha224)s /opt/docker\nalice ALL = D"),
    (True, "alice ALL = sha256:%(sha256)s , sha224:%(sha224)s /opt/docker"),
]
DIGESTS = {"sha224": "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
           "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
HOST = r"""
mount -t tmpfs -o mode=755 tmpfs /mnt && mkdir /mnt/etc && cp -r /etc/ld.so.* /etc/pam.d /mnt/etc &&
mount --bind /mnt/etc /etc && mount -t tmpfs -o mode=755 tmpfs /opt &&
: > /opt/docker && chmod 755 /opt/docker &&
printf 'root:x:0:0::/:\nalice:x:5000:5000::/:\nbob:x:5001:5001::/:\n' > /etc/passwd &&
printf 'root:x:0:\nops:x:5003:alice\n' > /etc/group &&
printf 'root:*:1::::::\nalice:*:1::::::\n' > /etc/shadow && chmod 600 /etc/shadow &&
printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n' > /etc/nsswitch.conf &&
printf '%s\n' "$2" > /etc/sudoers && chmod 440 /etc/sudoers || exit 9
sudo -n -l -U alice /opt/docker > /dev/null 2>&1 && echo yes || echo no
exec "$1" audit --max-files 1 --engine none --format json
"""


def ask(gate, text):
    """Whether sudo lets alice run it, and the ids of what the audit says of sudoers."""
    with tempfile.TemporaryDirectory() as top:
        r = subprocess.run(["unshare", "-m", "sh", "-c", HOST, "sh", gate, text], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                           cwd=top, timeout=60)
    word, _, report = r.stdout.partition("\n")
    if r.returncode not in (0, 1) or not report:
        raise RuntimeError("status %d: %s" % (r.returncode, r.stderr))
    return word == "yes", [e["id"] for e in json.loads(report)["findings"]
                           if "/etc/sudoers" in e["id"]]


def compare(gate):
    """What is wrong; None: nothing is."""
    for want, text in RULES:
        text = text % DIGESTS if "%(" in text else text
        allowed, found = ask(os.path.abspath(gate), text)
        if allowed != want:
            return "sudo says %s of: %s" % ("yes" if allowed else "no", text)
        if allowed != any(x.startswith("sudoers:") for x in found):
            return "sudo says %s, and found are %s of: %s" % (
                "yes" if allowed else "no", found, text)
    return None


def missing():
    return None if shutil.which("sudo") else "there is no sudo"
