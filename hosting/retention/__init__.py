"""For how long what is kept here is kept: rules that the owner sets, none unless set.

`docs/retention.md` says what each rule lets go and what it always keeps. Nothing undelivered goes.
"""
