# SPDX-License-Identifier: GPL-2.0-or-later
"""An engine of another age than the machine's, in a root of its own.

SEAWALL_ENGINE names that root, as tests/engine makes it. Its dockerd runs changed to it:
what the lab has below PLACES is there, too, mounts that are made later included, so that a
path means the same to gate, to the tests and to the engine. All else is the engine's own,
on a layer that dies with the lab.
"""
import os
import shutil
import subprocess

ROOT = "/opt/engine"
PLACES = ("/proc", "/sys", "/dev", "/run", "/srv", "/home")
TOLD = os.environ.get("SEAWALL_ENGINE")
# Where it keeps its images: "containerd", as Docker 29 does unless told otherwise, or "".
STORE = os.environ.get("SEAWALL_STORE", "")


def mount(*words):
    subprocess.run(("mount",) + words, check=True)


def command():
    """What comes before "dockerd"; the first call makes the root."""
    if not TOLD:
        return []
    if not os.path.ismount(ROOT):
        layer = "/opt/layer"
        for folder in (ROOT, layer + "/upper", layer + "/work"):
            os.makedirs(folder)
        mount("-t", "overlay", "overlay", "-o", "lowerdir=%s,upperdir=%s/upper,"
              "workdir=%s/work" % (TOLD, layer, layer), ROOT)
        for folder in ("/opt", "/tmp"):
            os.makedirs(ROOT + folder, exist_ok=True)
        for place in PLACES:
            os.makedirs(ROOT + place, exist_ok=True)
            if os.path.ismount(place):
                mount("--make-rshared", place)
            mount("--rbind", place, ROOT + place)
    # Not chroot(2): what runc leaves behind for a container would not be the root.
    return ["unshare", "--mount", "--propagation", "unchanged", "sh", "-ec",
            "cd %s; pivot_root . opt; mount --make-rprivate /opt; umount -l /opt; "
            "exec \"$@\"" % ROOT, "sh"]


def check(version):
    """The engine that answers is the one that was asked for."""
    wanted = os.path.basename(TOLD or "").replace("docker-", "")
    if TOLD and version.split(".")[0] != wanted:
        raise RuntimeError("the engine is Docker %s, not %s" % (version, wanted))


def share(place):
    """Makes what will be mounted below a new folder appear in the engine's root, too.

    gate would make it a mount that nobody else has: right where engine and gate have the
    same root, as they do without SEAWALL_ENGINE.
    """
    if TOLD:
        os.mkdir(place, 0o700)
        mount("--bind", place, place)
        mount("--make-shared", place)


def use_client():
    """Puts the docker client of that age in the place of the installed one."""
    mount("--bind", TOLD + "/usr/bin/docker", shutil.which("docker"))
