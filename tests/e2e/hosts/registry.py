# SPDX-License-Identifier: GPL-2.0-or-later
"""How a file of hosts names its own."""


class Hosts(dict):
    def host(self, function):
        """Registers a function that builds a host, by its name."""
        self[function.__name__.replace("_", "-")] = function
        return function
