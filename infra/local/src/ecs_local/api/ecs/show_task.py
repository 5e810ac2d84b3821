"""Tasks as ECS describes them."""

from __future__ import annotations

import hashlib
import uuid

from ecs_local.api.context import Call, without_none
from ecs_local.api.ecs.names import arn
from ecs_local.api.ecs.show_service import launched
from ecs_local.world import Container, Content, Task


def shown(call: Call, task: Task, *, tags: bool) -> Content:
    """A task with its containers, its network interface and the times it has passed."""
    world = call.world
    content = world.task_definitions[task.task_definition].content
    kind, _, name = task.group.partition(":")
    service = world.services.get((task.cluster, name)) if kind == "service" else None
    launch: Content = launched(service) if service is not None else {"launchType": "FARGATE"}
    provider: list[Content] = launch.get("capacityProviderStrategy", [])
    return without_none(
        attachments=[_interface(task)],
        attributes=[],
        availabilityZone=f"{world.region}a",
        clusterArn=arn(world, f"cluster/{task.cluster}"),
        connectivity=None if task.pull_started_at is None else "CONNECTED",
        connectivityAt=task.pull_started_at,
        containers=[_container(call, task, one) for one in task.containers],
        cpu=content.get("cpu"),
        memory=content.get("memory"),
        createdAt=task.created_at,
        desiredStatus=task.desired_status,
        enableExecuteCommand=False,
        executionStoppedAt=task.execution_stopped_at,
        group=task.group,
        healthStatus=task.health,
        inferenceAccelerators=[],
        lastStatus=task.last_status,
        launchType=launch.get("launchType", "FARGATE"),
        capacityProviderName=provider[0]["capacityProvider"] if provider else None,
        overrides={"containerOverrides": [], "inferenceAcceleratorOverrides": []},
        platformVersion="1.4.0",
        platformFamily="Linux",
        pullStartedAt=task.pull_started_at,
        pullStoppedAt=task.pull_stopped_at,
        startedAt=task.started_at,
        startedBy=task.started_by or None,
        stopCode=task.stop_code,
        stoppedAt=task.stopped_at,
        stoppedReason=task.stopped_reason,
        stoppingAt=task.stopping_at,
        tags=task.tags if tags else [],
        taskArn=task.arn,
        taskDefinitionArn=task.task_definition,
        version=task.version,
    )


def _container(call: Call, task: Task, container: Container) -> Content:
    definitions = call.world.task_definitions[task.task_definition].content["containerDefinitions"]
    definition = next(one for one in definitions if one["name"] == container.name)
    memory = definition.get("memory")
    started = container.last_status != "PENDING"
    return without_none(
        containerArn=arn(call.world, f"container/{task.cluster}/{task.id}/{_uuid(task.id + container.name)}"),
        taskArn=task.arn,
        name=container.name,
        image=container.image,
        imageDigest=container.image_digest,
        runtimeId=f"{task.id}-{_hash(container.name)[:10]}" if started else None,
        lastStatus=container.last_status,
        exitCode=container.exit_code,
        reason=container.reason,
        networkBindings=[],
        networkInterfaces=[{"attachmentId": _uuid(task.id), "privateIpv4Address": task.address}],
        healthStatus=container.health,
        cpu=str(definition.get("cpu", 0)),
        memory=None if memory is None else str(memory),
    )


def _interface(task: Task) -> Content:
    """The elastic network interface; with us a loopback address."""
    state = "DELETED" if task.last_status == "STOPPED" else "ATTACHED"
    details = {
        "networkInterfaceId": f"eni-{_hash(task.id)[:17]}",
        "privateIPv4Address": task.address,
    }
    return {
        "id": _uuid(task.id),
        "type": "ElasticNetworkInterface",
        "status": "PRECREATED" if task.last_status == "PROVISIONING" else state,
        "details": [{"name": name, "value": value} for name, value in details.items()],
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _uuid(text: str) -> str:
    return str(uuid.UUID(_hash(text)[:32]))
