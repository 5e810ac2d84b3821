"""The task of `local` that makes things go wrong."""

from __future__ import annotations

import sys

from tasks import _given as options
from tasks._engine import running
from tasks._given import Given
from tasks._parse import UsageError, required
from tasks._task import task

KIND = options.text(
    "kind",
    "What goes wrong. For tasks started from now on: crash-at-start, crash-after, failing-health, "
    "slow-health, out-of-memory, unpullable-image, missing-secret, no-capacity, start-throttling. For calls of "
    "the API: throttling, published-limits, too-many-revisions, access-denied, expired-credentials, "
    "server-error, drop-before, drop-after, slow-answers, stale-reads. For services: scaler-to-zero.",
)
SERVICE = options.text("service", "Only tasks, or calls that name, this service. Default: all.")
OPERATION = options.text("operation", "Only calls of this operation, such as UpdateService. Default: all.")
COUNT = options.whole("count", "How often it happens. Default: until it is cleared.", None, least=1)
SECONDS = options.number(
    "seconds",
    "crash-after: when (5). out-of-memory: when (1). failing-health: well before (0). "
    "slow-health: until well (3). slow-answers: how late (5). stale-reads: how old (5). "
    "scaler-to-zero: between two looks (5).",
    None,
    least=0.0,
    most=86_400.0,
)
CLEAR = options.switch("clear", "Take every planted fault away. Default: no.")


@task(KIND, SERVICE, OPERATION, COUNT, SECONDS, CLEAR)
def fault(given: Given) -> None:
    """Plant a fault in the embedded ECS, to see what a deploy makes of it.

    Example: inv local.fault --kind crash-at-start --service app --count 2
    """
    from ecs_local import client, facts_text

    wish = (given[KIND], given[SERVICE], given[OPERATION], given[COUNT], given[SECONDS])
    if given[CLEAR]:
        if any(one not in (None, "") for one in wish):
            raise UsageError(
                "--clear takes every fault away and goes with no other option.", "Give one of them."
            )
        engine = running()
        print(
            "Would take every fault away."
            if given.dry
            else f"Faults taken away: {client.clear_faults(engine)}."
        )
        return
    kind = required("kind", given[KIND], "what is to go wrong (inv --help local.fault)")
    engine = running()
    if given.dry:
        print(f"Would plant the fault {kind}.")
        return
    planted = client.fault(
        engine,
        kind,
        service=given[SERVICE] or None,
        operation=given[OPERATION] or None,
        count=given[COUNT],
        seconds=given[SECONDS],
    )
    if given[SERVICE] and (note := facts_text.no_such_service(client.status(engine), given[SERVICE])):
        print(note, file=sys.stderr)
    print(f"Planted: {facts_text.words(planted)}. Take it away with: inv local.fault --clear")
