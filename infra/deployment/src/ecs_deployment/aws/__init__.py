"""The port over boto3: the only rooms of this member that know Amazon's SDK."""

from ecs_deployment.aws.port import AwsCloud
from ecs_deployment.aws.session import Session, local_session

__all__ = ["AwsCloud", "Session", "local_session"]
