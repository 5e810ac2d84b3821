"""Where a service goes back to when a run fails: to a revision that is known to work, if there is one. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ecs_deployment import model
from ecs_deployment.goal import Adopted
from ecs_deployment.known import Known


@dataclass(frozen=True)
class Fallback:
    """Where the service goes back to when the deploy fails.

    `desired` is sent only where it is not None. `by_ecs`: ECS's own rollback leads to the same revision.
    """

    revision: str
    desired: int | None
    proven: bool
    by_ecs: bool


def way_back(known: Known, revision: str) -> Fallback:
    """The fallback of a run that rolls `revision`, "" where that is yet to be registered.

    Known to work is what a run of ours proved, and what serves now with all its tasks. The very revision that fails
    is no way back, unless it is at 0 with it.
    """
    service, goal, here = known.snapshot.service, known.goal, known.current.arn
    if goal.adopts:
        return _of_followed(known, goal.adopts)
    if goal.wakes and service.desired == 0:  # an earlier revision is not what was asked to be woken
        return Fallback(here, 0, proven=here in known.proven, by_ecs=False)
    last = _last_completed(service)
    if last and last.task_definition != revision and _is_known_to_work(known, last):
        return Fallback(last.task_definition, None, proven=True, by_ecs=True)
    if proven := [one for one in known.proven if one != revision]:
        return Fallback(proven[0], None, proven=True, by_ecs=False)
    return Fallback(here, 0 if service.desired == 0 else None, proven=False, by_ecs=False)


def _of_followed(known: Known, adopts: Adopted) -> Fallback:
    """That of a rollout which an earlier run began: where that run came from, if it was known to work."""
    goal, wanted = known.goal, known.base.arn
    last = _last_completed(known.snapshot.service, without=adopts.ours)
    proven = [revision for revision in known.proven if revision != wanted]
    before = goal.before or (last.task_definition if last else wanted)
    served = not goal.was_asleep and before not in known.unfinished
    if before in proven or served:
        by_ecs = last is not None and last.task_definition == before
        return Fallback(before, None, proven=True, by_ecs=by_ecs)
    if proven:
        return Fallback(proven[0], None, proven=True, by_ecs=False)
    return Fallback(before, 0 if goal.was_asleep else None, proven=False, by_ecs=False)


def _last_completed(service: model.Service, without: tuple[str, ...] = ()) -> model.Deployment | None:
    """What ECS's own rollback would lead to."""
    done = [d for d in service.deployments if d.rollout_state in ("COMPLETED", "") and d.id not in without]
    return max(done, key=lambda d: d.created_at, default=None)


def _is_known_to_work(known: Known, last: model.Deployment) -> bool:
    # While another one rolls, ECS asks fewer tasks of it: what it is asked for is what it has to serve with.
    serves = last.running >= last.desired >= 1
    return serves or last.task_definition in known.proven[:1]
