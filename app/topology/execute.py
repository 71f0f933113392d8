"""The execute stage: from an order to its one outcome."""

from app.domain.limits import amounts
from app.domain.order import FeedEnded
from app.engine.codec import encode, headers
from app.engine.stage import Effects, Stage
from app.engine.step import Step
from app.topology.surroundings import Surroundings
from channels import DEAD_LETTERS, INVALID_MESSAGES, TRADE_ORDERS, TRADE_RESULTS
from routes import feed_end, idempotent_receiver, process_manager
from routes.dead_letter_channel import dead_letter_channel, dead_order
from routes.invalid_message_channel import invalid_message_channel
from routes.service_activator import failed, outgoing, service_activator
from routes.splitter import splitter

_MS = 1_000_000


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
            timeout_s=None if settings.virtual_time else settings.venue_timeout_ms / 1_000,
        ),
    )
