"""The demo: two nodes of two people who write to each other, in a directory that is thrown away."""
