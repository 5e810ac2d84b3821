"""The CloudWatch dashboard of one service: names -> the body that AWS takes, as plain data.

    dashboard_body(Names(region="eu-west-3", cluster="shop", service="web", ...))

Pure: values in a body may just as well be placeholders of CloudFormation (`PLACEHOLDERS`), so that a template can
hold it in an `Fn::Sub`. Facts: CloudWatch API reference, "Dashboard body structure and syntax"; names and dimensions
of metrics: ECS, Container Insights and Elastic Load Balancing user guides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ecs_stats.widgets_check import check

Json = dict[str, Any]
Insights = Literal["off", "standard", "enhanced"]

_COLUMNS = 24
_MINUTE = 60
_GREY, _GREEN, _ORANGE, _RED = "#7f7f7f", "#2ca02c", "#ff7f0e", "#d62728"
_INSIGHTS = "ECS/ContainerInsights"


@dataclass(frozen=True)
class Names:
    """Everything a body names. `load_balancer` and `target_group` are the ends of their ARNs, as metrics have them
    ("app/web/50dc6c495c0c9188", "targetgroup/web/73e2d6bc24d8a067"); "" where the service has none. `alarms` are ARNs.
    """

    region: str
    cluster: str
    service: str
    containers: tuple[str, ...] = ("app",)
    load_balancer: str = ""
    target_group: str = ""
    log_group: str = ""
    alarms: tuple[str, ...] = ()
    insights: Insights = "enhanced"
    environment: str = ""


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
    host = "console.amazonaws.cn" if region.startswith("cn-") else "console.aws.amazon.com"
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
    body = {"start": "-PT3H", "periodOverride": "inherit", "widgets": _placed(rows)}
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
    text = {"type": "text", "width": 16 if names.alarms else _COLUMNS, "height": 3}
    text["properties"] = {"markdown": markdown}
    if not names.alarms:
        return [text]
    alarms = {"title": "Sleep and wake alarms", "alarms": list(names.alarms)}
    return [text, {"type": "alarm", "width": 8, "height": 3, "properties": alarms}]


def _numbers(names: Names) -> list[Json]:
    """One number each, with its last hours behind it."""
    cells = [
        _number(names, "Running / desired", _counts(names, "RunningTaskCount", "DesiredTaskCount")),
        _number(names, "CPU %", [_free(names, "CPUUtilization", "CPU")]),
        _number(names, "Memory %", [_free(names, "MemoryUtilization", "memory")]),
    ]
    if names.load_balancer:
        failed = [
            _balanced(names, "HTTPCode_Target_5XX_Count", "of targets", "Sum"),
            _balancer(names, "HTTPCode_ELB_5XX_Count", "of the balancer", "Sum"),
        ]
        slow = [_balanced(names, "TargetResponseTime", "p99", "p99")]
        cells += [
            _number(names, "Requests a minute", [_balanced(names, "RequestCount", "requests", "Sum")]),
            _number(names, "5xx a minute", failed),
            _number(names, "p99, seconds", slow),
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
    return _log(names, "Containers (docker stats)", group, query, width=_COLUMNS)


def _usage(names: Names) -> list[Json]:
    if names.insights == "enhanced":
        by_container, by_task = (
            "ClusterName,ContainerName,ServiceName,TaskId",
            "ClusterName,ServiceName,TaskId",
        )
        return [
            _graph(
                names,
                "CPU of each container, units (1024 = one vCPU)",
                [
                    _search(names, by_container, "ContainerCpuUtilized"),
                    _search(names, by_container, "ContainerCpuReserved", label="reserved", color=_GREY),
                ],
            ),
            _graph(
                names,
                "Memory of each container, MB",
                [
                    _search(names, by_container, "ContainerMemoryUtilized"),
                    _search(names, by_container, "ContainerMemoryReserved", label="reserved", color=_GREY),
                ],
            ),
            _graph(
                names,
                "Network of each task, bytes a second",
                [
                    _search(names, by_task, "NetworkRxBytes", label="in"),
                    _search(names, by_task, "NetworkTxBytes", label="out"),
                ],
            ),
        ]
    if names.insights == "standard":
        return [
            _graph(names, "CPU of the service, units", _pair(names, "CpuUtilized", "CpuReserved")),
            _graph(names, "Memory of the service, MB", _pair(names, "MemoryUtilized", "MemoryReserved")),
            _graph(names, "Network of the service", _pair(names, "NetworkRxBytes", "NetworkTxBytes")),
        ]
    return [
        _graph(names, "CPU of the service, %", [_free(names, "CPUUtilization", "CPU")], width=12),
        _graph(names, "Memory of the service, %", [_free(names, "MemoryUtilization", "memory")], width=12),
    ]


def _story(names: Names) -> list[Json]:
    """Running against desired, and what makes the service sleep and wake."""
    running = _counts(names, "DesiredTaskCount", "RunningTaskCount", "PendingTaskCount", "DeploymentCount")
    cells = [_graph(names, "Rollout: running against desired", running)]
    if names.load_balancer:
        signals = [
            _balanced(names, "RequestCount", "served", "Sum"),
            _balancer(names, "HTTPCode_ELB_503_Count", "refused (wakes it)", "Sum", color=_RED),
            _service(
                names, "EcsDeployments", "DeployActivity", "deploy holds it awake", "Sum", color=_ORANGE
            ),
        ]
        health = [
            _balanced(names, "HealthyHostCount", "healthy", "Maximum", color=_GREEN),
            _balanced(names, "UnHealthyHostCount", "unhealthy", "Maximum", color=_RED),
        ]
        cells += [
            _graph(names, "Sleep and wake: asks of a minute", signals),
            _graph(names, "Target health", health),
        ]
    return cells


def _traffic(names: Names) -> list[Json]:
    if not names.load_balancer:
        return []
    answers = [
        _balanced(names, "HTTPCode_Target_2XX_Count", "2xx", "Sum", color=_GREEN),
        _balanced(names, "HTTPCode_Target_4XX_Count", "4xx", "Sum", color=_ORANGE),
        _balanced(names, "HTTPCode_Target_5XX_Count", "5xx", "Sum", color=_RED),
        _balancer(names, "HTTPCode_ELB_5XX_Count", "5xx of the balancer", "Sum", color=_GREY),
    ]
    latency = [_balanced(names, "TargetResponseTime", each, each) for each in ("p50", "p99")]
    return [
        _graph(names, "Answers a minute", answers, width=12),
        _graph(names, "Response time, seconds", latency, width=12),
    ]


def _logs(names: Names) -> Iterable[list[Json]]:
    """The newest lines of each container; the stream of awslogs is prefix/container/task."""
    if not names.log_group:
        return
    parsed = 'parse @logStream "*/*/*" as prefix, container, task'
    shown = "sort @timestamp desc | limit 100 | display @timestamp, task, @message"
    for container in names.containers:
        query = f'fields @timestamp, @message | {parsed} | filter container = "{container}" | {shown}'
        yield [_log(names, f"Log of {container}", names.log_group, query, width=_COLUMNS)]
    errors = "filter @message like /(?i)error|exception|traceback|fatal/"
    query = f"fields @timestamp, @message | {parsed} | {errors} | {shown}"
    yield [_log(names, "Errors in the logs", names.log_group, query, width=_COLUMNS)]


# --- widgets and metrics ----------------------------------------------------------------------------------------


def _placed(rows: Iterable[Sequence[Json]]) -> list[Json]:
    """The widgets with their places: each row under the one before, its cells from the left."""
    placed, y = [], 0
    for row in rows:
        x = 0
        for cell in row:
            placed.append({"type": cell["type"], "x": x, "y": y, **cell})
            x += cell["width"]
        y += max((cell["height"] for cell in row), default=0)
    return placed


def _graph(names: Names, title: str, metrics: Sequence[Any], width: int = 8) -> Json:
    properties = {
        "title": title,
        "view": "timeSeries",
        "region": names.region,
        "period": _MINUTE,
        "yAxis": {"left": {"min": 0}},
        "metrics": list(metrics),
    }
    return {"type": "metric", "width": width, "height": 6, "properties": properties}


def _number(names: Names, title: str, metrics: Sequence[Any]) -> Json:
    properties = {
        "title": title,
        "view": "singleValue",
        "sparkline": True,
        "region": names.region,
        "period": _MINUTE,
        "metrics": list(metrics),
    }
    width = 4 if names.load_balancer else 8
    return {"type": "metric", "width": width, "height": 4, "properties": properties}


def _log(names: Names, title: str, group: str, query: str, width: int) -> Json:
    properties = {
        "title": title,
        "view": "table",
        "region": names.region,
        "query": f"SOURCE '{group}' | {query}",
    }
    return {"type": "log", "width": width, "height": 6, "properties": properties}


def _service(names: Names, namespace: str, metric: str, label: str, stat: str, **more: str) -> list[Any]:
    by = ["ClusterName", names.cluster, "ServiceName", names.service]
    return [namespace, metric, *by, {"label": label, "stat": stat, **more}]


def _free(names: Names, metric: str, label: str, stat: str = "Average") -> list[Any]:
    """AWS/ECS: the metrics that every service has without charge, while it has a task."""
    return _service(names, "AWS/ECS", metric, label, stat)


def _counts(names: Names, *metrics: str) -> list[list[Any]]:
    """Task counts; without Container Insights the free metric has one sample a minute for each running task."""
    if names.insights == "off":
        return [_free(names, "CPUUtilization", "running", "SampleCount")]
    return [
        _service(names, _INSIGHTS, each, each.removesuffix("Count").removesuffix("Task").lower(), "Average")
        for each in metrics
    ]


def _pair(names: Names, one: str, other: str) -> list[list[Any]]:
    return [_service(names, _INSIGHTS, each, each, "Sum") for each in (one, other)]


def _balancer(names: Names, metric: str, label: str, stat: str, **more: str) -> list[Any]:
    by = ["LoadBalancer", names.load_balancer]
    return ["AWS/ApplicationELB", metric, *by, {"label": label, "stat": stat, **more}]


def _balanced(names: Names, metric: str, label: str, stat: str, **more: str) -> list[Any]:
    by = ["LoadBalancer", names.load_balancer, "TargetGroup", names.target_group]
    return ["AWS/ApplicationELB", metric, *by, {"label": label, "stat": stat, **more}]


def _search(names: Names, dimensions: str, metric: str, **more: str) -> list[Json]:
    """A search, so that the tasks of the next deploy appear by themselves."""
    wanted = f'MetricName="{metric}" ClusterName="{names.cluster}" ServiceName="{names.service}"'
    expression = f"SEARCH('{{{_INSIGHTS},{dimensions}}} {wanted}', 'Average', {_MINUTE})"
    return [{"expression": expression, "id": metric[0].lower() + metric[1:], **more}]
