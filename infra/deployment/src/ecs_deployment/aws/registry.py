"""ECR: what a tag points to, which digests count as the same image, and for which CPUs it was built."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ecs_deployment import model
from ecs_deployment.aws.failures import translated
from ecs_deployment.aws.session import Session
from ecs_deployment.errors import NotFound

_MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_NEVER = datetime.min.replace(tzinfo=UTC)
_COMMIT = "org.opencontainers.image.revision"


def image(
    session: Session, repository: str, reference: str, registry: str | None = None
) -> model.Image | None:
    """The image by tag or "sha256:..." digest, None where the repository has none such.

    `registry` is the account id of a foreign registry. An index counts with each of its manifests, since
    which of the two digests ECS reports for a multi-platform tag is not documented.
    """
    ecr = session.read("ecr")
    owner = {"registryId": registry} if registry else {}
    wanted = {"imageDigest": reference} if reference.startswith("sha256:") else {"imageTag": reference}
    repository_uri = uri(session, repository, registry)
    with translated("ecr", "BatchGetImage"):
        answer = ecr.batch_get_image(
            repositoryName=repository, imageIds=[wanted], acceptedMediaTypes=list(_MEDIA_TYPES), **owner
        )
        if not answer["images"]:
            return None
        found = answer["images"][0]
        digest = found["imageId"]["imageDigest"]
        manifest = json.loads(found["imageManifest"])
    children = [m for m in manifest.get("manifests", ()) if m.get("platform", {}).get("os") != "unknown"]
    annotations = manifest.get("annotations") or {}
    if children:
        architectures = frozenset(m["platform"]["architecture"] for m in children if "platform" in m)
    else:
        config = _config(session, repository, manifest, owner)
        architectures = frozenset({config["architecture"]} if config.get("architecture") else ())
        annotations = {**((config.get("config") or {}).get("Labels") or {}), **annotations}
    return model.Image(
        repository_uri=repository_uri,
        tag="" if "imageDigest" in wanted else reference,
        digest=digest,
        accepted=frozenset({digest, *(m["digest"] for m in children)}),
        architectures=architectures,
        commit=annotations.get(_COMMIT, ""),
    )


def tags(session: Session, repository: str, registry: str | None = None) -> tuple[str, ...]:
    """The tags of a repository, the newest image's first; of a large one those on the first page of a thousand."""
    owner = {"registryId": registry} if registry else {}
    with translated("ecr", "DescribeImages"):
        answer = session.read("ecr").describe_images(
            repositoryName=repository, filter={"tagStatus": "TAGGED"}, maxResults=1000, **owner
        )
        newest = sorted(
            answer["imageDetails"], key=lambda one: one.get("imagePushedAt", _NEVER), reverse=True
        )
    return tuple(tag for one in newest for tag in one.get("imageTags", ()))


def uri(session: Session, repository: str, registry: str | None = None) -> str:
    """The repository's URI. Raises `NotFound` with the cure where there is no such repository."""
    owner = {"registryId": registry} if registry else {}
    try:
        with translated("ecr", "DescribeRepositories"):
            answer = session.read("ecr").describe_repositories(repositoryNames=[repository], **owner)
            found: str = answer["repositories"][0]["repositoryUri"]
    except NotFound as error:
        raise NotFound(
            f"The registry has no repository {repository!r}.",
            "Check `repository` in environments.toml, or create it with `inv infra.apply`.",
            code=error.code,
        ) from error
    return found


def _config(
    session: Session, repository: str, manifest: Mapping[str, Any], owner: Mapping[str, str]
) -> dict[str, Any]:
    """The image's config blob; empty where it cannot be had, since only the CPU check depends on it."""
    if "config" not in manifest:
        return {}
    try:
        with translated("ecr", "GetDownloadUrlForLayer"):
            url = session.read("ecr").get_download_url_for_layer(
                repositoryName=repository, layerDigest=manifest["config"]["digest"], **owner
            )["downloadUrl"]
        if not url.startswith(("https://", "http://127.")):
            return {}
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - the scheme was checked
            config = json.load(response)
            return config if isinstance(config, dict) else {}
    except Exception:  # noqa: BLE001 - whatever goes wrong here, the answer is "not known"
        return {}
