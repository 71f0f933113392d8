"""Which partition a key belongs to: Kafka's own rule, so that every producer agrees on it."""

from functools import lru_cache

_MASK = 0xFFFFFFFF
_SEED = 0x9747B28C
_M = 0x5BD1E995


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition, in [0, partitions), in which Kafka's default partitioner puts `key`: murmur2, positive, modulo."""
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    """MurmurHash2 as org.apache.kafka.common.utils.Utils computes it, unsigned."""
    whole = len(data) & ~3
    state = _SEED ^ len(data)
    for start in range(0, whole, 4):
        block = (int.from_bytes(data[start : start + 4], "little") * _M) & _MASK
        block ^= block >> 24
        state = ((state * _M) & _MASK) ^ ((block * _M) & _MASK)
    if whole < len(data):
        state = ((state ^ int.from_bytes(data[whole:], "little")) * _M) & _MASK
    state = ((state ^ (state >> 13)) * _M) & _MASK
    return state ^ (state >> 15)
