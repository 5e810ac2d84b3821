"""Results and progress as a deploy yields them, for the tests of the reports."""

from ecs_deployment.events import Progress
from ecs_deployment.model import Traffic
from ecs_deployment.outcome import Outcome, Report, Result, Stage

DIGEST = "sha256:" + "0123456789abcdef" * 4

ROLLING = Progress(
    service="app",
    stage="rolling",
    elapsed=12.0,
    waiting_for="1 of 1 new targets to become healthy",
    old_revision="app:12",
    new_revision="app:13",
    old_running=1,
    new_running=0,
    new_pending=1,
    desired=1,
    targets=(("initial", 1),),
    failures=0,
    failures_allowed=3,
    traffic=Traffic(61, 0, 0, 210),
)

DEPLOYED = Result(
    service="app",
    outcome=Outcome.DEPLOYED,
    digest=DIGEST,
    revision="app:13",
    before="app:12",
    deployment_id="ecs-svc/7712345678901234567",
    was_asleep=True,
    probe=Traffic(212, 0, 0, 1210),
    seconds=41.2,
    handed_back=("minimumHealthyPercent 0", "scale-in"),
    summary="The service is awake, and sleeps again after 5 idle minutes.",
    stages=(Stage("starting", 12.1), Stage("rolling", 24.0), Stage("proving", 5.1)),
    notes=("minimumHealthyPercent 100 would spare raising it at each deploy.",),
)

ROLLED_BACK = Result(
    service="web",
    outcome=Outcome.ROLLED_BACK,
    digest=DIGEST,
    revision="web:7",
    before="web:7",
    deployment_id="ecs-svc/8",
    probe=Traffic(212, 3, 0, 1210),
    seconds=61.2,
    cause="3 of 3 new tasks exited with code 1: the variable DATABASE_URL is missing.",
    advice="Give the container the variable DATABASE_URL, then deploy again.",
    evidence=(
        "3 x Essential container in task exited (exit code 1)",
        "KeyError: 'DATABASE_URL' \x1b[31mpassword=hunter2\x1b[0m",
        "::error::injected ##[error]injected",
    ),
    owed=("scale-in stays suspended: AccessDenied",),
    summary="web:7 serves, 1 of 1 tasks healthy.",
    stages=(Stage("starting", 12.1), Stage("rolling back", 44.0)),
)


def report(*services: Result, seconds: float = 41.2) -> Report:
    """A run over these services."""
    return Report("staging", "abc", seconds, 37, services)
