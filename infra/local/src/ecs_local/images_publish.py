"""Brings a built image into a registry: its blobs to the engine, its manifest to ECR under a tag."""

from __future__ import annotations

import urllib.request
from typing import Any

from ecs_local.images_build import MANIFEST_TYPE, BuiltImage
from ecs_local.sample import variants

_PATIENCE = 30.0  # seconds for one blob, on this machine


def publish(image: BuiltImage, *, repository: str, tag: str, endpoint: str, ecr: Any) -> str:
    """Publishes `image` as `repository:tag` in the engine at `endpoint` and gives its digest.

    `ecr` is a boto3 client. The same image under the same tag again is no error, as with `docker push`;
    errors of the client (repository not there, tag immutable) pass through.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback: never through a proxy
    for digest, content in image.blobs.items():
        request = urllib.request.Request(  # noqa: S310 - the scheme is the engine's own, http on loopback
            f"{endpoint}/_local/blobs/{digest}", data=content, method="PUT"
        )
        with opener.open(request, timeout=_PATIENCE):
            pass
    try:
        ecr.put_image(
            repositoryName=repository,
            imageManifest=image.manifest.decode(),
            imageManifestMediaType=MANIFEST_TYPE,
            imageTag=tag,
            imageDigest=image.digest,
        )
    except ecr.exceptions.ImageAlreadyExistsException:
        return image.digest
    return image.digest


def publish_sample(repository: str, *, endpoint: str, ecr: Any) -> None:
    """Publishes every version of the sample service, each under its tag."""
    for tag, image in variants().items():
        publish(image.build(), repository=repository, tag=tag, endpoint=endpoint, ecr=ecr)
