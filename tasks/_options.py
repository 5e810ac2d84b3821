"""The options that several tasks have, each with its one help text, its way to be read and its default."""

from __future__ import annotations

from tasks import _given as options
from tasks._given import Option
from tasks._parse import required
from tasks._place import environment

ENV = Option("env", "Environment of infra/environments.toml. Default: $INFRA_ENV.", "", environment)
SERVICE = options.names("service", "Services by name, as in a,b. Default: all of the environment.")
JSON = options.switch("json", "Print one JSON object on stdout, all else on stderr. Default: one screen.")
TIMEOUT = options.seconds(
    "timeout", "Give up after this long without progress, as in 300, 300s or 5m. Default: 10m.", 600.0
)
NO_PROBE = options.switch(
    "no-probe", "Send no requests of our own during the rollout. Default: send them where a url is known."
)
ON_FAILURE = options.choice(
    "on-failure", "rollback or leave. Default: rollback.", ("rollback", "leave"), "rollback"
)
WAIT = options.seconds(
    "wait-for-lock", "Wait this long for another run of the service, as in 5m. Default: refuse at once.", 0.0
)
WAIT_FOR_LIVING = options.seconds(
    "wait-for-lock", "Wait this long for a run that may still live, as in 4m. Default: refuse at once.", 0.0
)
SUPERSEDE = options.switch("supersede", "Replace a deployment that is under way. Default: refuse.")
MAX_ERRORS = options.whole(
    "max-errors", "Lost requests put up with before rolling back. Default: local 0, aws only reports.", None
)
INTERVAL = options.number(
    "interval", "Seconds between two looks. Default: local 1, aws 5.", None, least=0.2, most=3600.0
)
TO = options.text(
    "to", "Tag or revision (family:number) to go to. Default: the last proven one that is not what runs."
)
OLDER = options.switch("force", "Deploy a commit that is older than the running one's. Default: refuse it.")
TAKE_OVER = options.switch("force", "Take over from a run that still lives. Default: refuse.")
GITHUB = options.switch("github", "Also print GitHub annotations. Default: on where GITHUB_ACTIONS is true.")


def tag(about: str, what: str = "") -> Option[str]:
    """`--tag`, in the grammar of Docker. `what` says what it names where it must be there."""

    def parse(typed: str) -> str:
        wanted = required("tag", typed, what) if what else typed.strip()
        if not wanted:
            return ""
        from ecs_deployment import reference

        return reference.check_tag(wanted)

    return Option("tag", about, "", parse)


TAG = tag("Tag that should run. Default: whatever revision the service is on.")
