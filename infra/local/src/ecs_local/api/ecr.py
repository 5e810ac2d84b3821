"""The two calls of ECR that are ours: what is put is named by its content, and layers come from our blobs.

Everything else of ECR is a passive register.
"""

from __future__ import annotations

import hashlib

from ecs_local.api.context import Call, Handler
from ecs_local.api.errors import AwsError
from ecs_local.world import Content


async def put_image(call: Call, params: Content) -> Content:
    """Puts a manifest; its digest is the SHA-256 of its bytes, as in every registry."""
    # moto has no word for a repository that is not there when something is put into it.
    await call.passive.call("ecr", "DescribeRepositories", {"repositoryNames": [params["repositoryName"]]})
    digest = "sha256:" + hashlib.sha256(params["imageManifest"].encode()).hexdigest()
    if params.get("imageDigest", digest) != digest:
        raise AwsError(
            "ImageDigestDoesNotMatchException",
            f"The image has the digest {digest}, not {params['imageDigest']}.",
        )
    return await call.passive.call("ecr", "PutImage", params | {"imageDigest": digest})


async def get_download_url_for_layer(call: Call, params: Content) -> Content:
    """Where the engine hands out a layer or a configuration."""
    digest = params["layerDigest"]
    return {"downloadUrl": f"{call.base_url}/_local/blobs/{digest}", "layerDigest": digest}


OPERATIONS: dict[str, Handler] = {
    "GetDownloadUrlForLayer": get_download_url_for_layer,
    "PutImage": put_image,
}
