"""SSM parameters through boto3: what a journal and its lock stand on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engine import Aws


def _put(aws: Aws, name: str, value: str = "x", **more: Any) -> Any:
    return aws("ssm").put_parameter(Name=name, Value=value, Type="String", **more)


def test_of_twenty_creators_at_once_one_wins(aws: Aws, name: str) -> None:
    def create(number: int) -> str | None:
        try:
            _put(aws, f"/{name}/0001", str(number))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ParameterAlreadyExists"  # noqa: PT017 - runs in a thread
            return None
        return str(number)

    aws("ssm")
    with ThreadPoolExecutor(20) as pool:
        winners = [one for one in pool.map(create, range(20)) if one is not None]
    assert len(winners) == 1
    assert aws("ssm").get_parameter(Name=f"/{name}/0001")["Parameter"]["Value"] == winners[0]


def test_overwriting_counts_versions(aws: Aws, name: str) -> None:
    assert _put(aws, f"/{name}")["Version"] == 1
    assert _put(aws, f"/{name}", "y", Overwrite=True)["Version"] == 2
    found = aws("ssm").get_parameter(Name=f"/{name}")["Parameter"]
    assert (found["Value"], found["Version"], found["Type"]) == ("y", 2, "String")
    assert aws("ssm").get_parameter(Name=found["ARN"])["Parameter"]["Name"] == f"/{name}"
    assert aws("ssm").get_parameter(Name=f"/{name}:2")["Parameter"]["Value"] == "y"


def test_dates_come_from_one_clock(aws: Aws, name: str) -> None:
    _put(aws, f"/{name}")
    answer = aws("ssm").get_parameter(Name=f"/{name}")
    asked = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    assert abs((asked - answer["Parameter"]["LastModifiedDate"]).total_seconds()) < 60


def test_a_path_is_read_in_pages_of_ten(aws: Aws, name: str) -> None:
    for number in range(25):
        _put(aws, f"/{name}/app/{number:04d}")
    _put(aws, f"/{name}/deep")
    pages = list(aws("ssm").get_paginator("get_parameters_by_path").paginate(Path=f"/{name}/app"))
    assert [len(page["Parameters"]) for page in pages] == [10, 10, 5]
    direct = aws("ssm").get_parameters_by_path(Path=f"/{name}")["Parameters"]
    assert [one["Name"] for one in direct] == [f"/{name}/deep"]
    deep = aws("ssm").get_paginator("get_parameters_by_path").paginate(Path=f"/{name}/", Recursive=True)
    assert sum(len(page["Parameters"]) for page in deep) == 26


def test_several_are_read_and_deleted_at_once(aws: Aws, name: str) -> None:
    _put(aws, f"/{name}/a")
    _put(aws, f"/{name}/b")
    names = [f"/{name}/a", f"/{name}/none"]
    answer = aws("ssm").get_parameters(Names=names)
    assert [one["Name"] for one in answer["Parameters"]] == names[:1]
    assert answer["InvalidParameters"] == names[1:]
    gone = aws("ssm").delete_parameters(Names=names)
    assert (gone["DeletedParameters"], gone["InvalidParameters"]) == (names[:1], names[1:])
    aws("ssm").delete_parameter(Name=f"/{name}/b")
    assert aws("ssm").get_parameters_by_path(Path=f"/{name}")["Parameters"] == []


def test_parameters_are_described_and_tagged(aws: Aws, name: str) -> None:
    _put(aws, f"/{name}/a", Description="why", Tags=[{"Key": "team", "Value": "web"}])
    wanted = [{"Key": "Path", "Option": "Recursive", "Values": [f"/{name}"]}]
    found = aws("ssm").describe_parameters(ParameterFilters=wanted)["Parameters"]
    assert [(one["Name"], one["Description"], one["Tier"]) for one in found] == [
        (f"/{name}/a", "why", "Standard")
    ]
    resource = {"ResourceType": "Parameter", "ResourceId": f"/{name}/a"}
    aws("ssm").add_tags_to_resource(**resource, Tags=[{"Key": "stage", "Value": "dev"}])
    aws("ssm").remove_tags_from_resource(**resource, TagKeys=["team"])
    assert aws("ssm").list_tags_for_resource(**resource)["TagList"] == [{"Key": "stage", "Value": "dev"}]


def test_a_secure_string_is_shown_only_decrypted(aws: Aws, name: str) -> None:
    aws("ssm").put_parameter(Name=f"/{name}", Value="secret", Type="SecureString")
    assert aws("ssm").get_parameter(Name=f"/{name}")["Parameter"]["Value"] != "secret"
    open_ = aws("ssm").get_parameter(Name=f"/{name}", WithDecryption=True)
    assert open_["Parameter"]["Value"] == "secret"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Value": "x" * 4097}, "ValidationException"),
        ({"Value": "ö" * 2049}, "ValidationException"),  # bytes count
        ({"Value": "{{ssm:other}}"}, "ValidationException"),
        ({"Value": '{"a":{{1}}'}, "ValidationException"),
        ({"Name": "/aws/x"}, "ValidationException"),
        ({"Name": "/SSMx"}, "ValidationException"),
        ({"Name": "no/slash/first"}, "ValidationException"),
        ({"Name": "/" + "/".join("abcdefghijklmnop")}, "HierarchyLevelLimitExceededException"),
        ({"Tier": "Cheap"}, "ValidationException"),
    ],
)
def test_values_and_names_that_aws_does_not_take(
    aws: Aws, name: str, params: dict[str, str], code: str
) -> None:
    wanted = {"Name": f"/{name}", "Value": "x", "Type": "String"} | params
    with pytest.raises(ClientError) as caught:
        aws("ssm").put_parameter(**wanted)
    assert caught.value.response["Error"]["Code"] == code


def test_four_thousand_and_ninety_six_bytes_fit(aws: Aws, name: str) -> None:
    _put(aws, f"/{name}", "x" * 4096)
    assert _put(aws, f"/{name}", "x" * 8192, Overwrite=True, Tier="Advanced")["Tier"] == "Advanced"
