"""docker-compose.yml is valid, waits for health, and holds no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.settings import DEFAULTS_AND_REASONS
from tests.compose.resolved import FILE, ROOT, command, config, environment, services


def test_compose_accepts_the_file():
    done = config(FILE, "--quiet")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("depends_on:", "depend_on:"),
        ("service_healthy", "service_wealthy"),
        ("secrets: [db_password]", "secrets: [db]"),
    ],
)
def test_compose_refuses_a_file_with_a_mistake(tmp_path: Path, right: str, wrong: str):
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(FILE.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
    assert config(broken, "--quiet").returncode != 0


def test_every_service_has_a_health_check_and_comes_back_after_a_crash():
    for name, service in services().items():
        assert service["healthcheck"]["test"], name
        assert service["restart"] == "unless-stopped", name


def test_a_service_waits_until_what_it_needs_is_healthy():
    known = services()
    needs = {name: service.get("depends_on", {}) for name, service in known.items()}
    assert set(needs["runner"]) == {"prefect-server"}
    assert set(needs["prefect-server"]) == {"postgres"}
    assert {need["condition"] for each in needs.values() for need in each.values()} == {"service_healthy"}


def test_secrets_come_as_files_only():
    for name, service in services().items():
        for variable, value in environment(service).items():
            secret = any(word in variable for word in ("KEY", "PASSWORD", "SECRET", "TOKEN"))
            assert not secret or value.startswith("/run/secrets/"), f"{name}: {variable}"


def test_a_secret_is_mounted_where_its_variable_points_to():
    for name, service in services().items():
        mounted = {f"/run/secrets/{secret['source']}" for secret in service.get("secrets", [])}
        named = {value for value in environment(service).values() if value.startswith("/run/secrets/")}
        assert named == mounted, name


def test_ports_are_open_on_this_machine_only():
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_a_stop_lets_the_load_in_hand_end():
    runner = services()["runner"]
    assert runner["stop_signal"] == "SIGINT"
    assert runner["stop_grace_period"] == "30m0s"


def test_readers_get_a_volume_without_the_raw_pages():
    mounts = {mount["source"]: mount["target"] for mount in services()["runner"]["volumes"]}
    assert mounts["published"] == f"{mounts['home']}/published"


def test_the_runner_sets_only_settings_that_exist():
    known = {name for name, _, _ in DEFAULTS_AND_REASONS}
    # Not the resolved form: Compose leaves out what is handed through and not set.
    named = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]["runner"]["environment"]
    assert {name for name in named if not name.startswith("PREFECT_")} <= known


def test_the_image_is_built_as_the_file_expects():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "USER flowledger" in text
    assert "--require-hashes -r requirements.lock" in text
    runner = services()["runner"]
    assert runner["image"] == services()["prefect-server"]["image"] == "flowledger:local"
    assert command(runner) == ["flowledger", "serve"]
    for mount in runner["volumes"]:
        assert f"/{Path(mount['target']).name}\n" in text, (
            "the folder must belong to the user before a volume covers it"
        )


def test_the_image_holds_every_file_that_it_copies():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in kept, source
