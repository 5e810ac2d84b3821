"""What the CloudWatch dashboard of a service has to name, read from the service itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ecs_deployment import observe
from ecs_deployment.cloud import Cloud
from ecs_deployment.settings import ServiceSettings

from ecs_stats.log_groups import kept
from ecs_stats.source import Source
from ecs_stats.widgets import Names, console_link, dashboard_body, dashboard_name


def names_of(cloud: Cloud, source: Source, environment: str, settings: ServiceSettings, region: str) -> Names:
    """The names. Raises `Refused` where the service does not exist."""
    cluster, name = observe.named(settings)
    seen = observe.service(cloud, cluster, name)
    definition = cloud.task_definition(seen.task_definition)
    group = next((one.target_group for one in seen.load_balancers), "")
    balancer = source.balancer_of(group) if group else ""
    insights = source.insights(cluster)
    alarms = source.scaling_alarms(cluster, name)
    return Names(
        region=region,
        cluster=cluster,
        service=name,
        containers=tuple(one["name"] for one in definition.content["containerDefinitions"]),
        load_balancer=balancer.rpartition(":loadbalancer/")[2],
        target_group=group.rpartition(":")[2] if balancer else "",
        log_group=next((one.group for one in kept(definition)), ""),
        alarms=tuple(alarms),
        insights="off" if insights == "unknown" else insights,
        environment=environment,
    )


def dashboards(
    cloud: Cloud, source: Source, environment: str, region: str, services: Sequence[ServiceSettings]
) -> Iterator[tuple[str, str]]:
    """The link and the body of each service's dashboard. Raises `Refused` where a body is over CloudWatch's limits."""
    for settings in services:
        names = names_of(cloud, source, environment, settings, region)
        body = json.dumps(dashboard_body(names), indent=2)
        yield console_link(region, dashboard_name(names.cluster, names.service)), body
