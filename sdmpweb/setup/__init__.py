"""Setting up a machine for a node: `sdmpweb setup`.

`plan` says what is missing of a node on a `Machine`, as `steps`, and what its owner runs next.
Nothing here needs Django's settings: those of a node are what it writes.
"""
