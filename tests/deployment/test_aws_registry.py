"""What a tag points to: an index with attestations, a single manifest with its config, another account's registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ecs_deployment import model
from ecs_deployment.aws import registry
from ecs_deployment.errors import Denied

from tests.deployment.canned_aws import Canned, canned_aws

INDEX, AMD, ARM, ATTESTED, CONFIG = (f"sha256:{letter * 64}" for letter in "abcde")
URI = "000000000000.dkr.ecr.eu-west-3.amazonaws.com/app"


@pytest.fixture
def aws() -> Iterator[Canned]:
    with canned_aws() as made:
        made.answer("DescribeRepositories", {"repositories": [{"repositoryUri": URI}]})
        yield made


def put(aws: Canned, digest: str, manifest: dict[str, Any]) -> None:
    found = {"imageId": {"imageDigest": digest}, "imageManifest": json.dumps(manifest)}
    aws.answer("BatchGetImage", {"images": [found], "failures": []})


def child(digest: str, architecture: str, system: str = "linux") -> dict[str, Any]:
    return {"digest": digest, "platform": {"os": system, "architecture": architecture}}


def single(aws: Canned, config: Any, *, url: str | None = None) -> None:
    put(aws, AMD, {"config": {"digest": CONFIG}, "layers": []})
    aws.answer("GetDownloadUrlForLayer", {"downloadUrl": url or f"{aws.url}/blob"})
    aws.answer("/blob", config)


def image(aws: Canned, reference: str = "v1", owner: str | None = None) -> model.Image:
    found = registry.image(aws.session(), "app", reference, owner)
    assert found
    return found


def test_an_index_counts_with_each_of_its_manifests_but_not_with_attestations(aws: Canned) -> None:
    put(
        aws,
        INDEX,
        {
            "manifests": [
                child(AMD, "amd64"),
                child(ARM, "arm64"),
                {
                    **child(ATTESTED, "unknown", "unknown"),
                    "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
                },
            ],
            "annotations": {"org.opencontainers.image.revision": "abc123"},
        },
    )
    seen = image(aws)
    assert (seen.digest, seen.accepted) == (INDEX, frozenset({INDEX, AMD, ARM}))
    assert (seen.architectures, seen.commit) == (frozenset({"amd64", "arm64"}), "abc123")
    assert (seen.repository_uri, seen.tag) == (URI, "v1")
    assert aws.asked("GetDownloadUrlForLayer") == []


def test_an_index_that_does_not_tell_platforms(aws: Canned) -> None:
    put(aws, INDEX, {"manifests": [{"digest": AMD}]})
    seen = image(aws)
    assert (seen.accepted, seen.architectures) == (frozenset({INDEX, AMD}), frozenset())


def test_a_single_manifest_tells_by_its_config(aws: Canned) -> None:
    labels = {"org.opencontainers.image.revision": "def456"}
    single(aws, {"architecture": "arm64", "config": {"Labels": labels}})
    seen = image(aws)
    assert (seen.accepted, seen.architectures, seen.commit) == (
        frozenset({AMD}),
        frozenset({"arm64"}),
        "def456",
    )
    assert aws.asked("GetDownloadUrlForLayer")[0]["layerDigest"] == CONFIG


@pytest.mark.parametrize(
    "config", ["not json", "cut", "[1]", "null", {}, {"config": None}, {"config": {"Labels": None}}]
)
def test_a_config_that_cannot_be_read_only_leaves_the_cpu_unknown(aws: Canned, config: Any) -> None:
    single(aws, config)
    assert (image(aws).digest, image(aws).architectures) == (AMD, frozenset())


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://198.51.100.1/blob", "ftp://x/y"])
def test_a_config_is_fetched_from_nowhere_odd(aws: Canned, url: str) -> None:
    single(aws, {"architecture": "arm64"}, url=url)
    assert image(aws).architectures == frozenset()


def test_a_denied_config_only_leaves_the_cpu_unknown(aws: Canned) -> None:
    put(aws, AMD, {"config": {"digest": CONFIG}})
    aws.fail("GetDownloadUrlForLayer", "AccessDeniedException")
    assert image(aws).architectures == frozenset()


def test_a_manifest_without_config(aws: Canned) -> None:
    put(aws, AMD, {"layers": []})
    assert image(aws).architectures == frozenset()


def test_no_such_tag(aws: Canned) -> None:
    aws.answer("BatchGetImage", {"images": [], "failures": [{"failureCode": "ImageNotFound"}]})
    assert registry.image(aws.session(), "app", "v1") is None


def test_by_digest(aws: Canned) -> None:
    put(aws, AMD, {"layers": []})
    assert image(aws, AMD).tag == ""
    assert aws.asked("BatchGetImage")[0]["imageIds"] == [{"imageDigest": AMD}]


def test_a_registry_of_another_account_is_asked_by_its_id(aws: Canned) -> None:
    put(aws, AMD, {"config": {"digest": CONFIG}})
    aws.answer("GetDownloadUrlForLayer", {"downloadUrl": "https://127.0.0.1:1/none"})
    repository = "111111111111.dkr.ecr.eu-west-3.amazonaws.com/app"
    seen = aws.cloud().image(repository, "v1")
    assert seen
    for operation in ("DescribeRepositories", "BatchGetImage", "GetDownloadUrlForLayer"):
        assert [body["registryId"] for body in aws.asked(operation)] == ["111111111111"]


def test_a_registry_that_may_not_be_read_is_denied_by_name(aws: Canned) -> None:
    aws.fail("BatchGetImage", "AccessDeniedException", "not authorized to perform: ecr:BatchGetImage on ...")
    with pytest.raises(Denied, match="may not call ecr:BatchGetImage"):
        aws.cloud().image("111111111111.dkr.ecr.eu-west-3.amazonaws.com/app", "v1")
