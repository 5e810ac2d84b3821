"""Look at one service, again and again: calls in, `Stats` out. Free calls at each look, charged ones once a minute.

What a look cannot read does not end it: the screen says what is missing and which permission would bring it, and what
was known before stays, with its age.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ecs_deployment import journal, model, observe
from ecs_deployment.cloud import Cloud
from ecs_deployment.errors import CloudError, NotFound
from ecs_deployment.rollout_state import Part
from ecs_deployment.settings import NO_JOURNAL, Environment, ServiceSettings

from ecs_stats import assemble, figures, sleep, traffic
from ecs_stats import stats as s
from ecs_stats.asking import Asking
from ecs_stats.source import IdleRule, Series, Source
from ecs_stats.stats import Insights, Reading, Stats, Traffic
from ecs_stats.tail import Tail

_EVENTS = 8
_SELDOM = 3600.0
_PERFORMANCE = "logs:FilterLogEvents on the performance log group"
_METRICS = "cloudwatch:GetMetricData"
_NO_BALANCER = "the service has no load balancer"


@dataclass(frozen=True)
class Pace:
    """How often what is charged, and what hardly changes, is asked for; how far back the first look asks for figures;
    how late they may come. Seconds."""

    first: float
    metrics: float
    settings: float
    usage_late: float
    lines_late: float
    traffic_late: float


ON_AWS = Pace(first=900.0, metrics=60.0, settings=30.0, usage_late=180.0, lines_late=10.0, traffic_late=180.0)
EMBEDDED = Pace(first=60.0, metrics=2.0, settings=2.0, usage_late=3.0, lines_late=2.0, traffic_late=5.0)


class Collector:
    """One service of an environment, looked at with `look`. `clock` tells the time of day in epoch seconds."""

    def __init__(
        self,
        cloud: Cloud,
        source: Source,
        environment: Environment,
        settings: ServiceSettings,
        pace: Pace,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cloud, self._source, self._pace, self._clock = cloud, source, pace, clock
        self._environment, self._journal, self._settings = environment.name, environment.journal, settings
        self._cluster, self._name = observe.named(settings)
        self._asking = Asking()
        self._figures = figures.Figures()
        self._tail = Tail(source, pace.lines_late)
        self._definitions: dict[str, model.TaskDefinition] = {}
        self._before: Stats | None = None

    def look(self) -> Stats:
        """Everything about the service now.

        Raises `Refused` where it does not exist and, the first time only, whatever keeps it from being read; later
        that is a note beside the look before, which keeps its time.
        """
        asking = self._asking
        try:
            seen = observe.service(self._cloud, self._cluster, self._name)
        except CloudError as error:
            if self._before is None:
                raise
            return replace(self._before, notes=(f"No answer: {error.what}",))
        asking.begin(self._clock())
        asking.readings[s.SERVICE] = Reading("ecs:DescribeServices", asking.now)
        snapshot = self._snapshot(seen)
        tasks = [*snapshot.running, *snapshot.stopped]
        # What their environments hold is masked wherever it turns up: to be known before the first line is read.
        self._learn([seen.task_definition, *(task.task_definition for task in tasks)])
        insights: Insights = asking.every(
            "insights", self._pace.settings, lambda: self._source.insights(self._cluster), "unknown"
        )
        self._read_usage(insights, [task.id for task in tasks])
        self._tail.read(asking, tasks, self._definitions)
        self._before = self._told(snapshot, insights)
        return self._before

    def _snapshot(self, seen: model.Service) -> model.Snapshot:
        cloud, asking, by = self._cloud, self._asking, (self._cluster, self._name)
        none: tuple[model.Task, ...] = ()
        running = asking.attempt(
            s.TASKS, "ecs:DescribeTasks", lambda: tuple(cloud.tasks(*by, stopped=False)), none
        )
        settled = running and len(running) == seen.desired and seen.pending == 0
        seconds = self._pace.settings if settled else 0.0
        stopped = asking.every("stopped", seconds, lambda: tuple(cloud.tasks(*by, stopped=True)), none)
        return model.Snapshot(
            service=seen,
            running=running,
            stopped=stopped,
            targets=self._targets(seen),
            deployment=self._deployment(seen),
            scaling=asking.every("scaling", self._pace.settings, lambda: cloud.scaling(*by), None),
        )

    def _targets(self, seen: model.Service) -> tuple[model.Target, ...]:
        groups = list(dict.fromkeys(one.target_group for one in seen.load_balancers))
        if not groups:
            self._asking.readings[s.TARGETS] = Reading("", None, _NO_BALANCER)
            return ()
        source = "elasticloadbalancing:DescribeTargetHealth"
        none: tuple[model.Target, ...] = ()
        return self._asking.attempt(
            s.TARGETS,
            source,
            lambda: tuple(one for group in groups for one in self._cloud.targets(group)),
            none,
        )

    def _deployment(self, seen: model.Service) -> model.ServiceDeployment | None:
        """The newer view of the rollout: it counts the breaker's failures."""
        primary = seen.primary
        if primary is None:
            return None
        rolling = primary.rollout_state == "IN_PROGRESS"
        return self._asking.every(
            f"deployment {primary.id} {primary.rollout_state}",
            self._pace.settings / 6 if rolling else _SELDOM,
            lambda: observe.complete(self._cloud, seen, [Part.DEPLOYMENT]).deployment,
            None,
        )

    def _learn(self, arns: Iterable[str]) -> None:
        for arn in dict.fromkeys(arns):
            if arn and arn not in self._definitions:
                found = self._asking.every(f"definition {arn}", _SELDOM, self._reader(arn), None)
                if found is not None:
                    self._definitions[arn] = found

    def _reader(self, arn: str) -> Callable[[], model.TaskDefinition | None]:
        return lambda: self._cloud.task_definition(arn)

    def _read_usage(self, insights: Insights, tasks: Sequence[str]) -> None:
        readings = self._asking.readings
        if insights == "off":
            readings[s.USAGE] = Reading(_PERFORMANCE, None, "Container Insights is off")
            return
        newest = self._figures.newest
        since = self._asking.now - self._pace.first if newest is None else newest - self._pace.usage_late
        group = f"/aws/ecs/containerinsights/{self._cluster}/performance"
        try:
            events = self._source.logged(group, since, pattern=figures.PATTERN.format(service=self._name))
        except NotFound:
            events = []  # ECS makes the group with its first event
        except CloudError as error:
            self._asking.tell(error)
            self._asking.missing(s.USAGE, error, _PERFORMANCE)
            return
        self._figures.take((one.text for one in events), self._name)
        self._figures.keep(tasks)
        newest = self._figures.newest
        note = (
            ""
            if newest is not None
            else "no figures yet: the first come a minute or two after a task has started"
        )
        readings[s.USAGE] = Reading(_PERFORMANCE, newest, note)

    def _tag_of(self, digest: str) -> str:
        """The tag under which it was deployed, from the journal; "" where that says nothing of it."""
        if self._journal == NO_JOURNAL:
            return ""

        def read() -> str:
            entries = journal.read(
                self._cloud, journal.journal_path(self._journal, self._cluster, self._name)
            )
            return next((one.tag for one in entries if one.digest == digest and one.tag), "")

        return self._asking.every(f"tag {digest}", _SELDOM, read, "", quiet=True)

    def _told(self, snapshot: model.Snapshot, insights: Insights) -> Stats:
        seen, asking, now = snapshot.service, self._asking, self._asking.now
        tasks = [*snapshot.running, *snapshot.stopped]
        rule = asking.every(
            "rule",
            self._pace.settings,
            lambda: self._source.idle_rule(self._cluster, self._name),
            None,
            group=s.SLEEP,
        )
        answer = self._metrics(seen, rule)
        idle = traffic.idle_of(answer) if answer is not None else None
        if rule is not None:
            asking.readings[s.SLEEP] = Reading(f"cloudwatch:DescribeAlarms, {_METRICS}", asking.at("metrics"))
        known = asking.trouble("rule") is None and asking.trouble("scaling") is None
        cpu, memory = traffic.whole_of(answer or {}, now)
        return Stats(
            environment=self._environment,
            name=self._settings.name,
            at=now,
            service=assemble.service(
                seen, snapshot.deployment, self._definitions.get(seen.task_definition), self._tag_of
            ),
            tasks=assemble.tasks(
                seen,
                snapshot.running,
                snapshot.stopped,
                self._definitions,
                lambda task, name, first: self._figures.of(task, name, first=first),
                self._tail.last,
                now,
            ),
            targets=assemble.targets(snapshot.targets, tasks),
            traffic=self._traffic(seen, answer),
            sleep=sleep.judge(seen, snapshot.scaling, rule, idle, now, known=known),
            insights=insights,
            cpu_percent=cpu,
            memory_percent=memory,
            events=assemble.events(seen, _EVENTS),
            lines=self._tail.lines,
            readings=dict(asking.readings),
            notes=tuple(asking.notes),
            api_calls=self._source.calls,
        )

    def _traffic(self, seen: model.Service, answer: Mapping[str, Series] | None) -> Traffic:
        readings = self._asking.readings
        if not seen.load_balancers:
            readings[s.TRAFFIC] = Reading("", None, _NO_BALANCER)
            return Traffic()
        if answer is None:
            return Traffic()
        read_at = self._asking.at("metrics") or self._asking.now
        moved, over = traffic.read(answer, read_at, self._pace.traffic_late)
        trouble = self._asking.trouble("metrics")
        readings[s.TRAFFIC] = Reading(_METRICS, over, trouble.what if trouble is not None else "")
        return moved

    def _metrics(self, seen: model.Service, rule: IdleRule | None) -> Mapping[str, Series] | None:
        """The answer of GetMetricData, at most `Pace.metrics` seconds old; None where it was never had."""
        group = next((one.target_group for one in seen.load_balancers), "")
        balancer = (
            self._asking.every("balancer", _SELDOM, lambda: self._source.balancer_of(group), "")
            if group
            else ""
        )
        asked = traffic.queries(self._cluster, self._name, balancer, group, rule)
        now = self._asking.now

        def read() -> Mapping[str, Series] | None:
            return self._source.metrics(asked, now - traffic.span(rule), now + 60)

        return self._asking.every("metrics", self._pace.metrics, read, None, group=s.TRAFFIC)
