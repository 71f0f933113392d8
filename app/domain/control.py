"""What operators say to the workers, and what the workers answer."""

from typing import Literal

from msgspec import Struct

StageName = Literal["decide", "execute", "account", "all"]


class Pause(Struct, frozen=True, tag="pause"):
    command_id: str
    stage: StageName


class Resume(Struct, frozen=True, tag="resume"):
    command_id: str
    stage: StageName


class Drain(Struct, frozen=True, tag="drain"):
    """Finish what was taken, checkpoint, commit, then leave."""

    command_id: str
    stage: StageName


class Tap(Struct, frozen=True, tag="tap"):
    """Copy this share of hops, in [0, 1], to the wire tap."""

    command_id: str
    share: float


class Status(Struct, frozen=True, tag="status"):
    command_id: str


class Answer(Struct, frozen=True, tag="answer"):
    """A worker's reply: `worker` is its id, `state` what it runs and how."""

    command_id: str
    worker: str
    state: dict[str, str]
    at: int
    served_at: str = ""
    """URL of its metrics and health; empty: it serves none."""


Command = Pause | Resume | Drain | Tap | Status
ControlMessage = Command | Answer
