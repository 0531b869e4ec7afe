"""The Secure Distributed Messaging Protocol: bytes in, values out.

No sockets, no files, no clock; time and randomness are arguments. Where each section of
`docs/protocol.md` lives:

=======  ==============================================  =========================================
section  subject                                         module
=======  ==============================================  =========================================
§1       JSON, base64url, hashes, timestamps             `encoding`
§2       containers                                      `container`
§2       sections of the core schemas                    `schemas`, its `core` and `formats`
§2       schemas that users publish                      `schemas`, its `published` and `effort`
§3       keys, fingerprints                              `keys`
§3       identities                                      `resource` (form), `acceptance` (in force)
§4       signatures                                      `signature`
§5       resources, their URIs                           `resource`
§5       checks in order, what has ended                 `acceptance`, `trust`
§6       trusts, revocations, who may talk and have      `trust`
§7       encryption                                      `encrypted`
§8       journal                                         `lines`
§9       messages                                        `letter`, `attachments`
§10      sessions                                        `session`
§10      traffic                                         `traffic`
§11      limits                                          `limits`
§12      cards, offers                                   `card`
§12      recovery kit                                    `keys`, `pkcs8`
-        what two people compare                         `fingerprints`
-        what can go wrong                               `errors`
=======  ==============================================  =========================================
"""
