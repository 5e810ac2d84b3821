import pytest
from ecs_deployment.errors import Refused
from ecs_deployment.reference import ImageReference, check_tag, ecr, parse, pinned
from hypothesis import HealthCheck, given
from hypothesis import settings as checking
from hypothesis import strategies as st

# Two busy cores may be slow: that is no finding.
quick = checking(deadline=None, suppress_health_check=[HealthCheck.too_slow])

DIGEST = "sha256:" + "0a" * 32
OTHER = "sha256:" + "1b" * 32

TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True)
COMPONENTS = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}", fullmatch=True)
HOSTS = st.one_of(
    st.just(""),
    st.sampled_from(["localhost", "localhost:5000", "registry.local:5000", "[::1]:5000", "Registry"]),
    st.from_regex(r"[a-z0-9]{1,10}(\.[a-z]{2,5}){1,2}(:[0-9]{1,5})?", fullmatch=True),
)
REFERENCES = st.builds(
    ImageReference,
    registry=HOSTS,
    repository=st.lists(COMPONENTS, min_size=1, max_size=3)
    .map("/".join)
    .filter(lambda name: "." not in name.split("/")[0] and name.split("/")[0] != "localhost"),
    tag=st.one_of(st.just(""), TAGS),
    digest=st.sampled_from(["", DIGEST]),
)


@quick
@given(REFERENCES)
def test_parse_reads_what_a_reference_writes(reference: ImageReference) -> None:
    assert parse(str(reference)) == reference


@quick
@given(REFERENCES)
def test_pinned_keeps_the_name_and_nothing_else(reference: ImageReference) -> None:
    assert parse(pinned(str(reference), OTHER)) == ImageReference(
        reference.registry, reference.repository, "", OTHER
    )


@quick
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed = str(parse(text))
    except Refused:
        parsed = text
    assert parsed == text


@quick
@given(TAGS)
def test_good_tags_pass_unchanged(tag: str) -> None:
    assert check_tag(tag) == tag


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("app", ImageReference("", "app")),
        ("app:v2", ImageReference("", "app", "v2")),
        ("team/app:v2", ImageReference("", "team/app", "v2")),
        (f"app@{DIGEST}", ImageReference("", "app", "", DIGEST)),
        ("registry.local:5000/app", ImageReference("registry.local:5000", "app")),
        (f"registry.local:5000/app:v2@{DIGEST}", ImageReference("registry.local:5000", "app", "v2", DIGEST)),
        ("localhost/app", ImageReference("localhost", "app")),
        ("localhost:5000/team/app:v2", ImageReference("localhost:5000", "team/app", "v2")),
    ],
)
def test_parse(image: str, expected: ImageReference) -> None:
    assert parse(image) == expected


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("", "no repository name"),
        ("App", "capital letters"),
        ("app:", "no tag"),
        ("app@sha256:abc", "no digest"),
        (f"app@{DIGEST.upper().replace('SHA', 'sha')}", "lower case"),
        ("http://host/app", "no registry host"),
        ("host.example/", "no repository name"),
        ("-host.example/app", "no registry host"),
        ("a" * 256, "longer than 255"),
    ],
)
def test_parse_refuses(image: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        parse(image)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("app:v1", f"app@{DIGEST}"),
        (f"app@{OTHER}", f"app@{DIGEST}"),
        ("registry.local:5000/app", f"registry.local:5000/app@{DIGEST}"),
        (f"registry.local:5000/app:v2@{OTHER}", f"registry.local:5000/app@{DIGEST}"),
    ],
)
def test_pinned_where_peers_break(image: str, expected: str) -> None:
    assert pinned(image, DIGEST) == expected


def test_pinned_refuses_what_is_no_digest() -> None:
    with pytest.raises(Refused, match="no image digest"):
        pinned("app", "v2")


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("", "empty"),
        ("-v1", 'begins with "-"'),
        (".v1", 'begins with "."'),
        ("v1+build", r'contains "\+"'),
        ("v 1", 'contains " "'),
        ("vé", 'contains "é"'),
        ("v1\n", r'contains "\?"'),
        ("app:v1", "image reference and no tag"),
        (DIGEST, "digest and no tag"),
        ("a" * 129, "129 characters"),
    ],
)
def test_check_tag_says_what_is_wrong(tag: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        check_tag(tag)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("123456789012.dkr.ecr.eu-west-3.amazonaws.com", ("eu-west-3", "aws")),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", ("us-east-1", "aws")),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", ("cn-north-1", "aws-cn")),
        ("123456789012.dkr.ecr.us-gov-west-1.amazonaws.com", ("us-gov-west-1", "aws-us-gov")),
        ("123456789012.dkr-ecr.eu-west-3.on.aws", ("eu-west-3", "aws")),
        ("123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", ("cn-north-1", "aws-cn")),
        ("123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", ("us-isob-east-1", "aws-iso-b")),
    ],
)
def test_ecr_hosts(host: str, expected: tuple[str, str]) -> None:
    found = ecr(f"{host}/team/app:v1")
    assert found is not None
    assert (found.account, found.region, found.partition) == ("123456789012", *expected)
    assert found.repository == "team/app"


@pytest.mark.parametrize("image", ["app", "public.ecr.aws/docker/library/nginx:1", "registry.local:5000/app"])
def test_other_registries_are_not_ecr(image: str) -> None:
    assert ecr(image) is None
