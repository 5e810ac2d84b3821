"""The journal of a service: lock, history and crash recovery in one.

Each run opens an entry, numbered on from the newest one. To create number n+1, where there is none, *is* to
take the lock; AWS lets one of two do it. The holder overwrites its own entry and no other: it notes what it
is about to borrow before it borrows it (debts), which deployments are its own, and at last the outcome. A run
that died leaves its entry open, and the next one takes its debts over with the lock.

    held = take(cloud, journal_path(prefix, cluster, service), Taking("deploy", "staging", "app"), clock=clock)
    held.owe(Debt(FLOOR, before=0, taken=100))    # written down first
    held.fence()                                  # is it still ours?
    ...                                           # the change
    held.renew_if_due()                           # at every poll
    held.settled(FLOOR)                           # given back
    held.close("deployed", proven=True)
    held.prune()

The rooms: `journal_entry` what is stored, `journal_history` reading, `journal_take` the lock,
`journal_handover` whoever had it before, `journal_lease` holding it, `journal_owner` who that is,
`journal_held` whether anybody has it.
"""

from __future__ import annotations

from ecs_deployment.clock import Clock
from ecs_deployment.journal_entry import Entry
from ecs_deployment.journal_held import is_held
from ecs_deployment.journal_history import journal_path, last_proven, name_of, read, tag_of, unfinished
from ecs_deployment.journal_lease import LEASE, Held, Overtaken
from ecs_deployment.journal_nowhere import Nowhere
from ecs_deployment.journal_owner import Owner, run_url, this_process
from ecs_deployment.journal_say import Waiting
from ecs_deployment.journal_take import Taking, take

__all__ = [
    "LEASE",
    "OFF_CURE",
    "OFF_MEANS",
    "Entry",
    "Held",
    "Overtaken",
    "Owner",
    "Taking",
    "Waiting",
    "is_held",
    "journal_path",
    "last_proven",
    "name_of",
    "off",
    "read",
    "run_url",
    "tag_of",
    "take",
    "this_process",
    "unfinished",
]

OFF_MEANS = (
    'journal = "off": nothing keeps two deploys of this service apart, a crashed one can be neither resumed nor '
    "handed back, and no earlier revision is known as proven."
)

OFF_CURE = "See what runs with `inv app.status`; `inv app.deploy --tag TAG` brings what should."
"""What takes the place of going on with a run that no journal keeps."""


def off(request: Taking, *, clock: Clock) -> Held:
    """A lock that keeps nobody out and an entry that is gone with the process, for `journal = "off"`.

    It makes no API call. `OFF_MEANS` says what is lost; show it.
    """
    held = take(Nowhere(), "/off", request, clock=clock)
    held.kept = False
    return held
