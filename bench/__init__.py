"""How fast two nodes are, measured from outside as their users would notice it.

`make bench` starts two nodes as processes on loopback, with keys of the default sizes, and prints
what docs/performance.md explains. Beside it stands the floor: the cryptography alone, in a loop.
"""
