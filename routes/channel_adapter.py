"""Channel Adapter: how does what was said on a channel reach a system that knows no messages?

In:         order_books, opportunities, trade_orders, trade_results, dead_letters, invalid_messages
Out:        rows of the ledger
Key:        each table's natural key
Guarantee:  at least once; the ledger ends the same in whatever order and however often the messages come
Fails as:   Reject for a body that no table takes, or a number that is none
"""

from collections.abc import Callable, Mapping

from app.domain.errors import Reject
from app.domain.message import Origin
from app.storage.rows import ROWS, Mapper
from app.storage.upsert import Upsert


def channel_adapter(*, rows: Mapping[type, Mapper] = ROWS) -> Callable[[object, Origin], list[Upsert]]:
    """Returns the handler of a sink stage; `rows` maps each type of body to what makes rows of it."""

    def adapt(body: object, origin: Origin) -> list[Upsert]:
        mapper = rows.get(type(body))
        if mapper is None:
            where = f"{origin.channel}/{origin.partition}/{origin.offset}"
            raise Reject(
                "the ledger has no table for this message", field="type", value=type(body).__name__, where=where
            )
        return mapper(body, origin)

    return adapt
