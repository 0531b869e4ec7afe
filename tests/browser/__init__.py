"""The pages in Debian's Chromium, over nodes that run as processes."""
