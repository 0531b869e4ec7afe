"""`python -m sdmpweb` is the `sdmpweb` command."""

from sdmpweb.cli import main

if __name__ == "__main__":
    main()
