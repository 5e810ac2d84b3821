"""CloudWatch through boto3: metrics that are put and read, alarms and all that is done with them."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError
from ecs_local.client import Engine

from tests.engine import ACCOUNT, REGION, Aws, wait_for


def _put(aws: Aws, namespace: str, *data: dict[str, Any]) -> None:
    aws("cloudwatch").put_metric_data(Namespace=namespace, MetricData=list(data))


def _span(minutes: float = 10) -> dict[str, datetime]:
    now = datetime.now(UTC)
    return {"StartTime": now - timedelta(minutes=minutes), "EndTime": now + timedelta(minutes=1)}


def _stat(name: str, namespace: str, stat: str = "Sum", **more: Any) -> dict[str, Any]:
    metric = {"Namespace": namespace, "MetricName": "Visits"}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat} | more}


def test_what_was_put_is_read_at_once(aws: Aws, name: str) -> None:
    then = datetime.now(UTC) - timedelta(minutes=5)
    dimensions = [{"Name": "Service", "Value": "app"}, {"Name": "Cluster", "Value": "main"}]
    _put(
        aws,
        name,
        {"MetricName": "Visits", "Value": 2.0, "Timestamp": then, "Unit": "Count"},
        {
            "MetricName": "Visits",
            "Values": [1.0, 4.0],
            "Counts": [3.0, 1.0],
            "Timestamp": then,
            "Unit": "Count",
        },
        {"MetricName": "Visits", "Value": 9.0, "Dimensions": dimensions},
    )
    cloudwatch = aws("cloudwatch")
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[
            _stat("sum", name),
            _stat("count", name, "SampleCount"),
            {"Id": "twice", "Expression": "sum * 2", "Label": "Twice"},
            {"Id": "filled", "Expression": "FILL(sum, 0)"},
        ],
        **_span(),
    )
    results = {one["Id"]: one for one in answer["MetricDataResults"]}
    assert [results[each]["Values"] for each in ("sum", "count", "twice")] == [[9.0], [5.0], [18.0]]
    assert [results[each]["Label"] for each in ("sum", "twice")] == ["Visits", "Twice"]
    assert results["sum"]["Timestamps"] == [then.replace(second=0, microsecond=0)]
    assert len(results["filled"]["Values"]) >= 10
    found = cloudwatch.get_metric_statistics(
        Namespace=name,
        MetricName="Visits",
        Dimensions=dimensions[::-1],
        Period=60,
        Statistics=["Average", "Maximum"],
        ExtendedStatistics=["p90"],
        **_span(),
    )["Datapoints"]
    assert [(one["Average"], one["Maximum"], one["ExtendedStatistics"]) for one in found] == [
        (9.0, 9.0, {"p90": 9.0})
    ]
    listed = cloudwatch.list_metrics(Namespace=name, Dimensions=[{"Name": "Cluster"}])["Metrics"]
    assert [sorted(each["Value"] for each in one["Dimensions"]) for one in listed] == [["app", "main"]]
    assert len(cloudwatch.list_metrics(Namespace=name)["Metrics"]) == 2


@pytest.mark.parametrize(
    ("namespace", "datum", "code"),
    [
        ("AWS/ECS", {"Value": 1.0}, "InvalidParameterValue"),
        ("App", {}, "InvalidParameterCombination"),
        ("App", {"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
        ("App", {"Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterValue"),
        ("App", {"Value": 1.0, "Timestamp": datetime(2020, 1, 1, tzinfo=UTC)}, "InvalidParameterValue"),
    ],
)
def test_data_that_is_refused(aws: Aws, namespace: str, datum: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        _put(aws, namespace, {"MetricName": "Visits", **datum})
    assert refused.value.response["Error"]["Code"] == code


def test_queries_that_are_refused(aws: Aws) -> None:
    with pytest.raises(ClientError, match="no function SEARCH"):
        aws("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "a", "Expression": "SEARCH(b, 60)"}], **_span()
        )
    with pytest.raises(ClientError, match="less than"):
        aws("cloudwatch").get_metric_data(
            MetricDataQueries=[_stat("a", "App")],
            StartTime=datetime.now(UTC),
            EndTime=datetime(2020, 1, 1, tzinfo=UTC),
        )


SINGLE: dict[str, Any] = {
    "MetricName": "Visits",
    "Namespace": "App",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


def _described(aws: Aws, name: str) -> dict[str, Any]:
    found: dict[str, Any] = aws("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    return found


def test_an_alarm_reads_back_as_it_was_put(aws: Aws, name: str) -> None:
    cloudwatch = aws("cloudwatch")
    tags = [{"Key": "for", "Value": "us"}]
    cloudwatch.put_metric_alarm(AlarmName=name, AlarmActions=["arn:aws:sns:one"], Tags=tags, **SINGLE)
    alarm = _described(aws, name)
    assert {key: alarm[key] for key in SINGLE} == SINGLE
    assert alarm["AlarmArn"] == f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
    assert (alarm["StateValue"], alarm["StateReason"]) == (
        "INSUFFICIENT_DATA",
        "Unchecked: Initial alarm creation",
    )
    assert (alarm["ActionsEnabled"], alarm["OKActions"]) == (True, [])
    assert cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"] == tags
    cloudwatch.untag_resource(ResourceARN=alarm["AlarmArn"], TagKeys=["for"])
    cloudwatch.tag_resource(ResourceARN=alarm["AlarmArn"], Tags=[{"Key": "by", "Value": "me"}])
    assert cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"] == [
        {"Key": "by", "Value": "me"}
    ]
    cloudwatch.put_metric_alarm(AlarmName=name, **SINGLE | {"Threshold": 5.0})
    assert (_described(aws, name)["Threshold"], _described(aws, name)["AlarmActions"]) == (5.0, [])
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    assert _described(aws, name)["ActionsEnabled"] is False
    cloudwatch.enable_alarm_actions(AlarmNames=[name])
    found = cloudwatch.describe_alarms_for_metric(Namespace="App", MetricName="Visits")["MetricAlarms"]
    assert name in [one["AlarmName"] for one in found]
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []
    history = cloudwatch.describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending")[
        "AlarmHistoryItems"
    ]
    summaries = [one["HistorySummary"] for one in history if one["HistoryItemType"] == "ConfigurationUpdate"]
    assert [text.partition(f'"{name}" ')[2] for text in summaries] == [
        "created",
        "updated",
        "disabled",
        "enabled",
        "deleted",
    ]


def test_alarms_by_page_prefix_state_and_action(aws: Aws, name: str) -> None:
    cloudwatch = aws("cloudwatch")
    names = [f"{name}-{letter}" for letter in "abc"]
    for each in names:
        cloudwatch.put_metric_alarm(AlarmName=each, AlarmActions=[f"arn:aws:sns:{each}"], **SINGLE)
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=name, PaginationConfig={"PageSize": 2}
    )
    assert [[one["AlarmName"] for one in page["MetricAlarms"]] for page in pages] == [names[:2], names[2:]]
    found = cloudwatch.describe_alarms(ActionPrefix=f"arn:aws:sns:{name}-b")["MetricAlarms"]
    assert [one["AlarmName"] for one in found] == [names[1]]
    assert (
        cloudwatch.describe_alarms(AlarmNamePrefix=name, AlarmTypes=["CompositeAlarm"])["MetricAlarms"] == []
    )


def test_a_state_set_by_hand_acts_and_falls_back(aws: Aws, name: str) -> None:
    cloudwatch = aws("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name, OKActions=["arn:aws:sns:one"], **SINGLE | {"TreatMissingData": "breaching"}
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")
    wait_for(lambda: _described(aws, name)["StateValue"] == "ALARM", "the actual state")
    items = cloudwatch.describe_alarm_history(AlarmName=name)["AlarmHistoryItems"]
    fell, acted, was_set = [one["HistorySummary"] for one in items[:3]]
    assert (fell, acted) == ("Alarm updated from OK to ALARM", "Successfully executed action arn:aws:sns:one")
    assert was_set.endswith("to OK")
    assert json.loads(items[0]["HistoryData"])["oldState"]["stateReason"] == "a test"


@pytest.mark.parametrize(
    "change",
    [
        {"EvaluationPeriods": None},
        {"Threshold": None},
        {"Statistic": None},
        {"Statistic": None, "ExtendedStatistic": "best"},
        {"Period": 10},
        {"Period": 86_400, "EvaluationPeriods": 2},
        {"DatapointsToAlarm": 2},
        {"TreatMissingData": "breech"},
        {"ComparisonOperator": "GreaterThanUpperThreshold"},
        {"Metrics": [_stat("a", "App")]},
    ],
)
def test_alarms_that_are_refused(aws: Aws, name: str, change: dict[str, Any]) -> None:
    params = {key: value for key, value in (SINGLE | change).items() if value is not None}
    with pytest.raises(ClientError) as refused:
        aws("cloudwatch").put_metric_alarm(AlarmName=name, **params)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert aws("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_an_alarm_that_is_not_there(aws: Aws, name: str) -> None:
    cloudwatch = aws("cloudwatch")
    with pytest.raises(cloudwatch.exceptions.ResourceNotFound):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")
    with pytest.raises(cloudwatch.exceptions.ResourceNotFound):
        cloudwatch.delete_alarms(AlarmNames=[name])


def test_dashboards_are_kept(aws: Aws, name: str) -> None:
    body = json.dumps({"widgets": []})
    aws("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)
    assert aws("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"] == body


def test_what_is_not_there_is_refused_and_not_pretended(aws: Aws, name: str) -> None:
    with pytest.raises(ClientError, match="does not answer PutCompositeAlarm"):
        aws("cloudwatch").put_composite_alarm(AlarmName=name, AlarmRule="TRUE")


def test_a_client_that_speaks_query(engine: Engine, aws: Aws, name: str) -> None:
    """Clients of before 2025 send forms."""
    scope = f"Credential=local/20260101/{REGION}/monitoring/aws4_request, SignedHeaders=host, Signature=0"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 {scope}",
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    }

    def ask(**form: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=30)
        connection.request("POST", "/", urlencode(form | {"Version": "2010-08-01"}), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    status, text = ask(
        Action="PutMetricAlarm",
        AlarmName=name,
        **{key: str(value) for key, value in SINGLE.items()},
        **{"AlarmActions.member.1": "arn:aws:sns:one"},
    )
    assert status == 200
    assert _described(aws, name)["AlarmActions"] == ["arn:aws:sns:one"]
    status, text = ask(Action="DescribeAlarms", **{"AlarmNames.member.1": name})
    assert (status, f"<AlarmName>{name}</AlarmName>" in text) == (200, True)
    status, text = ask(Action="DeleteAlarms", **{"AlarmNames.member.1": "none"})
    assert (status, "<Code>ResourceNotFound</Code>" in text) == (404, True)


def test_a_client_that_speaks_cbor_is_told_so(engine: Engine) -> None:
    """Passed on, its alarms would end in registers that never evaluate them."""
    scope = f"Credential=local/20260101/{REGION}/monitoring/aws4_request, SignedHeaders=host, Signature=0"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}", "smithy-protocol": "rpc-v2-cbor"}
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=30)
    connection.request(
        "POST", "/service/GraniteServiceVersion20100801/operation/DescribeAlarms", b"", headers
    )
    answer = connection.getresponse()
    assert (answer.status, b"not CBOR" in answer.read()) == (400, True)
    connection.close()
