"""What the CloudWatch dashboard of a service has to name, read from the service itself."""

from __future__ import annotations

from ecs_deployment import observe
from ecs_deployment.cloud import Cloud
from ecs_deployment.settings import ServiceSettings

from ecs_stats.log_groups import kept
from ecs_stats.source import Source
from ecs_stats.widgets import Names


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
