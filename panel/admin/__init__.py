"""Tables of the panel, as Django's admin shows them: one file for what belongs together.

Django imports this package when it starts; every file is named here.
"""

from panel.admin import accounts as accounts
from panel.admin import audit as audit
from panel.admin import invitations as invitations
from panel.admin import journal as journal
from panel.admin import peers as peers
from panel.admin import trusts as trusts
