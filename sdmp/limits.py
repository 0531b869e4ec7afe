"""Every cap of protocol §11, and the few constants that other sections fix. The only copy.

Sizes are in bytes, times in seconds, the rest are counts.
"""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# protocol §1, §2, §3, §7, §10: not adjustable
JSON_DEPTH: Final = 32
SCHEMA_BYTES: Final = 64 * KIB
KEY_BITS_MIN: Final = 2048
KEY_BITS_MAX: Final = 4096
KEY_EXPONENT: Final = 65537
SEALED_BLOCK: Final = 8192
FRAME_BLOCK: Final = 256
CONTENT_KEY_BYTES: Final = 64
IV_BYTES: Final = 16
REQUEST_IDENTIFIER_CHARS: Final = 128

# protocol §11
MESSAGE_BYTES: Final = 10 * MIB
RESOURCE_BYTES: Final = 24 * MIB
RECIPIENTS: Final = 256
FRAME_BYTES_UNPROVED: Final = 16 * KIB
RESPONSE_FRAME_BYTES: Final = 48 * MIB
FRAME_BYTES: Final = 4 * MIB
CREDENTIALS: Final = 32
HANDSHAKE_SECONDS: Final = 10
JOURNAL_LINES: Final = 5_000
BATCH_RESOURCES: Final = 256
BATCH_BYTES: Final = 8 * MIB
WANTED_LINES: Final = 100_000
PASSED_OVER_LINES: Final = 100_000
NODES_PER_USER: Final = 16
ADDRESSES_PER_NODE: Final = 8
SESSIONS_PER_PEER: Final = 4
UNPROVED_PER_ADDRESS: Final = 8
UNPROVED_TOTAL: Final = 64

# protocol §10
CONTACT_REQUESTS_PER_USER: Final = 100

# Not in the protocol: how many values one JSON document may hold.
JSON_VALUES: Final = 500_000

# Not in the protocol: what one evaluation of a published schema may cost (schemas/effort.py), and
# the recursion that its regular expressions may reach and the bytes that they all may take.
SCHEMA_EFFORT: Final = 400_000
REGEX_BACKTRACK: Final = 10_000
REGEX_BYTES: Final = 4 * MIB
