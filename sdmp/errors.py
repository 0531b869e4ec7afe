"""Everything that can be wrong with what somebody sent.

::

    SdmpError
     +- Malformed                it cannot be read
     |   +- BadJSON              json
     |   +- BadEncoding          encoding
     |   +- BadVersion           version
     |   +- BadSchema            schema
     |   +- Forbidden            forbidden
     |   +- TooLarge             limit
     +- Unauthentic              it is not what it claims to be
     |   +- BadIdentifier        identifier
     |   +- BadSignature         signature
     |   +- BadIdentity          identity
     |   +- CannotOpen           encrypted
     |   |   +- WrongPassphrase  passphrase
     |   +- BadLine              line
     +- Unauthorised             it is real, and its maker may not
     |   +- UnknownSigner        unknown_signer
     |   +- NotAuthorised        unauthorised
     |   +- Expired              expired
     |   +- Revoked              revoked
     +- SessionError             a session has gone wrong
         +- LocalSessionError    we used it wrongly: our bug
         +- RemoteSessionError   the peer broke the rules
         +- Refused              the peer said no

`why` is one word for programs and counters, the text of the exception one sentence for people.
"""

from __future__ import annotations

from typing import ClassVar


class SdmpError(Exception):
    """The root of the tree. Not raised itself."""

    why: ClassVar[str] = "sdmp"


class Malformed(SdmpError):
    """It cannot be read."""

    why = "malformed"


class BadJSON(Malformed):
    """Not strict JSON (protocol §1)."""

    why = "json"


class BadEncoding(Malformed):
    """Not canonical base64url (protocol §1)."""

    why = "encoding"


class BadVersion(Malformed):
    """A version of the protocol that is not spoken here (protocol §2)."""

    why = "version"


class BadSchema(Malformed):
    """A container, a section, or a combination of schemas that is not allowed (protocol §2, §5)."""

    why = "schema"


class Forbidden(Malformed):
    """A schema that is never published as a resource, or here (protocol §5)."""

    why = "forbidden"


class TooLarge(Malformed):
    """Over a limit of protocol §11."""

    why = "limit"


class Unauthentic(SdmpError):
    """It is not what it claims to be."""

    why = "unauthentic"


class BadIdentifier(Unauthentic):
    """The identifier is not the hash of the payload (protocol §4)."""

    why = "identifier"


class BadSignature(Unauthentic):
    """The signature or its protected header does not hold (protocol §4)."""

    why = "signature"


class BadIdentity(Unauthentic):
    """A key or an identity that is not as protocol §3 says."""

    why = "identity"


class CannotOpen(Unauthentic):
    """It cannot be decrypted; deliberately without the reason (protocol §7)."""

    why = "encrypted"


class WrongPassphrase(CannotOpen):
    """A passphrase that does not open a recovery kit (protocol §12)."""

    why = "passphrase"


class BadLine(Unauthentic):
    """A journal line that is malformed or does not chain (protocol §8).

    `index` is its position, from 0, among the lines that were checked.
    """

    why = "line"

    def __init__(self, sentence: str, index: int = 0) -> None:
        super().__init__(sentence)
        self.index = index


class Unauthorised(SdmpError):
    """It is real, and its maker may not."""

    why = "unauthorised"


class UnknownSigner(Unauthorised):
    """No identity of the signing key is known."""

    why = "unknown_signer"


class NotAuthorised(Unauthorised):
    """The signer lacks the power."""

    why = "unauthorised"


class Expired(Unauthorised):
    """The power, or the identity, has expired."""

    why = "expired"


class Revoked(Unauthorised):
    """The power, the identity or the resource itself has been revoked."""

    why = "revoked"


class SessionError(SdmpError):
    """A session has gone wrong."""

    why = "session"


class LocalSessionError(SessionError):
    """The session object was used wrongly: a bug of ours, never the peer's doing."""

    why = "local"


class RemoteSessionError(SessionError):
    """The peer broke the rules of protocol §10."""

    why = "remote"


class Refused(SessionError):
    """The peer refused the session."""

    why = "refused"
