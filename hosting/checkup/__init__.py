"""The checks of `sdmpweb doctor`: each judges what it is given and gives a line."""
