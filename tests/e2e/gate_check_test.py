#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gate check as users run it: its answers, exit status and complaints; a line a check.

usage: tests/e2e/gate_check_test.py --gate PATH [--only REGEX]
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

from checks import Checks, attempt, expect

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLE = os.path.join(HERE, "../../conf/policy.example.json")
ALICE = ["--user", "alice", "--uid", "1000", "--gid", "1000", "--home", "/srv/alice"]
CREATE = ["--method", "POST", "--path", "/v1.41/containers/create?name=web"]
check = Checks("e2e/gate-check/")


def gate(*words, policy=EXAMPLE, data=None):
    """Exit status, the JSON printed (or None), and what was complained of."""
    r = subprocess.run([ARGS.gate, "check"] + (["--policy", policy] if policy else []) +
                       list(words), input=data, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False)
    return (r.returncode, json.loads(r.stdout) if r.stdout else None,
            r.stderr.decode("utf-8", "replace"))


@check
def allowed_is_0(_):
    status, said, _ = gate(*ALICE, *CREATE, "--body", "-", data=b'{"Image":"nginx"}')
    expect("status", status == 0, status)
    expect("keys", list(said) == ["decision", "rule", "reason", "forward"], said)
    expect("decision", said["decision"] == "allow" and said["rule"] == "allow", said)
    forward = said["forward"]
    expect("forward", list(forward) == ["method", "path", "body"], forward)
    expect("path", forward["path"] == "/v1.41/containers/create?name=web", forward)
    expect("user", forward["body"]["User"] == "1000:1000", forward)


@check
def refused_is_1(_):
    status, said, _ = gate(*ALICE, *CREATE, "--body", "-",
                           data=b'{"Image":"nginx","HostConfig":{"Privileged":true}}')
    expect("status", status == 1, status)
    expect("rule", said["rule"] == "create-privileged", said)
    expect("nothing goes on", list(said) == ["decision", "rule", "reason"], said)


@check
def body_from_a_file(folder):
    path = os.path.join(folder, "body")
    with open(path, "w", encoding="utf-8") as f:
        f.write('{"Image":"nginx"}')
    expect("status", gate(*ALICE, *CREATE, "--body", path)[0] == 0)
    status, _, said = gate(*ALICE, *CREATE, "--body", path + ".none")
    expect("none", status == 2 and "body.none" in said, said)


@check
def long_bodies_are_refused(_):
    status, said, _ = gate(*ALICE, *CREATE, "--body", "-", data=b" " * (3 << 20))
    expect("rule", status == 1 and said["rule"] == "body-too-long", said)


@check
def approvals_count(folder):
    path = os.path.join(folder, "approvals.json")
    with open(EXAMPLE, encoding="utf-8") as f:
        policy = json.load(f)
    policy["approvals"][0].pop("expires")   # this test does not
    with open(path, "w", encoding="utf-8") as f:
        json.dump(policy, f)
    for name, port, want in (("web", 443, 0), ("web", 444, 1), ("web2", 443, 1)):
        body = {"Image": "nginx", "HostConfig": {"PortBindings": {
            "443/tcp": [{"HostIp": "", "HostPort": str(port)}]}}}
        status, said, _ = gate(*ALICE, "--method", "POST", "--path",
                               "/containers/create?name=" + name, "--body", "-",
                               policy=path, data=json.dumps(body).encode())
        expect("%s %d" % (name, port), status == want, said)


@check
def elevated_has_the_other_profile(_):
    body = b'{"Image":"nginx","HostConfig":{"Privileged":true}}'
    status, said, _ = gate(*ALICE, *CREATE, "--elevated", "--body", "-", data=body)
    expect("status", status == 0, said)


@check
def no_grant_refuses_everything(_):
    status, said, _ = gate("--user", "mallory", "--uid", "1666", "--method", "GET",
                           "--path", "/_ping")
    expect("rule", status == 1 and said["rule"] == "no-grant", said)


@check
def groups_are_granted(_):
    words = ["--user", "zoe", "--uid", "1777", "--method", "GET", "--path",
             "/containers/json"]
    expect("without", gate(*words)[0] == 1)
    expect("with", gate(*words, "--group", "developers")[0] == 0)


@check
def users_of_this_host(_):
    status, said, complaint = gate("--user", "root", "--method", "GET", "--path", "/info")
    expect("root is known, and has no grant", status == 1, said or complaint)
    status, said, complaint = gate("--user", "no-such-user", "--method", "GET",
                                   "--path", "/info")
    expect("unknown", status == 2 and "no-such-user" in complaint, complaint)
    status, _, complaint = gate("--user", "4294967295", "--method", "GET", "--path", "/")
    expect("no uid", status == 2, complaint)


@check
def mistakes_are_2(folder):
    path = os.path.join(folder, "policy.json")
    with open(path, "w", encoding="utf-8") as f:
        f.write('{"version": 1, "evil": true}')
    asked = ALICE + ["--method", "GET", "--path", "/info"]
    for words, policy, text in (
            ([], EXAMPLE, "--user"), (asked + ["more"], EXAMPLE, "more"),
            (asked + ["--evil"], EXAMPLE, "--evil"),
            (asked + ["--body"], EXAMPLE, "--body"),
            (asked, path, "evil"), (asked, path + ".none", "no such file"),
            (asked + ["--uid", "-1"], EXAMPLE, "--uid"),
            (asked + ["--engine", path + ".sock"], EXAMPLE, None)):
        status, _, said = gate(*words, policy=policy)
        if text is None:
            expect("an engine that is not asked is none", status == 0, said)
        else:
            expect(" ".join(words[-2:]), status == 2 and text in said, said)


@check
def engines_that_are_not_there_refuse(folder):
    status, said, _ = gate(*ALICE, "--engine", folder + "/none.sock", "--method", "GET",
                           "--path", "/containers/web/json")
    expect("rule", status == 1 and said["rule"] == "engine-answer", said)


@check
def hostile_text_is_escaped(_):
    status, said, _ = gate(*ALICE, *CREATE, "--body", "-",
                           data=b'{"Image":"nginx","\\u001b[31m\\u202e":1}')
    expect("rule", status == 1 and said["rule"] == "body-key-unknown", said)
    expect("no control", not re.search("[\x00-\x1f\x7f\u202e]", said["reason"]), said)


@check
def help_is_0(_):
    r = subprocess.run([ARGS.gate, "check", "--help"], stdout=subprocess.PIPE, text=True,
                       check=False)
    expect("help", r.returncode == 0 and "--method" in r.stdout, r.stdout)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, function in check.wanted(ARGS.only):
            attempt(name, function, folder)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", required=True)
    parser.add_argument("--only", default=".")
    ARGS = parser.parse_args()
    ARGS.gate = os.path.abspath(ARGS.gate)
    sys.exit(main())
