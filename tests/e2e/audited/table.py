# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases, by name."""
import importlib

CASES = {}
for part in ("basics", "groups", "processes", "sockets", "engine", "units", "seal", "programs",
             "sudo", "rules"):
    CASES.update(importlib.import_module("audited." + part).CASES)
