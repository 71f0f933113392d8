"""Every stage's lag, looked at again and again: how many, how long, and the word for how it goes."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import time
from typing import Protocol

from msgspec import Struct
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.domain.errors import ConfigurationError
from app.domain.lag import WINDOW, WORDS, Depth, Look, PartitionLag, Word, judged

EVERY_S = 5.0
STOP_AFTER_S = 30.0
"""Without a commit for so long, while something waits, a partition counts as stopped."""

Place = tuple[str, int]


class Reader(Protocol):
    """What the broker is asked."""

    async def ends(self, topics: Iterable[str]) -> dict[Place, int]: ...

    async def committed(self, group: str) -> dict[Place, int]: ...

    async def written_at(self, places: Mapping[Place, int]) -> dict[Place, float]: ...

    async def depth(self, topic: str) -> Depth: ...


class Watched(Struct, frozen=True):
    """One stage: its group and the topics it reads, by the name of the channel."""

    stage: str
    group: str
    topics: dict[str, str]


class LagWatch:
    """Remembers the last looks at each partition. `latest` and `depth` are what the last round found."""

    def __init__(self, stages: Sequence[Watched], dead_letters: str, stop_after_s: float = STOP_AFTER_S) -> None:
        self._stages = stages
        self._dead_letters = dead_letters
        self._stop_after_s = stop_after_s
        self._looks: dict[tuple[str, Place], deque[Look]] = {}
        self._changed: dict[tuple[str, Place], float] = {}
        self.latest: list[PartitionLag] = []
        self.depth: Depth | None = None

    def forget(self) -> None:
        """What was known last is not known any more."""
        self.latest, self.depth = [], None

    async def look(self, reader: Reader) -> list[PartitionLag]:
        """One round over all stages. Raises Retry when the broker is away; channels that are not there are left out."""
        found: list[PartitionLag] = []
        for each in self._stages:
            try:
                found += await self._stage(each, reader)
            except ConfigurationError:
                continue  # no worker has made the channel yet
        self.latest = found
        try:
            self.depth = await reader.depth(self._dead_letters)
        except ConfigurationError:
            self.depth = None
        return found

    async def _stage(self, each: Watched, reader: Reader) -> list[PartitionLag]:
        ends = await reader.ends(each.topics.values())
        committed = await reader.committed(each.group)
        waiting = {place: committed.get(place, 0) for place, end in ends.items() if end > committed.get(place, 0)}
        since = await reader.written_at(waiting)
        now = time()
        names = {topic: channel for channel, topic in each.topics.items()}
        found = []
        for place, end in sorted(ends.items()):
            done = committed.get(place)
            word = self._judge(each.stage, place, Look(now, done or 0, end))
            seconds = 0.0 if place not in waiting else max(0.0, now - since[place]) if place in since else None
            messages = max(0, end - (done or 0))
            found.append(PartitionLag(each.stage, names[place[0]], place[1], done, end, messages, seconds, word))
        return found

    def _judge(self, stage: str, place: Place, look: Look) -> Word:
        looks = self._looks.setdefault((stage, place), deque(maxlen=WINDOW))
        if not looks or looks[-1].committed != look.committed or look.lag == 0:
            self._changed[stage, place] = look.at
        looks.append(look)
        return judged(list(looks), self._changed[stage, place], self._stop_after_s)


class LagCollector(Collector):
    """The last round as metrics. What is not known has no sample."""

    def __init__(self, watch: LagWatch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        labels = ["stage", "channel", "partition"]
        messages = GaugeMetricFamily("crossbook_channel_lag_messages", "Messages that wait for a stage.", labels=labels)
        seconds = GaugeMetricFamily(
            "crossbook_channel_lag_seconds", "How long the oldest message that waits has waited.", labels=labels
        )
        status = GaugeMetricFamily(
            "crossbook_channel_status", "1 for the word that holds, after Burrow's rules.", labels=[*labels, "status"]
        )
        for lag in self._watch.latest:
            place = [lag.stage, lag.channel, str(lag.partition)]
            messages.add_metric(place, lag.messages)
            if lag.seconds is not None:
                seconds.add_metric(place, lag.seconds)
            for word in WORDS:
                status.add_metric([*place, word], float(word == lag.word))
        yield from (messages, seconds, status)
        depth = self._watch.depth
        lying = GaugeMetricFamily("crossbook_dead_letters_depth", "Dead letters that lie in the channel.")
        age = GaugeMetricFamily("crossbook_dead_letters_oldest_age_seconds", "Age of the oldest of them.")
        if depth is not None:
            lying.add_metric([], depth.messages)
            if depth.oldest_at is not None:
                age.add_metric([], time() - depth.oldest_at)
        yield from (lying, age)
