"""How the journal tells the apps above what has happened. Sent inside the transaction."""

from django.dispatch import Signal

# resources: list of (journal.models.Resource, sdmp.resource.Resource), in the journal's order
resources_accepted = Signal()
resources_published = Signal()

# resources: list of journal.models.Resource whose content is gone or which have ended
resources_revoked = Signal()

# node: fingerprint of the peer; identifiers: resources that were given to it
resources_handed = Signal()

# user: who has caught up after a restore, and may publish again
caught_up = Signal()

# stranger: user who asks; user: the one of ours who is asked
contact_requested = Signal()
