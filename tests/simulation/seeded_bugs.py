"""Bugs to plant in the deployer, one at a time: a simulation that finds none of them would prove nothing.

Each names the function it stands in, a piece of its source that occurs once in the module, and what stands there
instead. Where the source has moved on, `planted` says so: a bug that cannot be planted is no bug that was found.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from types import CodeType, FunctionType, ModuleType


@dataclass(frozen=True)
class Bug:
    """`where` is "module:function" in `ecs_deployment`; a method is "module:Class.method".

    `begin`: the seed to look from; a rare one is known to be found there.
    """

    name: str
    where: str
    old: str
    new: str
    begin: int = 0


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """While inside, the deployer has the bug. Every reference to the function has it, since its code is exchanged."""
    module_name, _, path = bug.where.partition(":")
    module = importlib.import_module(f"ecs_deployment.{module_name}")
    function: FunctionType = reduce(getattr, path.split("."), module)  # type: ignore[arg-type] # by name, so nobody can know its type
    sound = function.__code__
    function.__code__ = _with(bug, module, path)
    try:
        yield
    finally:
        function.__code__ = sound


def _with(bug: Bug, module: ModuleType, path: str) -> CodeType:
    source = inspect.getsource(module)
    if source.count(bug.old) != 1:
        raise LookupError(
            f"{bug.name}: {bug.old!r} stands {source.count(bug.old)} times in {module.__name__}"
        )
    wrong = compile(source.replace(bug.old, bug.new), str(module.__file__), "exec", dont_inherit=True)
    found = _find(wrong, path)
    if found is None:
        raise LookupError(f"{bug.name}: {module.__name__} has no function {path}")
    return found


def _find(code: CodeType, path: str) -> CodeType | None:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == path:
                return constant
            if (inner := _find(constant, path)) is not None:
                return inner
    return None


BUGS = (
    # --- plan
    Bug(
        "a desired count is sent though it was not 0",
        "launch:_update",
        "            desired=desired,",
        "            desired=desired or 1,",
    ),
    Bug(
        "the floor stays low during the rollout",
        "plan_borrow:needs",
        "if live.floor < DEFAULT_FLOOR and start_first:",
        "if False:",
    ),
    Bug(
        "the floor is raised and nobody owes it",
        "plan_borrow:needs",
        'debts.append(Debt("floor", live.floor, 100))',
        "pass",
    ),
    Bug(
        "the suspension is not owed",
        "plan_borrow:borrowed_for",
        'debts.append(Debt("suspension", before, {**before, "in": True}))',
        "pass",
    ),
    Bug(
        "scale-in that was suspended before us counts as found active",
        "plan_borrow:borrowed_for",
        "if scaling and not scaling.suspended.scale_in and not lifted:\n"
        "        before = of_flags(scaling.suspended)",
        'if scaling and not lifted:\n        before = {**of_flags(scaling.suspended), "in": False}',
    ),
    Bug(
        "early success is not raised with the floor",
        "plan_borrow:needs",
        'if "minimumHealthyPercent" in changed and early.get("enable")',
        'if False and early.get("enable")',
    ),
    Bug(
        "another image than the tag's is pinned",
        "plan:_with_image",
        '"image": image}',
        '"image": image[:-1] + "0"}',
    ),
    Bug(
        "what runs already is called well without a look",
        "plan:_rolls",
        "if not judge(known.snapshot, expectation):",
        "if True:",
    ),
    # --- rollout
    Bug(
        "success is judged by the rollout of whatever is PRIMARY",
        "rollout:_rolling",
        "    if primary is None or primary.id != state.newest:\n        return _displaced(state, seen)\n    state",
        '    if primary and primary.rollout_state == "COMPLETED":\n'
        "        return replace(state, outcome=Outcome.DEPLOYED, proven=True), ()\n    state",
    ),
    Bug(
        "a rollback is well before it was looked at",
        "rollout_back:retreating",
        "and not judge(seen.snapshot, _expected_back(state)):",
        "and True:",
        begin=20_000,
    ),
    Bug(
        "the way back leads to the revision that failed",
        "rollout_back:_back",
        "fallback = state.plan.fallback.revision",
        "fallback = state.revision",
    ),
    Bug(
        "a crash loop is waited out",
        "rollout:_rolling",
        "evident = evident_failure(state, seen)",
        "evident = None",
    ),
    Bug(
        "a deployment that raised the service again is forgotten",
        "rollout:raised",
        "ours = _newest_last([*state.ours, *mine], service.primary.id)",
        "ours = state.ours",
        begin=1_000,
    ),
    Bug(
        "our own earlier deployment supersedes us",
        "rollout:_displaced",
        "    if primary.id in state.ours:\n        return _our_own_earlier",
        "    if False:\n        return _our_own_earlier",
    ),
    Bug(
        "whoever is PRIMARY supersedes, ECS's rollback too",
        "rollout:_displaced",
        "if primary.created_at >= state.created:",
        "if True:",
    ),
    Bug(
        "a service that is well is never called so",
        "rollout:_proving",
        "if not findings:",
        "if not findings and False:",
    ),
    Bug(
        "a service at 0 is not raised again",
        "rollout:_fell_to_zero",
        "if state.raised >= RAISES_AT_MOST or out_of_time(state, seen.now):",
        "if True:",
    ),
    Bug(
        "a new rollout is well as soon as it runs, proven or not",
        "rollout:_rolling",
        'if status == "SUCCESSFUL" or (not status and primary.rollout_state == "COMPLETED"):',
        "if primary.running:\n        return replace(state, outcome=Outcome.DEPLOYED, proven=True), ()\n    if False:",
    ),
    Bug(
        "a rollout that ended at 0 counts",
        "rollout:_rolling",
        "    if service.desired == 0:\n        return _fell_to_zero(state, seen)\n    if status",
        '    if service.desired == 0 and primary.rollout_state == "COMPLETED":\n'
        "        return replace(state, outcome=Outcome.DEPLOYED, proven=True), ()\n    if status",
    ),
    # --- drive: launch, finish, borrow
    Bug(
        "the floor is handed back while a rollback rolls",
        "finish:finish",
        "if not unknown and not one.rolls and not one.holds_out:",
        "if not unknown:",
    ),
    Bug(
        "the floor is handed back while old tasks hold out beside a failed deployment",
        "finish:finish",
        "and not one.holds_out:",
        "and True:",
    ),
    Bug(
        "scale-in is not resumed",
        "finish:finish",
        "if not unknown and (not one.rolls or outcome is Outcome.SUPERSEDED):",
        "if False:",
    ),
    Bug(
        "scale-in is resumed while the idle alarm still stands",
        "finish:hold",
        "if not waits or not one.lease.stands_in_alarm():",
        "if True:",
    ),
    Bug(
        "a look from before the last hand-back is planned on",
        "prepare:_known",
        "if settled or",
        "if True or",
        begin=401_815,
    ),
    Bug(
        "a closed entry is open again for who reads it late",
        "journal_history:last_words",
        "if older is None or not older.outcome or entry.outcome:",
        "if True:",
        begin=5_000,
    ),
    Bug(
        "what is not owed is written back as an old look shows it",
        "borrow:_configuration",
        "if next(looks) == _LOOKS or not",
        "if True or not",
        begin=503_480,
    ),
    Bug(
        "an old look in mid-rollout is a rollback",
        "rollout_state:doubting",
        "if now - since >= BEHIND:",
        "if now > since:",
    ),
    Bug(
        "the first rollout of a deployment speaks for the way back to it",
        "rollout:_rolling",
        'if status == "SUCCESSFUL" and state.followed and',
        "if False and",
        begin=5_000,
    ),
    Bug(
        "a revision is remembered by the tag of the run that it overtook",
        "goal_left:_only_owes",
        "in_place = tag_of((entry, *older), seen.task_definition)",
        "in_place = entry.tag",
        begin=5_000,
    ),
    Bug(
        "whoever hands back for a proven run does not wait for the alarm",
        "begin:_leave_as_it_is",
        "if awake and not",
        "if False and not",
        begin=203_345,
    ),
    Bug(
        "a lost answer is followed by the same call, blindly",
        "patience:patiently",
        "if unknown and took_effect and (found := _look_twice(hands, took_effect)) is not None:",
        "if False:",
    ),
    Bug("the fence is not re-checked", "patience:patiently", "hands.held.fence()", "pass"),
    Bug(
        "scale-in is suspended before it is owed",
        "launch:launch",
        "hands.held.owe(*plan.debts, revision=revision)",
        "patiently(hands, lambda: borrow.suspend(hands.cloud, plan.cluster, plan.service, plan.debts))\n"
        "    hands.held.owe(*plan.debts, revision=revision)",
    ),
    Bug(
        "what is struck out was never written back",
        "borrow:give_back_configuration",
        "    if ours:\n",
        "    if False:\n",
    ),
    Bug(
        "the suspension is struck out and stays",
        "borrow:resume",
        'if step != "changed_by_other" and debt.before is not None:',
        "if False:",
    ),
    # --- journal
    Bug(
        "a leftover suspension is recorded as found",
        "journal_handover:inherit",
        "debts=before.debts,",
        'debts=tuple(replace(d, before=d.taken) if d.what == "suspension" else d for d in before.debts),',
    ),
    Bug(
        "debts are dropped on takeover",
        "journal_handover:inherit",
        "debts=before.debts,",
        "debts=(),",
    ),
    Bug(
        "an entry that was overtaken is taken at its first word",
        "journal_take:_Taker._confirm",
        "if entry.overtook and seen.holder and seen.stored:",
        "if False:",
    ),
    Bug(
        "a new entry keeps only its own debts",
        "debts:adopt",
        "joined = {debt.what: debt for debt in inherited}",
        "joined: dict[str, Debt] = {}",
    ),
    Bug(
        "a living process counts as gone",
        "journal_owner:is_gone",
        'return now not in ("", born)',
        "return True",
    ),
    Bug(
        "a lease counts as over at once",
        "journal_take:_Taker._past",
        "if stored.age >= LEASE:",
        "if stored.age >= 0:\n            return Past.EXPIRED\n        if False:",
    ),
    Bug(
        "a stranger's newer rollout is undone",
        "rollout:_displaced",
        "    if primary.created_at >= state.created:\n        return taken_over(state, primary)\n    if status in (",
        "    if primary.created_at >= state.created:\n        return fail(state, seen)\n    if status in (",
    ),
    Bug("the fence sees no later entry", "journal_lease:Held.fence", "if after is not None:", "if False:"),
    Bug(
        "the lease is not renewed",
        "journal_lease:Held.renew_if_due",
        "if self._closed or self._silence() < self._every or now < self._next_try:",
        "if True:",
    ),
    Bug(
        "giving one thing back settles everything",
        "journal_lease:Held.settled",
        "left = tuple(debt for debt in self._entry.debts if debt not in struck)",
        "left: tuple[Debt, ...] = ()",
    ),
    Bug(
        "a closed entry owes nothing",
        "journal_lease:Held.close",
        "self._entry, outcome=outcome,",
        "self._entry, debts=(), outcome=outcome,",
    ),
)
