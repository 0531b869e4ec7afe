"""The channel layer of the embedded shape."""

from channels.layers import InMemoryChannelLayer


class EmbeddedChannelLayer(InMemoryChannelLayer):
    """Messages between the tasks of one process."""
