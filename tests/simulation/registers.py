"""What no world holds: who we are, which images there are, and what containers printed."""

from __future__ import annotations

from typing import Any

from ecs_local.api.errors import AwsError

from tests.simulation.account import ACCOUNT, GROUP, OTHER, URI, digest_of, manifest_of

_MANIFEST = manifest_of()
_GROUP = {
    "TargetGroupArn": GROUP,
    "TargetGroupName": "app",
    "HealthCheckPath": "/",
    "HealthCheckPort": "traffic-port",
    "HealthCheckIntervalSeconds": 10,
    "HealthCheckTimeoutSeconds": 5,
    "UnhealthyThresholdCount": 2,
    "HealthyThresholdCount": 2,
    "Matcher": {"HttpCode": "200"},
}


def answer(operation: str, params: dict[str, Any], tags: frozenset[str]) -> dict[str, Any] | None:
    """The answer of STS, ECR or Logs; None for the calls of others."""
    if operation == "GetCallerIdentity":
        return {"Account": ACCOUNT, "UserId": "ann", "Arn": f"arn:aws:iam::{ACCOUNT}:user/ann"}
    if operation == "DescribeRepositories":
        return {"repositories": [{"repositoryName": "app", "repositoryUri": URI}]}
    if operation == "BatchGetImage":
        known = {digest_of(tag): tag for tag in (*tags, "old", OTHER)}
        found = [_named(one, known, tags) for one in params["imageIds"]]
        return {"images": [_image(tag) for tag in found if tag], "failures": []}
    if operation == "DescribeImages":
        return {"imageDetails": [{"imageTags": [tag]} for tag in sorted(tags)]}
    if operation == "GetLogEvents":
        raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
    if operation == "DescribeTargetGroups":
        return {"TargetGroups": [_GROUP]}
    return None


def _named(asked: dict[str, str], known: dict[str, str], tags: frozenset[str]) -> str:
    tag = asked.get("imageTag") or known.get(asked["imageDigest"], "")
    return tag if tag in tags or "imageDigest" in asked else ""


def _image(tag: str) -> dict[str, Any]:
    named = {"imageDigest": digest_of(tag), "imageTag": tag}
    return {"repositoryName": "app", "imageId": named, "imageManifest": _MANIFEST}
