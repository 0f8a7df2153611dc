"""What is deployed is what the programs take: manifests by their schemas, units by systemd, and the one by the other."""

import json
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.envoy.__main__ import FOLDER
from gateway.config.document import read_document
from gateway.config.settings import Settings
from gateway.config.shape import shape
from tests.terminal import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MOST_EXPOSED = 1.5
"""Of ten, by systemd-analyze security."""


def manifests() -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all((DEPLOY / "kubernetes" / "kuacheng.yaml").read_text()) if each]


def gateways() -> Any:
    return next(each for each in manifests() if each["kind"] == "StatefulSet")["spec"]


def pod() -> Any:
    return gateways()["template"]["spec"]


def volume(path: str) -> str:
    """The name of the gateway's volume on which a path lies."""
    mounts = {Path(each["mountPath"]): each["name"] for each in pod()["containers"][0]["volumeMounts"]}
    return str(next(mounts[each] for each in Path(path).parents if each in mounts))


def test_every_manifest_is_of_its_schema() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the validator's own imports
        import kubernetes_validate
    for each in manifests():
        kubernetes_validate.validate(each, "1.32", strict=True)


def test_a_pod_may_do_nothing_that_it_need_not() -> None:
    for each in (*pod()["initContainers"], *pod()["containers"]):
        locked = each["securityContext"]
        assert locked["readOnlyRootFilesystem"]
        assert not locked["allowPrivilegeEscalation"]
        assert locked["capabilities"] == {"drop": ["ALL"]}
    assert pod()["securityContext"]["runAsNonRoot"]
    assert not pod()["automountServiceAccountToken"]


def test_one_pod_always_stays_and_a_drain_has_time() -> None:
    kinds = {each["kind"]: each for each in manifests()}
    assert kinds["PodDisruptionBudget"]["spec"]["minAvailable"] < gateways()["replicas"]
    labels = gateways()["template"]["metadata"]["labels"]
    for name in ("PodDisruptionBudget", "StatefulSet"):
        assert kinds[name]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    services = {each["metadata"]["name"]: each["spec"] for each in manifests() if each["kind"] == "Service"}
    assert all(each["selector"].items() <= labels.items() for each in services.values())
    assert gateways()["serviceName"] in services
    assert pod()["terminationGracePeriodSeconds"] > 5 + 10 + 10


def test_the_example_of_a_configuration_is_of_its_grammar_and_every_path_of_it_is_mounted() -> None:
    file = DEPLOY / "kubernetes" / "gateway.yaml"
    settings = shape(read_document(file.name, file.read_bytes()), Settings)
    assert settings.ledger.postgresql is not None
    mounts = {each["mountPath"] for each in pod()["containers"][0]["volumeMounts"]}
    assert {"/etc/kuacheng", "/etc/kuacheng/material", "/var/lib/kuacheng"} <= mounts
    port = pod()["containers"][0]["ports"][0]["containerPort"]
    assert settings.listen.address.port == port


def test_what_pods_are_told_to_keep_outlives_them_and_the_deny_list_is_one_for_all() -> None:
    file = DEPLOY / "kubernetes" / "gateway.yaml"
    settings = shape(read_document(file.name, file.read_bytes()), Settings)
    claims = {each["metadata"]["name"]: each["spec"] for each in manifests() if each["kind"] == "PersistentVolumeClaim"}
    shared = {each["name"]: each["persistentVolumeClaim"] for each in pod()["volumes"] if "persistentVolumeClaim" in each}
    assert claims[shared[volume(settings.deny_list)]["claimName"]]["accessModes"] == ["ReadWriteMany"]
    own = {each["metadata"]["name"]: each["spec"] for each in gateways()["volumeClaimTemplates"]}
    assert settings.state is not None
    assert own[volume(settings.state)]["accessModes"] == ["ReadWriteOnce"]


def test_only_the_nginx_beside_it_shows_a_pods_metrics_and_it_holds_none_of_the_gateways_keys() -> None:
    file = DEPLOY / "kubernetes" / "gateway.yaml"
    metrics = shape(read_document(file.name, file.read_bytes()), Settings).metrics
    gateway, beside = pod()["containers"]
    text = (DEPLOY / "kubernetes" / "metrics.conf").read_text()
    assert metrics is not None
    assert f"proxy_pass http://{metrics.address};" in text
    assert f"listen {beside['ports'][0]['containerPort']} ssl;" in text
    mounted = {each["name"] for each in beside["volumeMounts"]}
    assert mounted.isdisjoint(each["name"] for each in gateway["volumeMounts"])
    named = {line.split()[-1].rstrip(";") for line in text.splitlines() if line.strip().startswith(("ssl_c", "pid "))}
    assert all(Path(each).parent in {Path(mount["mountPath"]) for mount in beside["volumeMounts"]} for each in named)
    (scrape,) = yaml.safe_load((DEPLOY / "prometheus" / "kubernetes.yml").read_text())["scrape_configs"]
    (found,) = scrape["dns_sd_configs"]
    assert found["port"] == beside["ports"][0]["containerPort"]
    assert found["names"] == [f"{gateways()['serviceName']}.{pod()['serviceAccountName']}.svc.cluster.local"]


@pytest.mark.needs("prometheus")
@pytest.mark.parametrize("name", ["scrape.yml", "kubernetes.yml"])
def test_prometheus_takes_what_it_is_to_scrape_by(name: str) -> None:
    file = DEPLOY / "prometheus" / name
    done = subprocess.run(["promtool", "check", "config", "--syntax-only", file], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("systemd")
@pytest.mark.parametrize("unit", UNITS, ids=lambda each: each.name)
def test_a_unit_is_hardened(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={int(MOST_EXPOSED * 10)}", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.splitlines()[-1] + done.stderr


@pytest.mark.needs("systemd")
def test_units_are_read_without_a_complaint_but_for_what_is_not_installed_here() -> None:
    files = sorted((DEPLOY / "systemd").iterdir())
    done = subprocess.run(["systemd-analyze", "verify", *map(str, files)], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "kuacheng" in line and "is not executable" not in line] == []
    assert all(each.with_suffix(".service") in files for each in files if each.suffix == ".timer")


@pytest.mark.parametrize("unit", UNITS, ids=lambda each: each.name)
def test_what_a_unit_runs_is_a_command_of_ours(unit: Path) -> None:
    for line in unit.read_text().splitlines():
        if line.startswith("Exec"):
            _, *arguments = line.partition("=")[2].split()
            done = subprocess.run(
                [shutil.which("kuacheng") or "kuacheng", *arguments, "--help"], capture_output=True, check=False
            )
            assert done.returncode == 0, line


def test_everything_that_an_image_is_made_of_is_here() -> None:
    lines = (DEPLOY / "container" / "Containerfile").read_text().splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    assert all((ROOT / each).exists() for part in copied for each in part)
    assert sum(line.startswith("FROM ") for line in lines) == 2
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]


def test_what_is_copied_into_an_image_is_let_in_and_no_key() -> None:
    lines = (DEPLOY / "container" / "Containerfile").read_text().splitlines()
    copied = {each for line in lines if line.startswith("COPY ") and "--from" not in line for each in line.split()[1:-1]}
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert {each[1:] for each in rules if each.startswith("!")} == copied
    assert {"*", "**/*.key", "**/*.pem"} <= set(rules)


def test_image_unit_and_pod_agree_where_everything_is() -> None:
    image = (DEPLOY / "container" / "Containerfile").read_text()
    unit = (DEPLOY / "systemd" / "kuacheng.service").read_text()
    gateway = pod()["containers"][0]
    for each in gateway["env"]:
        assert f"{each['name']}={each['value']}" in image
        assert f"Environment={each['name']}={each['value']}\n" in unit
    assert image.count("/opt/kuacheng/bin") >= 2
    assert "ExecStart=/opt/kuacheng/bin/kuacheng " in unit
    user = pod()["securityContext"]
    assert f"USER {user['runAsUser']}:{user['runAsGroup']}\n" in image
    assert f"CMD {json.dumps(gateway['args'])}\n" in image


def test_a_pods_keys_lie_in_a_folder_that_the_pod_itself_made() -> None:
    copy = pod()["initContainers"][0]["command"][-1]
    (mount,) = (each for each in pod()["containers"][0]["volumeMounts"] if each["name"] == "material")
    assert copy.startswith("umask 077 ")
    assert f"mkdir -p /material/{mount['subPath']} " in copy


@pytest.mark.parametrize("unit", UNITS, ids=lambda each: each.name)
def test_a_unit_makes_what_it_may_write_and_may_not_write_its_configuration(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert {"ProtectSystem=strict", "StateDirectory=kuacheng", "StateDirectoryMode=0700"} <= set(lines)
    assert [each for each in lines if each.startswith(("ConfigurationDirectory", "ReadWritePaths"))] == []


def test_wheels_are_made_into_a_folder_of_their_own(tmp_path: Path) -> None:
    done = subprocess.run(["deploy/wheels.sh", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "is there already" in done.stderr) == (2, True)


def test_the_bridge_names_every_service() -> None:
    assert {"envoy.yaml", "http.yaml", "kuacheng.binpb"} <= {each.name for each in FOLDER.iterdir()}
    text = (FOLDER / "envoy.yaml").read_text()
    assert "forward_client_cert_details: SANITIZE" in text
