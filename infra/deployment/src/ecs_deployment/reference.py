"""Image references and tags: taken apart and pinned by the grammar that Docker publishes.

Grammar: github.com/distribution/reference, "reference.go". Hosts of ECR: AWS, "Amazon ECR endpoints".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecs_deployment.errors import Refused

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LABEL = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?")
NEVER_DEPLOYED = "none-yet"
"""The tag of the image that a stack's first revision names: there is none, until the first deploy."""

_LONGEST_NAME = 255  # registry and repository together
_ECR = re.compile(
    r"(?P<account>[0-9]{12})\.dkr(?:\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\."
    r"(?:amazonaws\.(?:com|com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
    r"|-ecr(?:-fips)?\.(?P<dual>[a-z0-9-]+)\.on\.(?:aws|amazonwebservices\.com\.cn))"
)
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}


@dataclass(frozen=True)
class ImageReference:
    """The four parts of an image reference; a part that is not there is ""."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


@dataclass(frozen=True)
class EcrRepository:
    """A repository of Amazon ECR, as its URI names it."""

    account: str
    region: str
    partition: str  # aws, aws-cn, aws-us-gov, ...
    repository: str


def check_tag(text: str) -> str:
    """The tag itself, where Docker's grammar allows it. Raises `Refused` with what is wrong."""
    if _TAG.fullmatch(text):
        return text
    cure = 'A tag is 1 to 128 of the characters A-Z a-z 0-9 _ . - and begins with none of "." and "-".'
    if not text:
        raise Refused("The tag is empty.", "Name one with --tag, for example --tag demo.")
    if len(text) > 128:
        raise Refused(f"The tag has {len(text)} characters, and 128 is the most.", cure)
    if text[0] in ".-" and _TAG.fullmatch("_" + text[1:]):
        raise Refused(f"The tag {_quoted(text)} begins with {_quoted(text[0])}.", cure)
    if re.search(r"sha256:", text):
        raise Refused(f"{_quoted(text)} is a digest and no tag.", "Name the tag that points to it.")
    if ":" in text or "/" in text:
        raise Refused(
            f"{_quoted(text)} is an image reference and no tag.", "Give only what stands after the colon."
        )
    bad = next(c for c in text if not re.match(r"[A-Za-z0-9_.-]", c))
    raise Refused(f"The tag {_quoted(text)} contains {_quoted(bad)}.", cure)


def parse(image: str) -> ImageReference:
    """Take an image reference apart: `registry.local:5000/app:v2@sha256:...`. Raises `Refused`.

    Nothing is added: `app` has no registry and no tag, although Docker reads docker.io/library/app:latest.
    """
    rest, at, digest = image.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise _no_reference(image, "what stands after @ is no digest")
    if digest.startswith("sha256:") and not _SHA256.fullmatch(digest):
        raise _no_reference(image, "a sha256 digest has 64 hexadecimal digits in lower case")
    head, slash, last = rest.rpartition("/")
    last, colon, tag = last.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise _no_reference(image, "what stands after the last colon is no tag")
    registry, repository = _split(f"{head}{slash}{last}")
    if registry and not _REGISTRY.fullmatch(registry):
        raise _no_reference(image, f"{_quoted(registry)} is no registry host")
    if not _REPOSITORY.fullmatch(repository):
        why = (
            "capital letters are not allowed"
            if _REPOSITORY.fullmatch(repository.lower())
            else "the grammar forbids it"
        )
        raise _no_reference(image, f"{_quoted(repository)} is no repository name: {why}")
    parsed = ImageReference(registry, repository, tag, digest)
    if len(parsed.name) > _LONGEST_NAME:
        raise _no_reference(image, f"its name is longer than {_LONGEST_NAME} characters")
    return parsed


def is_placeholder(image: str) -> bool:
    """Whether that is the image of a stack to which nothing was ever deployed, so that no task of it can start."""
    return image.endswith(f":{NEVER_DEPLOYED}")


def pinned(image: str, digest: str) -> str:
    """`repository@digest` for an image reference: its registry kept, its tag and earlier digest dropped.

    Raises `Refused` where either cannot be read.
    """
    if not _SHA256.fullmatch(digest):
        raise Refused(
            f"{_quoted(digest)} is no image digest.", 'A digest is "sha256:" and 64 hexadecimal digits.'
        )
    return f"{parse(image).name}@{digest}"


def ecr(image: str) -> EcrRepository | None:
    """Account, region and repository where the reference is a full URI of Amazon ECR; None for any other.

    Knows every partition and the dual-stack and FIPS hosts. Raises `Refused` for no reference at all.
    """
    reference = parse(image)
    match = _ECR.fullmatch(reference.registry)
    if match is None:
        return None
    region = match["region"] or match["dual"]
    partition = next((p for prefix, p in _PARTITIONS.items() if region.startswith(prefix)), "aws")
    return EcrRepository(match["account"], region, partition, reference.repository)


def _split(name: str) -> tuple[str, str]:
    """Registry and repository: Docker takes the first part for a host where it cannot be a repository."""
    first, slash, rest = name.partition("/")
    is_host = slash and (any(c in first for c in ".:[") or first == "localhost" or first != first.lower())
    return (first, rest) if is_host else ("", name)


def _no_reference(image: str, why: str) -> Refused:
    return Refused(
        f"{_quoted(image)} is no image reference: {why}.",
        "Write [registry/]repository[:tag][@sha256:digest].",
    )


def _quoted(text: str) -> str:
    """At most 80 characters of it on one line, in quotes."""
    short = text if len(text) <= 80 else text[:77] + "..."
    return '"' + "".join(c if c.isprintable() else "?" for c in short) + '"'
