"""AWS's published request limits of Amazon ECS: token buckets by account and region.

Source: Amazon ECS API Reference, "Request throttling". StopServiceDeployment is not listed there.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecs_local.api.errors import AwsError


@dataclass(frozen=True)
class Bucket:
    """So many calls at once, and so many a second for as long as one likes."""

    burst: int
    sustained: float
    operations: tuple[str, ...]


BUCKETS = {
    "service modify": Bucket(50, 5, ("CreateService", "DeleteService", "UpdateService")),
    "service read": Bucket(100, 20, ("DescribeServices", "ListServices")),
    "service deployment": Bucket(50, 20, ("DescribeServiceDeployments", "ListServiceDeployments")),
    "service revision": Bucket(50, 20, ("DescribeServiceRevisions",)),
    "cluster resource read": Bucket(
        100, 20, ("DescribeTasks", "ListTasks", "DescribeContainerInstances", "ListContainerInstances")
    ),
    "cluster resource modify": Bucket(100, 40, ("RunTask", "StopTask", "StartTask", "ExecuteCommand")),
    "task definition modify": Bucket(20, 1, ("RegisterTaskDefinition", "DeregisterTaskDefinition")),
    "task definition read": Bucket(50, 20, ("DescribeTaskDefinition", "ListTaskDefinitions")),
    "tag modify": Bucket(20, 10, ("TagResource", "UntagResource")),
    "cluster modify": Bucket(20, 1, ("CreateCluster", "DeleteCluster")),
    "cluster read": Bucket(50, 20, ("DescribeClusters", "ListClusters")),
}
_OLDER = ("elbv2", "cloudwatch")  # of the Query protocol: Throttling, without "Exception"
_OF = {operation: name for name, bucket in BUCKETS.items() for operation in bucket.operations}


class Limits:
    """The buckets of one account, full at first."""

    def __init__(self) -> None:
        self._levels: dict[str, tuple[float, float]] = {}  # (tokens left, when that was)

    def admit(self, operation: str, now: float, second: float = 1.0) -> bool:
        """Takes a token for an ECS call; False where none is left.

        `second` is how long one of AWS's seconds lasts here: less where the profile's speed is above 1.
        """
        name = _OF.get(operation)
        if name is None:
            return True
        bucket = BUCKETS[name]
        left, since = self._levels.get(name, (float(bucket.burst), now))
        left = min(bucket.burst, left + (now - since) / second * bucket.sustained)
        admitted = left >= 1
        self._levels[name] = (left - 1 if admitted else left, now)
        return admitted


def rate_exceeded(service: str) -> AwsError:
    """The refusal of a throttled call, under the name that the service (botocore's name) has for it."""
    return AwsError("Throttling" if service in _OLDER else "ThrottlingException", "Rate exceeded")
