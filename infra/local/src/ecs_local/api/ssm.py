"""SSM parameters, as a lock and a journal need them: every call is atomic, times are the engine's clock."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from ecs_local.api.context import Call, Handler, without_none
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.world import Content, Parameter

_STANDARD_BYTES = 4096
_ADVANCED_BYTES = 8192
_LEVELS = 15
_NAME = re.compile(r"[A-Za-z0-9_./-]{1,1011}")
_TOKEN = AwsError("InvalidNextToken", "The specified token is not valid.")


def put_parameter(call: Call, params: Content) -> Content:
    """Creates a parameter, or with Overwrite makes its next version. One of many creators at once wins."""
    name, parameters = _plain_name(call, params["Name"]), call.world.parameters
    _check_name(name)
    tier = params.get("Tier", "Standard")
    _check_value(params["Value"], tier)
    there = parameters.get(name)
    if there is not None and not params.get("Overwrite", False):
        raise AwsError(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        )
    if there is not None and params.get("Tags"):
        raise AwsError("ValidationException", "Invalid request: tags and overwrite can't be used together.")
    kind = params.get("Type") or (there.type if there else None)
    if kind is None:
        raise AwsError("ValidationException", "A parameter type is required when you create a parameter.")
    parameters[name] = Parameter(
        name=name,
        value=params["Value"],
        type=kind,
        version=there.version + 1 if there else 1,
        modified_at=call.now,
        description=params.get("Description", there.description if there else None),
        tags=there.tags if there else params.get("Tags", []),
    )
    return {
        "Version": parameters[name].version,
        "Tier": "Standard" if tier == "Intelligent-Tiering" else tier,
    }


def get_parameter(call: Call, params: Content) -> Content:
    """One parameter by name, ARN or "name:version"; only the newest version is kept."""
    found = _lookup(call, params["Name"])
    if found is None:
        raise AwsError("ParameterNotFound", "")
    return {"Parameter": _shown(call, found, params.get("WithDecryption", False))}


def get_parameters(call: Call, params: Content) -> Content:
    """Up to ten parameters; names that are not there come back as invalid."""
    found, missing = [], []
    for name in params["Names"]:
        parameter = _lookup(call, name)
        if parameter is None:
            missing.append(name)
        else:
            found.append(_shown(call, parameter, params.get("WithDecryption", False)))
    return {"Parameters": found, "InvalidParameters": missing}


def get_parameters_by_path(call: Call, params: Content) -> Content:
    """The parameters below a path, at most ten a page; direct children only unless Recursive."""
    path = params["Path"]
    if not path.startswith("/"):
        raise AwsError("ValidationException", "The parameter doesn't meet the parameter name requirements.")
    if params.get("MaxResults", 10) > 10:
        raise AwsError("ValidationException", "MaxResults must be at most 10.")
    prefix = path.rstrip("/") + "/"
    tests = [_filter(one, ("Type",)) for one in params.get("ParameterFilters", [])]
    below = [
        one
        for name, one in sorted(call.world.parameters.items())
        if name.startswith(prefix)
        and (params.get("Recursive", False) or "/" not in name.removeprefix(prefix))
        and all(test(one) for test in tests)
    ]
    found, token = page(
        below, params.get("NextToken"), params.get("MaxResults", 10), lambda one: one.name, _TOKEN
    )
    shown = [_shown(call, one, params.get("WithDecryption", False)) for one in found]
    return {"Parameters": shown} | ({"NextToken": token} if token else {})


def delete_parameter(call: Call, params: Content) -> Content:
    """Deletes one parameter."""
    if call.world.parameters.pop(_plain_name(call, params["Name"]), None) is None:
        raise AwsError("ParameterNotFound", "")
    return {}


def delete_parameters(call: Call, params: Content) -> Content:
    """Deletes up to ten parameters; names that are not there come back as invalid."""
    names = params["Names"]
    gone = [name for name in names if call.world.parameters.pop(_plain_name(call, name), None) is not None]
    return {"DeletedParameters": gone, "InvalidParameters": [name for name in names if name not in gone]}


def describe_parameters(call: Call, params: Content) -> Content:
    """Parameters without their values, by Name, Type or Path."""
    tests = [_filter(one, ("Name", "Type", "Path")) for one in params.get("ParameterFilters", [])]
    chosen = [one for _, one in sorted(call.world.parameters.items()) if all(test(one) for test in tests)]
    found, token = page(
        chosen, params.get("NextToken"), params.get("MaxResults", 50), lambda one: one.name, _TOKEN
    )
    return {"Parameters": [_metadata(call, one) for one in found]} | ({"NextToken": token} if token else {})


def add_tags(call: Call, params: Content) -> Content:
    """Adds tags to a parameter; a key that is there takes the new value."""
    parameter = _tagged(call, params)
    by_key = {tag["Key"]: tag for tag in [*parameter.tags, *params["Tags"]]}
    parameter.tags = list(by_key.values())
    return {}


def remove_tags(call: Call, params: Content) -> Content:
    """Takes tags of a parameter away by key."""
    parameter = _tagged(call, params)
    parameter.tags = [tag for tag in parameter.tags if tag["Key"] not in params["TagKeys"]]
    return {}


def list_tags(call: Call, params: Content) -> Content:
    """The tags of a parameter."""
    return {"TagList": _tagged(call, params).tags}


def _tagged(call: Call, params: Content) -> Parameter:
    if params["ResourceType"] != "Parameter":
        raise AwsError("InvalidResourceType", "The embedded ECS tags SSM parameters only.")
    found = call.world.parameters.get(_plain_name(call, params["ResourceId"]))
    if found is None:
        raise AwsError(
            "InvalidResourceId", "The resource ID isn't valid. Verify that you entered the correct ID."
        )
    return found


def _lookup(call: Call, reference: str) -> Parameter | None:
    name, _, version = _plain_name(call, reference).partition(":")
    found = call.world.parameters.get(name)
    if found is not None and version and version != str(found.version):
        raise AwsError(
            "ParameterVersionNotFound", f"Systems Manager couldn't find version {version} of {name}."
        )
    return found


def _plain_name(call: Call, reference: str) -> str:
    """The name that an ARN or a name means: the ARNs of "/a" and of "a" both end in ":parameter/a"."""
    if not reference.startswith("arn:"):
        return reference
    name = reference.split(":", 5)[-1].removeprefix("parameter")
    return name if name in call.world.parameters or name.count("/") > 1 else name.removeprefix("/")


def _arn(call: Call, name: str) -> str:
    return f"arn:aws:ssm:{call.world.region}:{call.world.account}:parameter/{name.removeprefix('/')}"


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or ("/" in name and not name.startswith("/")):
        raise AwsError(
            "ValidationException",
            "Parameter name must be a fully qualified name of letters, numbers and the symbols .-_/.",
        )
    if re.match(r"/?(aws|ssm)", name, re.IGNORECASE):
        raise AwsError(
            "ValidationException",
            'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).',
        )
    if name.count("/") > _LEVELS:
        raise AwsError(
            "HierarchyLevelLimitExceededException", f"Hierarchy depth can't exceed {_LEVELS} levels."
        )


def _check_value(value: str, tier: str) -> None:
    if "{{" in value:
        raise AwsError(
            "ValidationException",
            "Parameter value can't nest another parameter. Do not use {{}} in the value.",
        )
    size, most = len(value.encode()), _STANDARD_BYTES if tier == "Standard" else _ADVANCED_BYTES
    if size > most:
        advice = (
            " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
        )
        raise AwsError(
            "ValidationException",
            f"{tier} tier parameters support a maximum parameter value of {most} characters."
            + (advice if most == _STANDARD_BYTES else ""),
        )


def _filter(wanted: Content, known: tuple[str, ...]) -> Callable[[Parameter], bool]:
    key, values, option = wanted["Key"], wanted.get("Values", []), wanted.get("Option", "Equals")
    if key not in known:
        raise AwsError("InvalidFilterKey", f"The embedded ECS filters parameters by {', '.join(known)} only.")
    if key == "Type":
        return lambda one: one.type in values
    if key == "Path":
        deep = option == "Recursive"
        paths = [value.rstrip("/") + "/" for value in values]
        return lambda one: any(
            one.name.startswith(path) and (deep or "/" not in one.name.removeprefix(path)) for path in paths
        )
    if option == "BeginsWith":
        return lambda one: one.name.startswith(tuple(values))
    if option == "Contains":
        return lambda one: any(value in one.name for value in values)
    return lambda one: one.name in values


def _shown(call: Call, one: Parameter, decrypt: bool) -> Content:
    sealed = one.type == "SecureString" and not decrypt
    return {
        "Name": one.name,
        "Type": one.type,
        "Value": base64.b64encode(one.value.encode()[::-1]).decode() if sealed else one.value,
        "Version": one.version,
        "LastModifiedDate": one.modified_at,
        "ARN": _arn(call, one.name),
        "DataType": "text",
    }


def _metadata(call: Call, one: Parameter) -> Content:
    return without_none(
        Name=one.name,
        ARN=_arn(call, one.name),
        Type=one.type,
        LastModifiedDate=one.modified_at,
        LastModifiedUser=f"arn:aws:iam::{call.world.account}:root",
        Description=one.description,
        Version=one.version,
        Tier="Standard",
        Policies=[],
        DataType="text",
    )


OPERATIONS: dict[str, Handler] = {
    "AddTagsToResource": add_tags,
    "DeleteParameter": delete_parameter,
    "DeleteParameters": delete_parameters,
    "DescribeParameters": describe_parameters,
    "GetParameter": get_parameter,
    "GetParameters": get_parameters,
    "GetParametersByPath": get_parameters_by_path,
    "ListTagsForResource": list_tags,
    "PutParameter": put_parameter,
    "RemoveTagsFromResource": remove_tags,
}
