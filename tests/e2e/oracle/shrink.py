# SPDX-License-Identifier: GPL-2.0-or-later
"""A failing case made small: rules, settings and listeners that do not matter leave."""
import copy
import time

import kernel

LISTS = ("nft", "iptables", "ip6tables", "ip", "ip6", "ipset", "sysctl", "listeners",
         "internal", "published")


def removable(what, line):
    """Whether leaving out this line alone can make sense."""
    if what in ("iptables", "ip6tables"):
        return line.startswith("-A ")
    return True


class Shrinker:
    """fails(case): loads the case and tells whether the failure is still there."""
    def __init__(self, fails, seconds):
        self.fails, self.end = fails, time.monotonic() + seconds
        self.tries = 0

    def still_fails(self, case):
        self.tries += 1
        try:
            return self.fails(case)
        except (kernel.LoadError, RuntimeError):
            return False    # another case than the one that we had

    def pass_over(self, case, what):
        """Halves, quarters, ... single lines of one list; returns the smaller case."""
        chunk = max(1, len(case[what]) // 2)
        while chunk and time.monotonic() < self.end:
            start, shorter = 0, False
            while start < len(case[what]) and time.monotonic() < self.end:
                lines = case[what]
                kept = [x for i, x in enumerate(lines)
                        if not start <= i < start + chunk or not removable(what, x)]
                candidate = dict(case, **{what: kept})
                if len(kept) < len(lines) and self.still_fails(candidate):
                    case, shorter = candidate, True
                else:
                    start += chunk
            if chunk == 1 and not shorter:
                break
            chunk = chunk // 2 if chunk > 1 else 1
        return case

    def run(self, case):
        case = copy.deepcopy(case)
        for what in ("iptables", "ip6tables", "nft"):   # whole halves of the rules
            candidate = dict(case, **{what: []})
            if case[what] and self.still_fails(candidate):
                case = candidate
        if case["inside"] and self.still_fails(dict(case, inside={})):
            case["inside"] = {}
        size = None
        while size != sum(len(case[w]) for w in LISTS) and time.monotonic() < self.end:
            size = sum(len(case[w]) for w in LISTS)
            for what in LISTS:
                case = self.pass_over(case, what)
        for what in ("iptables", "ip6tables"):
            case[what] = tidy(case[what])
        return case


def tidy(lines):
    """Without tables that hold no rule, and chains that no rule names."""
    blocks, out = [], []
    for line in lines:
        if line.startswith("*"):
            blocks.append([])
        if blocks:
            blocks[-1].append(line)
    for block in blocks:
        rules = [x for x in block if x.startswith("-A ")]
        words = {w for r in rules for w in r.split()}
        block = [x for x in block if not x.startswith(":") or not x.endswith(" -") or
                 x[1:].split()[0] in words]
        if rules or any(" DROP" in x for x in block if x.startswith(":")):
            out += block
    return out
