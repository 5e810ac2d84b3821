"""Which AWS services are answered here, and their botocore models, read once on first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from botocore.loaders import Loader
from botocore.model import ServiceModel


@dataclass(frozen=True)
class Spoken:
    """A service that we answer ourselves, wholly or in part.

    `invalid` is the error code that the service uses for input outside of its model.
    """

    name: str  # botocore's
    protocol: str  # json or query, as the default clients send it
    invalid: str


ECS = Spoken("ecs", "json", "InvalidParameterException")
SSM = Spoken("ssm", "json", "ValidationException")
AUTOSCALING = Spoken("application-autoscaling", "json", "ValidationException")
ECR = Spoken("ecr", "json", "InvalidParameterException")
CLOUDWATCH = Spoken("cloudwatch", "json", "ValidationError")
CLOUDWATCH_FORM = Spoken("cloudwatch", "query", "ValidationError")  # as earlier clients speak to it
CLOUDFORMATION = Spoken("cloudformation", "query", "ValidationError")
ELBV2 = Spoken("elbv2", "query", "ValidationError")
LOGS = Spoken("logs", "json", "InvalidParameterException")
STS = Spoken("sts", "query", "ValidationError")

BY_TARGET = {
    "AmazonEC2ContainerServiceV20141113": ECS,
    "AmazonSSM": SSM,
    "AnyScaleFrontendService": AUTOSCALING,
    "AmazonEC2ContainerRegistry_V20150921": ECR,
    "GraniteServiceVersion20100801": CLOUDWATCH,
    "Logs_20140328": LOGS,
}
"""By the prefix of the X-Amz-Target header."""

BY_SCOPE = {
    ("cloudformation", "2010-05-15"): CLOUDFORMATION,
    ("elasticloadbalancing", "2015-12-01"): ELBV2,
    ("monitoring", "2010-08-01"): CLOUDWATCH_FORM,
    ("sts", "2011-06-15"): STS,
}
"""By the signature's service name and the form's Version."""


@cache
def model(name: str) -> ServiceModel:
    """The botocore model of a service, for example "ecs"."""
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)
