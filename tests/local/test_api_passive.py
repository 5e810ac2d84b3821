"""The passive registers through boto3, and the world that follows the records of the load balancer."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from typing import Any

import pytest
from ecs_local import client
from ecs_local.client import Engine

from tests.engine import ACCOUNT, REGION, REGISTRY, Aws, balanced, wait_for


def test_one_account_everywhere(aws: Aws, name: str) -> None:
    assert aws("sts").get_caller_identity()["Account"] == ACCOUNT
    repository = aws("ecr").create_repository(repositoryName=name)["repository"]
    assert repository["repositoryUri"] == f"{REGISTRY}/{name}"
    place = balanced(aws, name)
    assert f":{REGION}:{ACCOUNT}:" in place.target_group
    role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]
    assert f"::{ACCOUNT}:" in role["Arn"]


def _manifest(layer: str) -> str:
    kind = "application/vnd.oci.image.manifest.v1+json"
    part = {"mediaType": "application/octet-stream", "digest": layer, "size": 1}
    return json.dumps({"schemaVersion": 2, "mediaType": kind, "config": part, "layers": [part]})


def test_an_image_is_named_by_its_content(aws: Aws, name: str) -> None:
    ecr = aws("ecr")
    ecr.create_repository(repositoryName=name)
    manifest = _manifest("sha256:" + "1" * 64)
    digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
    put = ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag="demo")["image"]
    assert put["imageId"]["imageDigest"] == digest
    got = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "demo"}])["images"][0]
    assert (got["imageManifest"], got["imageId"]["imageDigest"]) == (manifest, digest)
    described = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "demo"}])["imageDetails"][0]
    assert described["imageDigest"] == digest
    with pytest.raises(ecr.exceptions.ImageDigestDoesNotMatchException):
        ecr.put_image(repositoryName=name, imageManifest=manifest, imageDigest="sha256:" + "0" * 64)
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.put_image(repositoryName=f"{name}-not", imageManifest=manifest)
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "none"}])


def _blob(engine: Engine, method: str, digest: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=30)
    connection.request(method, f"/_local/blobs/{digest}", body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_blobs_are_what_their_digest_says(aws: Aws, engine: Engine, name: str) -> None:
    aws("ecr").create_repository(repositoryName=name)
    digest = "sha256:" + hashlib.sha256(b"layer").hexdigest()
    assert _blob(engine, "GET", digest)[0] == 404
    assert _blob(engine, "PUT", digest, b"other")[0] == 400
    assert _blob(engine, "PUT", digest, b"layer")[0] == 201
    place = aws("ecr").get_download_url_for_layer(repositoryName=name, layerDigest=digest)["downloadUrl"]
    assert place == f"{engine.url}/_local/blobs/{digest}"
    assert _blob(engine, "GET", digest) == (200, b"layer")
    assert _blob(engine, "GET", "sha256:../../etc/passwd")[0] == 404


def test_logs_are_kept_and_filtered(aws: Aws, name: str) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="app/app/1")
    events = [{"timestamp": int(time.time() * 1000), "message": text} for text in ("one", "two")]
    logs.put_log_events(logGroupName=name, logStreamName="app/app/1", logEvents=events)
    found = logs.filter_log_events(logGroupName=name, logStreamNamePrefix="app/", startTime=0)["events"]
    assert [one["message"] for one in found] == ["one", "two"]


def _targets(aws: Aws, group: str, **more: Any) -> dict[str, str]:
    found = aws("elbv2").describe_target_health(TargetGroupArn=group, **more)["TargetHealthDescriptions"]
    return {
        f"{one['Target']['Id']}:{one['Target'].get('Port')}": one["TargetHealth"]["State"] for one in found
    }


def test_targets_of_strangers_live_in_the_world(aws: Aws, name: str) -> None:
    elb, group = aws("elbv2"), balanced(aws, name, delay=60).target_group
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "127.9.9.1"}, {"Id": "127.9.9.2", "Port": 99}])
    assert set(_targets(aws, group)) == {"127.9.9.1:8080", "127.9.9.2:99"}
    assert _targets(aws, group, Targets=[{"Id": "127.9.9.3", "Port": 1}]) == {"127.9.9.3:1": "unused"}
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "127.9.9.1"}])
    assert _targets(aws, group, Targets=[{"Id": "127.9.9.1"}]) == {"127.9.9.1:8080": "draining"}
    with pytest.raises(elb.exceptions.InvalidTargetException):
        elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "127.9.9.3"}])


def test_the_balancer_listens_where_its_records_say(aws: Aws, engine: Engine, name: str) -> None:
    place = balanced(aws, name)

    def mine() -> list[dict[str, Any]]:
        listeners = client.status(engine)["listeners"]
        return [one for one in listeners if one["load_balancer"] == place.load_balancer]

    found = wait_for(lambda: [one for one in mine() if one["url"]], "the listener")
    assert [one["port"] for one in found] == [80]
    assert _get(found[0]["bound_port"])[0] == 503  # no target
    aws("elbv2").create_rule(
        ListenerArn=place.listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/teapot"]}],
        Actions=[
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {
                    "StatusCode": "418",
                    "ContentType": "text/plain",
                    "MessageBody": "short",
                },
            }
        ],
    )
    wait_for(lambda: _get(found[0]["bound_port"], "/teapot") == (418, b"short"), "the rule")
    described = aws("elbv2").describe_load_balancers(LoadBalancerArns=[place.load_balancer])
    assert described["LoadBalancers"][0]["DNSName"] == "127.0.0.1"
    aws("elbv2").delete_listener(ListenerArn=place.listener)
    assert mine() == []


def _get(port: int, path: str = "/") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_alarms_are_recorded(aws: Aws, name: str) -> None:
    aws("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/ApplicationELB",
        MetricName="RequestCount",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
    )
    found = aws("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert [one["AlarmName"] for one in found] == [name]
