"""THE composition, one value: who says what to whom, in order. Demo, replay, bench, tests and live share it; they
differ in feed, venue port, clock and run namespace alone.

    market_data --decide--> opportunities, trade_orders (order_books beside)
    trade_orders --execute--> trade_results, dead_letters
    all of these --account--> the ledger
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.domain.errors import ConfigurationError
from app.domain.execution import OrdersClosed
from app.domain.limits import Limits, amounts
from app.domain.market_data import EndOfFeed, Rule, RulesChanged, Tick
from app.domain.order import FeedEnded
from app.domain.routing import EVERYTHING
from app.domain.venue import VenueProfile
from app.engine.codec import encode, headers
from app.engine.stage import Effects, Stage
from app.engine.step import Step
from app.settings import Settings
from app.venues.port import VenuePort
from channels import (
    DEAD_LETTERS,
    INVALID_MESSAGES,
    MARKET_DATA,
    OPPORTUNITIES,
    ORDER_BOOKS,
    TRADE_ORDERS,
    TRADE_RESULTS,
)
from channels.order_books import destination
from routes import (
    aggregator,
    content_based_router,
    dynamic_router,
    end_of_feed,
    feed_end,
    idempotent_receiver,
    join,
    message_filter,
    process_manager,
    recipient_list,
    sizing,
)
from routes import detector as detection
from routes.channel_adapter import channel_adapter
from routes.content_filter import content_filter
from routes.dead_letter_channel import dead_letter_channel, dead_order
from routes.invalid_message_channel import invalid_message_channel
from routes.message_store import message_store
from routes.service_activator import failed, outgoing, service_activator
from routes.splitter import splitter

_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What differs between a demo, a replay, a test and live trading."""

    settings: Settings
    profiles: Mapping[str, VenueProfile]
    rules: tuple[Rule, ...]
    venue: Callable[[str, Any], VenuePort]
    """(name, the service activator's state) -> the venue."""
    venue_state: type[Any]
    """Type of that state; made empty with the account's name."""
    forget: Callable[[Any, OrdersClosed], None]
    """Lets the venues' states forget the orders of a closed trade."""
    clock: Callable[[], int]
    """The wall's, ns."""


def topology(around: Surroundings) -> tuple[Stage, ...]:
    """The three stages. Raises ConfigurationError where settings do not go together."""
    return decide(around), execute(around), account()


def decide(around: Surroundings) -> Stage:
    """From a tick to an order; nothing else lies between them."""
    settings, profiles = around.settings, around.profiles
    source = MARKET_DATA if settings.decide_source == MARKET_DATA.name else destination(settings.decide_source)
    max_age_ns = settings.max_age_ms * _MS
    least, most = Decimal(settings.min_edge_bps), Decimal(settings.max_edge_bps)
    slippage = Decimal(settings.slippage_bps)
    caps = {"*": None, **amounts("max_notional", settings.max_notional)}
    return Stage(
        name="decide",
        kind="pure",
        consumes=(source,),
        publishes=(OPPORTUNITIES, TRADE_ORDERS, ORDER_BOOKS, INVALID_MESSAGES, DEAD_LETTERS),
        steps=(
            Step(
                "message_filter",
                "Message Filter",
                message_filter.message_filter(
                    venues=frozenset(profiles),
                    pairs=frozenset(settings.pairs),
                    max_age_ns=max_age_ns,
                    future_ns=settings.future_ms * _MS,
                ),
                message_filter.State,
            ),
            Step(
                "router",
                "Dynamic Router",
                # what came on a channel of its own was routed there already
                dynamic_router.dynamic_router(rules=around.rules if source is MARKET_DATA else EVERYTHING),
                dynamic_router.State,
                scope="partition",
            ),
            Step(
                "content_based_router",
                "Content-Based Router",
                content_based_router.content_based_router(),
                content_based_router.State,
            ),
            Step(
                "recipient_list",
                "Recipient List",
                recipient_list.recipient_list(interval_ns=settings.conflate_ms * _MS),
                recipient_list.State,
            ),
            _join(settings),
            Step("content_filter", "Content Filter", content_filter(), shares="sizing"),
            Step(
                "detector",
                "Content Enricher",
                detection.detector(profiles=profiles, trade=settings.trade, max_age_ns=max_age_ns),
                detection.State,
            ),
            Step(
                "sizing",
                "Message Translator",
                sizing.sizing(
                    profiles=profiles,
                    limits={currency: Limits(cap, least, most, slippage) for currency, cap in caps.items()},
                    account=settings.account,
                    expiry_ns=settings.order_expiry_ms * _MS,
                    depletion=settings.depletion,
                ),
                sizing.State,
            ),
            Step("end_of_feed", "Message Sequence", end_of_feed.end_of_feed(), end_of_feed.State),
        ),
        invalid=invalid_message_channel(),
        dead=dead_letter_channel(),
        table="opportunity_table",
        marks=(Tick, RulesChanged, EndOfFeed),
    )


def _join(settings: Settings) -> Step:
    if settings.join == "each":
        return Step("join", "Message Join", join.join(), join.State)
    if not settings.expected_venues:
        raise ConfigurationError(
            "join is 'aligned' and expected_venues is empty: an instant would never be complete; name the venues"
        )
    expected = frozenset(settings.expected_venues)
    handle = aggregator.aggregator(expected=expected, timeout_ns=settings.aligned_timeout_ms * _MS)
    return Step("join", "Aggregator", handle, aggregator.State)


def execute(around: Surroundings) -> Stage:
    """From an order to its one outcome; the only stage that touches the world."""
    settings, profiles = around.settings, around.profiles
    return Stage(
        name="execute",
        kind="effect",
        consumes=(TRADE_ORDERS,),
        publishes=(TRADE_RESULTS, DEAD_LETTERS, INVALID_MESSAGES),
        steps=(
            Step("feed_end", "Aggregator", feed_end.feed_end(), feed_end.State, scope="partition"),
            Step(
                "idempotent_receiver",
                "Idempotent Receiver",
                idempotent_receiver.idempotent_receiver(keep_ns=settings.retention_ms * _MS),
                idempotent_receiver.State,
                piece=idempotent_receiver.Piece,
            ),
            Step(
                "process_manager",
                "Process Manager",
                process_manager.process_manager(
                    profiles=profiles,
                    max_exposure=amounts("max_exposure", settings.max_exposure),
                    virtual_time=settings.virtual_time,
                    clock=None if settings.virtual_time else around.clock,
                    dead_letter=dead_order(encode=encode, headers=headers),
                ),
                process_manager.State,
            ),
            Step("splitter", "Splitter", splitter()),
            Step("service_activator", "Service Activator", outgoing(forget=around.forget), around.venue_state),
        ),
        invalid=invalid_message_channel(),
        dead=dead_letter_channel(),
        table="process_table",
        effects=Effects(
            perform=service_activator(venue=around.venue, clock=around.clock),
            failed=failed,
            reopen=process_manager.State.open_commands,
            resume="process_manager",
            barrier=FeedEnded,
            virtual_time=settings.virtual_time,
        ),
    )


def account() -> Stage:
    """Everything that the others publish, into the ledger."""
    return Stage(
        name="account",
        kind="sink",
        consumes=(TRADE_RESULTS, TRADE_ORDERS, OPPORTUNITIES, ORDER_BOOKS, DEAD_LETTERS, INVALID_MESSAGES),
        publishes=(INVALID_MESSAGES, DEAD_LETTERS),
        steps=(
            Step("channel_adapter", "Channel Adapter", channel_adapter()),
            Step("message_store", "Message Store", message_store()),
        ),
        invalid=invalid_message_channel(),
        dead=dead_letter_channel(),
    )
