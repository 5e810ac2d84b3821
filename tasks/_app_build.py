"""The task of `app` that makes an image and publishes it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tasks._given import Given
from tasks._options import ENV, SERVICE, tag
from tasks._place import ROOT
from tasks._task import task

if TYPE_CHECKING:
    from ecs_deployment.image import BuildPlan

    from tasks._connection import Connection

PUBLISHED = tag("Tag to publish the image under. Required.", "the tag to publish under")


@task(ENV, PUBLISHED, SERVICE)
def build(given: Given) -> int:
    """Build the image of each service and publish it under a tag.

    Example: inv app.build --env staging --tag abc
    """
    from ecs_deployment import image
    from ecs_deployment.commits import Git
    from ecs_deployment.survey import chosen

    from tasks._connect import connect

    connection = connect(given[ENV])
    for settings in chosen(connection.environment, given[SERVICE]):
        local, commit = connection.engine is not None, Git(ROOT).head()
        plan = image.plan(settings, given[PUBLISHED], ROOT, local=local, commit=commit)
        print(f"Would: {plan.sentence}" if given.dry else plan.sentence, file=sys.stderr)
        if not given.dry:
            print(f"{plan.repository}:{plan.tag} is {_published(connection, plan)}")
    return 0


def _published(connection: Connection, plan: BuildPlan) -> str:
    """The digest, once it is there; for the embedded ECS an image is a snapshot of the build context."""
    if connection.engine is None:
        from ecs_deployment import image

        return image.buildx(connection.cloud, plan)
    from ecs_local import images_build, images_publish

    connection.cloud.repository_uri(plan.repository)  # refuses where there is none
    return images_publish.publish(
        images_build.build(plan.context, plan.command, architecture=plan.architecture),
        repository=plan.repository,
        tag=plan.tag,
        endpoint=connection.engine.url,
        ecr=connection.clients("ecr"),
    )
