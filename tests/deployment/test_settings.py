from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
from ecs_deployment.errors import SettingsError
from ecs_deployment.settings import Build, Environment, ServiceSettings, Settings, environment, load

REPOSITORY = Path(__file__).parents[2]
LOCAL = '[environments.local]\nprovider = "local"\n'
SERVICE = '[environments.staging]\nprovider = "aws"\n[environments.staging.services.app]\n'


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def _write(content: str | bytes) -> Path:
        path = tmp_path / "environments.toml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


def test_the_file_of_this_repository() -> None:
    settings = load(REPOSITORY / "infra" / "environments.toml")
    assert list(settings.environments) == ["local", "staging", "production"]
    assert environment(settings, "local") == Environment(
        "local", "local", services=(ServiceSettings("app", idle_minutes=5),)
    )
    staging = environment(settings, "staging")
    assert (staging.account, staging.region, staging.journal) == (
        "123456789012",
        "eu-west-3",
        "ecs-deployments",
    )
    assert staging.services[0] == ServiceSettings(
        name="app",
        cluster="app-staging",
        service="app",
        containers=("app",),
        repository="app",
        url="https://staging.example.com",
        health_path="/health",
        idle_minutes=5,
        build=Build(".", "Dockerfile", "linux/amd64"),
    )
    assert environment(settings, "production").services[0].idle_minutes is None


def test_everything_that_can_be_set(write: Any) -> None:
    settings = load(
        write(
            '[environments.x]\nprovider = "aws"\njournal = "off"\n[environments.x.services.web]\n'
            'container = ["web", "cron"]\nrepository = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/team/app"\n'
            'url = "http://127.0.0.1:8080/app/"\nhealth_path = "/up"\nscale_to_zero = {}\noverlap = true\n'
            'build = { context = "web", dockerfile = "D", platform = "linux/arm64", command = ["run", "it"] }\n'
            "[environments.x.services.api]\ninterruption = 'accepted'\n"
        )
    )
    web, api = settings.environments["x"].services
    assert settings.environments["x"].journal == "off"
    assert web.containers == ("web", "cron")
    assert web.url == "http://127.0.0.1:8080/app"
    assert (web.idle_minutes, web.overlap) == (5, True)
    assert web.build == Build("web", "D", "linux/arm64", ("run", "it"))
    assert api == ServiceSettings("api", interruption="accepted")


def test_settings_are_frozen(write: Any) -> None:
    settings = load(write(LOCAL))
    with pytest.raises(FrozenInstanceError):
        settings.path = Path()  # type: ignore[misc] # it is what must not work
    with pytest.raises(TypeError):
        settings.environments["x"] = settings.environments["local"]  # type: ignore[index] # nor this


def test_a_mark_at_the_start_and_windows_line_ends_are_fine(write: Any) -> None:
    assert "local" in load(write(b"\xef\xbb\xbf" + LOCAL.replace("\n", "\r\n").encode())).environments


def test_an_unknown_environment_lists_the_known_and_the_nearest(write: Any) -> None:
    settings = load(write(LOCAL + '[environments.production]\nprovider = "aws"\n'))
    with pytest.raises(SettingsError) as error:
        environment(settings, "prodution")
    assert 'Did you mean "production"? Known: local, production.' in str(error.value)
    assert error.value.exit_code == 2


# (content, what the message must say)
MISTAKES: list[tuple[str, list[str]]] = [
    ("", ["no environment", '[environments.local]\nprovider = "local"']),
    ("[environments]\n", ["no environment"]),
    ("[environment.local]\n", ["line 1: environment is no setting", 'Did you mean "environments"?']),
    ("environments = 3\n", ["line 1: environments must be a table, and is 3"]),
    ("[environments]\nlocal = 'x'\n", ["line 2: environments.local must be a table"]),
    ("[environments.local]\n", ["line 1: environments.local has no provider"]),
    ("[environments.local]\nprovider = 'lokal'", ["line 2", 'Did you mean "local"?']),
    ("[environments.local]\nprovidr = 'local'", ["environments.local.providr", 'Did you mean "provider"?']),
    ("[environments.'a b']\nprovider = 'local'", ['environments."a b" is no usable name']),
    (LOCAL + "account = 123456789012", ["line 3", "bare number", 'account = "123456789012"']),
    (LOCAL + "account = '1234'", ["account is malformed", "12 digits"]),
    (LOCAL + "account = true", ["account must be text in quotes, and is true"]),
    (LOCAL + "region = 'Paris'", ["region is malformed", "eu-west-3"]),
    (LOCAL + "journal = '/a/b'", ["journal is malformed", "without slashes"]),
    (LOCAL + "journal = 'aws-x'", ["journal is malformed"]),
    (LOCAL + "services = []", ["services must be a table, and is a list"]),
    (SERVICE + "helth_path = '/x'", ["line 4", "services.app.helth_path", 'Did you mean "health_path"?']),
    (SERVICE + "health_path = 'x'", ["health_path is no path"]),
    (SERVICE + "scale_to_zero = true", ["must be a table, and is true", "{ idle_minutes = 5 }"]),
    (SERVICE + "scale_to_zero = { idle_minutes = '5' }", ['must be a whole number, and is "5"']),
    (SERVICE + "scale_to_zero = { idle_minutes = true }", ["must be a whole number, and is true"]),
    (SERVICE + "scale_to_zero = { idle_minutes = 0 }", ["is 0", "from 1 to 1438"]),
    (SERVICE + "scale_to_zero = { by = 'others' }", ["is neither of the two", 'Did you mean "other"?']),
    (SERVICE + "scale_to_zero = { idle_minuts = 5 }", ["line 4", 'Did you mean "idle_minutes"?']),
    (SERVICE + "overlap = 'yes'", ['must be true or false, and is "yes"']),
    (SERVICE + "interruption = 'ok'", ['Write "accepted"']),
    (SERVICE + "overlap = true\ninterruption = 'accepted'", ["line 5", "contradicts overlap"]),
    (SERVICE + "container = 3", ["a text or a list of texts, and is 3"]),
    (SERVICE + "container = []", ["container is empty"]),
    (SERVICE + "container = ['a', 'a']", ["malformed or stands twice"]),
    (SERVICE + "cluster = 'arn:aws:ecs:eu-west-3:1:cluster/a'", ["cluster is malformed", "not the ARN"]),
    (SERVICE + "cluster = ''", ["cluster is empty"]),
    (SERVICE + "repository = 'app:v1'", ["no repository name", "without a tag"]),
    (SERVICE + "repository = 'App'", ["no repository name"]),
    (
        "[environments.x]\nprovider = 'local'\n[environments.x.services.app]\nrepository = 'ghcr.io/team/app'",
        ["names a registry", 'repository = "team/app"'],
    ),
    (SERVICE + "url = 'staging.example.com'", ["no http or https address"]),
    (SERVICE + "url = 'http://[::1'", ["no http or https address"]),
    (SERVICE + "url = 'http://a:99999'", ["no http or https address"]),
    (SERVICE + "url = 'https://a/?b'", ["part"]),
    (SERVICE + "url = 7", ["must be text in quotes, and is 7"]),
    (SERVICE + "build = { command = 'run it' }", ["a list of texts"]),
    (SERVICE + "build = { platform = 'arm' }", ["platform is malformed", "linux/arm64"]),
    (SERVICE + "build = 2026-01-01", ["must be a table, and is 2026-01-01"]),
    ("a = = 1", ["no valid TOML", "line 1"]),
    ("x = " + "[" * 5000, ["environments.toml"]),
    ("x = " + "9" * 5000, ["environments.toml"]),
]


@pytest.mark.parametrize(
    ("content", "says"), MISTAKES, ids=[f"{n} {m[1][0][:40]}" for n, m in enumerate(MISTAKES)]
)
def test_mistakes_name_file_key_and_cure(write: Any, content: str, says: list[str]) -> None:
    path = write(content)
    with pytest.raises(SettingsError) as error:
        load(path)
    message = str(error.value)
    assert str(path) in message
    for text in says:
        assert text in message
    assert error.value.cure


@pytest.mark.parametrize(
    "line",
    [
        "url = 'https://me:hunter2@a.example'",
        "overlap = 'https://me:hunter2@a.example'",
        "password = 'hunter2'",
        "overlap = 'token-hunter2'",
        "overlap = 'hunter2hunter2hunter2hunter2hunter2'",
    ],
)
def test_nothing_that_looks_secret_is_shown(write: Any, line: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(write(SERVICE + line))
    assert "hunter2" not in str(error.value)


def test_a_missing_file_says_how_to_name_another(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no settings file") as error:
        load(tmp_path / "nowhere.toml")
    assert "INFRA_ENVIRONMENTS" in str(error.value)


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is a directory"):
        load(tmp_path)


def test_a_path_through_a_file_cannot_be_read(write: Any) -> None:
    with pytest.raises(SettingsError, match="cannot be read: Not a directory"):
        load(write(LOCAL) / "environments.toml")


def test_other_encodings_name_the_line(write: Any) -> None:
    with pytest.raises(SettingsError, match="line 3: this is not UTF-8"):
        load(write(LOCAL.encode() + b"# caf\xe9\n"))


def test_a_file_beyond_all_measure(write: Any) -> None:
    with pytest.raises(SettingsError, match="larger than"):
        load(write(b"#" * 1_000_001))


def test_settings_is_what_load_gives(write: Any) -> None:
    path = write(LOCAL)
    assert load(path) == Settings(path, load(path).environments)


def test_who_puts_it_to_sleep_can_be_said(tmp_path: Path) -> None:
    def settings(value: str) -> ServiceSettings:
        path = tmp_path / "environments.toml"
        path.write_text(SERVICE + f"scale_to_zero = {value}")
        return next(iter(load(path).environments.values())).services[0]

    assert settings('{ by = "other" }').sleeps_otherwise
    assert settings('{ by = "other" }').idle_minutes == 5
    assert not settings('{ by = "alarms", idle_minutes = 7 }').sleeps_otherwise
