"""The pages of the owner's panel."""
