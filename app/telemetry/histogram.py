"""Counts by bucket, kept where they happen and read when somebody asks."""

from bisect import bisect_left


class Histogram:
    """What Prometheus calls a classic histogram. `observe` costs less than a lock would: one thread writes."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        """Ascending upper bounds; what is above the last falls into +Inf."""
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> list[tuple[str, float]]:
        """(upper bound as text, how many were not above it), `+Inf` last."""
        found: list[tuple[str, float]] = []
        so_far = 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), list(self.counts), strict=True):
            so_far += count
            found.append((bound, so_far))
        return found
