# SPDX-License-Identifier: GPL-2.0-or-later
"""How a file of cases names its own."""


class Cases(dict):
    def case(self, function):
        """Registers a function that makes a host and tells what is to be found there."""
        self[function.__name__.replace("_", "-")] = function
        return function
