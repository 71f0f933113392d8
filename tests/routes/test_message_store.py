"""The message store keeps the envelope, and the first delivery of it."""

from app.storage.tables import MessageRow
from routes.message_store import message_store
from tests.app.storage.builders import origin


def test_a_message_is_kept_with_its_last_route() -> None:
    (row,) = message_store()(object(), origin("m1", history=("router@3", "scan"), causation_id="m0"))

    assert row.model is MessageRow
    assert (row.values["message_id"], row.values["causation_id"], row.values["route"]) == ("m1", "m0", "scan")


def test_a_message_that_came_through_no_route_has_none() -> None:
    (row,) = message_store()(object(), origin(history=()))

    assert row.values["route"] == ""


def test_the_first_delivery_holds() -> None:
    (row,) = message_store()(object(), origin())

    assert (row.update, row.newer) == ((), ())
