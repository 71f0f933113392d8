"""Short names that are functions of what they name: the same input gives the same id, in every replay."""

from hashlib import blake2b


def short_id(kind: str, *parts: str) -> str:
    """`<kind>-` and 16 hex digits of the parts' digest: 64 bits: a million collide once in 37 million times."""
    return f"{kind}-{blake2b('/'.join(parts).encode(), digest_size=8).hexdigest()}"
