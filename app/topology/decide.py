"""The decide stage: from a tick to an order."""

from decimal import Decimal

from app.domain.errors import ConfigurationError
from app.domain.limits import Limits, amounts
from app.domain.market_data import EndOfFeed, RulesChanged, Tick
from app.domain.routing import EVERYTHING
from app.engine.stage import Stage
from app.engine.step import Step
from app.settings import Settings
from app.topology.surroundings import Surroundings
from channels import (
    DEAD_LETTERS,
    INVALID_MESSAGES,
    MARKET_DATA,
    OPPORTUNITIES,
    ORDER_BOOKS,
    TRADE_ORDERS,
)
from channels.order_books import destination
from routes import (
    aggregator,
    content_based_router,
    dynamic_router,
    end_of_feed,
    join,
    message_filter,
    recipient_list,
    sizing,
)
from routes import detector as detection
from routes.content_filter import content_filter
from routes.dead_letter_channel import dead_letter_channel
from routes.invalid_message_channel import invalid_message_channel

_MS = 1_000_000


def decide(around: Surroundings) -> Stage:
    """From a tick to an order; nothing else lies between them."""
    settings, profiles = around.settings, around.profiles
    source = MARKET_DATA if settings.decide_source == MARKET_DATA.name else destination(settings.decide_source)
    max_age_ns = settings.max_age_ms * _MS
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
                    limits=_limits(settings),
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


def _limits(settings: Settings) -> dict[str, Limits]:
    """By quote currency, `*` for every other: the caps differ, the edges hold for all."""
    least, most = Decimal(settings.min_edge_bps), Decimal(settings.max_edge_bps)
    slippage = Decimal(settings.slippage_bps)
    caps = {"*": None, **amounts("max_notional", settings.max_notional)}
    return {currency: Limits(cap, least, most, slippage) for currency, cap in caps.items()}
