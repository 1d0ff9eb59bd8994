# SPDX-License-Identifier: GPL-2.0-or-later
"""The hosts, by name."""
import importlib

HOSTS = {}
for part in ("basics", "firewalls", "guests", "links", "marks"):
    HOSTS.update(importlib.import_module(part).HOSTS)
