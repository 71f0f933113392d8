"""order_books: the first book of each venue and pair in each interval of event time, for those who look, not trade.

Producer: decide, beside its way and never on it. Consumer: account (sampled quotes). Ordering: by pair.
"""

from app.domain.market_data import Book
from channels.channel import Channel

NAME = "order_books"

ORDER_BOOKS = Channel(
    name=NAME,
    message=Book,
    key="the pair: as in market_data, so that a reader may join again",
    spread="partitions",
)


def destination(name: str) -> Channel:
    """A channel that routing rules send whole pairs to, `order_books.majors` for example: market_data's messages
    under market_data's keys, for a decide stage that runs elsewhere."""
    from channels.market_data import MARKET_DATA  # noqa: PLC0415 - a sibling's shape, needed by this function alone

    return Channel(name=name, message=MARKET_DATA.message, key=MARKET_DATA.key, spread="partitions")
