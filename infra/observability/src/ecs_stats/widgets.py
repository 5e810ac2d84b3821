"""The CloudWatch dashboard of one service: names -> the body that AWS takes, as plain data.

    dashboard_body(Names(region="eu-west-3", cluster="shop", service="web", ...))

Pure: values in a body may just as well be placeholders of CloudFormation (`PLACEHOLDERS`), so that a template can
hold it in an `Fn::Sub`. Facts: CloudWatch API reference, "Dashboard body structure and syntax"; names and dimensions
of metrics: ECS, Container Insights and Elastic Load Balancing user guides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ecs_stats.widgets_check import check
from ecs_stats.widgets_parts import (
    COLUMNS,
    GREEN,
    GREY,
    ORANGE,
    RED,
    Insights,
    Json,
    Names,
    balanced,
    balancer,
    counts,
    free,
    graph,
    log,
    number,
    pair,
    placed,
    search,
    service,
)

__all__ = ["PLACEHOLDERS", "Insights", "Names", "as_text", "console_link", "dashboard_body", "dashboard_name"]

PLACEHOLDERS = Names(
    region="${AWS::Region}",
    cluster="${ClusterName}",
    service="${ServiceName}",
    containers=("${ContainerName}",),
    load_balancer="${Balancer.LoadBalancerFullName}",
    target_group="${TargetGroup.TargetGroupFullName}",
    log_group="${LogGroup}",
    alarms=("${IdleAlarm.Arn}", "${WakeAlarm.Arn}"),
)
"""The names as an `Fn::Sub` of our template writes them. Without scale-to-zero: replace(PLACEHOLDERS, alarms=())."""


def dashboard_name(cluster: str, service: str) -> str:
    """What the dashboard is called. Dashboards are global to an account: the cluster keeps two apart."""
    return f"{cluster}-{service}"


def console_link(region: str, name: str) -> str:
    """Where the AWS console shows a dashboard."""
    hosts = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}
    found = (host for begin, host in hosts.items() if region.startswith(begin))
    host = next(found, "console.aws.amazon.com")
    return f"https://{host}/cloudwatch/home?region={region}#dashboards/dashboard/{name}"


def dashboard_body(names: Names) -> Json:
    """The body for PutDashboard or `AWS::CloudWatch::Dashboard`, as data; `as_text` makes it one line of JSON.

    What cannot be shown is left out: no load balancer, no traffic; insights "off", no figures for single containers.
    Raises `Refused` where it would be over CloudWatch's limits. It holds no "${" of its own.
    """
    rows = [
        _header(names),
        _numbers(names),
        *([[_table(names)]] if names.insights != "off" else []),
        _usage(names),
        _story(names),
        _traffic(names),
        *_logs(names),
    ]
    body = {"start": "-PT3H", "periodOverride": "inherit", "widgets": placed(rows)}
    check(body)
    return body


def as_text(body: Json) -> str:
    """One line of JSON, as short as it gets: a template has 51,200 bytes for everything."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=True)


# --- rows -------------------------------------------------------------------------------------------------------


def _header(names: Names) -> list[Json]:
    env = f" --env {names.environment}" if names.environment else ""
    told = {
        "off": "Container Insights is off: figures are per service only.",
        "standard": "Container Insights is standard: figures per container stand in the table, not in the graphs.",
        "enhanced": "Container Insights is enhanced: figures per container.",
    }[names.insights]
    markdown = (
        f"## {names.service} in {names.cluster}\n"
        f"`inv app.status{env}` what runs · `inv app.top{env}` live · `inv app.logs{env} --follow` · "
        f"`inv app.wake{env}`\n\n{told}"
    )
    text = {"type": "text", "width": 16 if names.alarms else COLUMNS, "height": 3}
    text["properties"] = {"markdown": markdown}
    if not names.alarms:
        return [text]
    alarms = {"title": "Sleep and wake alarms", "alarms": list(names.alarms)}
    return [text, {"type": "alarm", "width": 8, "height": 3, "properties": alarms}]


def _numbers(names: Names) -> list[Json]:
    """One number each, with its last hours behind it."""
    cells = [
        number(names, "Running / desired", counts(names, "RunningTaskCount", "DesiredTaskCount")),
        number(names, "CPU %", [free(names, "CPUUtilization", "CPU")]),
        number(names, "Memory %", [free(names, "MemoryUtilization", "memory")]),
    ]
    if names.load_balancer:
        failed = [
            balanced(names, "HTTPCode_Target_5XX_Count", "of targets", "Sum"),
            balancer(names, "HTTPCode_ELB_5XX_Count", "of the balancer", "Sum"),
        ]
        slow = [balanced(names, "TargetResponseTime", "p99", "p99")]
        cells += [
            number(names, "Requests a minute", [balanced(names, "RequestCount", "requests", "Sum")]),
            number(names, "5xx a minute", failed),
            number(names, "p99, seconds", slow),
        ]
    return cells


def _table(names: Names) -> Json:
    """`docker stats`: one row for each container, from its newest performance event."""
    query = (
        f'filter Type="Container" and ServiceName="{names.service}"'
        " | stats latest(CpuUtilized) as cpu, latest(CpuReserved) as cpu_limit, latest(MemoryUtilized) as mem_mb,"
        " latest(MemoryReserved) as mem_limit, latest(NetworkRxBytes) as net_rx, latest(NetworkTxBytes) as net_tx,"
        " latest(ContainerKnownStatus) as state, latest(TaskDefinitionRevision) as revision, latest(@timestamp) as seen"
        " by ContainerName, TaskId | sort seen desc | limit 100"
    )
    group = f"/aws/ecs/containerinsights/{names.cluster}/performance"
    return log(names, "Containers (docker stats)", group, query, width=COLUMNS)


def _usage(names: Names) -> list[Json]:
    if names.insights == "enhanced":
        by_container, by_task = (
            "ClusterName,ContainerName,ServiceName,TaskId",
            "ClusterName,ServiceName,TaskId",
        )
        return [
            graph(
                names,
                "CPU of each container, units (1024 = one vCPU)",
                [
                    search(names, by_container, "ContainerCpuUtilized"),
                    search(names, by_container, "ContainerCpuReserved", label="reserved", color=GREY),
                ],
            ),
            graph(
                names,
                "Memory of each container, MB",
                [
                    search(names, by_container, "ContainerMemoryUtilized"),
                    search(names, by_container, "ContainerMemoryReserved", label="reserved", color=GREY),
                ],
            ),
            graph(
                names,
                "Network of each task, bytes a second",
                [
                    search(names, by_task, "NetworkRxBytes", label="in"),
                    search(names, by_task, "NetworkTxBytes", label="out"),
                ],
            ),
        ]
    if names.insights == "standard":
        return [
            graph(names, "CPU of the service, units", pair(names, "CpuUtilized", "CpuReserved")),
            graph(names, "Memory of the service, MB", pair(names, "MemoryUtilized", "MemoryReserved")),
            graph(names, "Network of the service", pair(names, "NetworkRxBytes", "NetworkTxBytes")),
        ]
    return [
        graph(names, "CPU of the service, %", [free(names, "CPUUtilization", "CPU")], width=12),
        graph(names, "Memory of the service, %", [free(names, "MemoryUtilization", "memory")], width=12),
    ]


def _story(names: Names) -> list[Json]:
    """Running against desired, and what makes the service sleep and wake."""
    running = counts(names, "DesiredTaskCount", "RunningTaskCount", "PendingTaskCount", "DeploymentCount")
    cells = [graph(names, "Rollout: running against desired", running)]
    if names.load_balancer:
        signals = [
            balanced(names, "RequestCount", "served", "Sum"),
            balancer(names, "HTTPCode_ELB_503_Count", "refused (wakes it)", "Sum", color=RED),
            service(names, "EcsDeployments", "DeployActivity", "deploy holds it awake", "Sum", color=ORANGE),
        ]
        health = [
            balanced(names, "HealthyHostCount", "healthy", "Maximum", color=GREEN),
            balanced(names, "UnHealthyHostCount", "unhealthy", "Maximum", color=RED),
        ]
        cells += [
            graph(names, "Sleep and wake: asks of a minute", signals),
            graph(names, "Target health", health),
        ]
    return cells


def _traffic(names: Names) -> list[Json]:
    if not names.load_balancer:
        return []
    answers = [
        balanced(names, "HTTPCode_Target_2XX_Count", "2xx", "Sum", color=GREEN),
        balanced(names, "HTTPCode_Target_4XX_Count", "4xx", "Sum", color=ORANGE),
        balanced(names, "HTTPCode_Target_5XX_Count", "5xx", "Sum", color=RED),
        balancer(names, "HTTPCode_ELB_5XX_Count", "5xx of the balancer", "Sum", color=GREY),
    ]
    latency = [balanced(names, "TargetResponseTime", each, each) for each in ("p50", "p99")]
    return [
        graph(names, "Answers a minute", answers, width=12),
        graph(names, "Response time, seconds", latency, width=12),
    ]


def _logs(names: Names) -> Iterable[list[Json]]:
    """The newest lines of each container; the stream of awslogs is prefix/container/task."""
    if not names.log_group:
        return
    parsed = 'parse @logStream "*/*/*" as prefix, container, task'
    shown = "sort @timestamp desc | limit 100 | display @timestamp, task, @message"
    for container in names.containers:
        query = f'fields @timestamp, @message | {parsed} | filter container = "{container}" | {shown}'
        yield [log(names, f"Log of {container}", names.log_group, query, width=COLUMNS)]
    errors = "filter @message like /(?i)error|exception|traceback|fatal/"
    query = f"fields @timestamp, @message | {parsed} | {errors} | {shown}"
    yield [log(names, "Errors in the logs", names.log_group, query, width=COLUMNS)]
