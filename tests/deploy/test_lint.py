"""What Docker, Kubernetes, Prometheus, nginx and systemd themselves say of the files of deploy/."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.deploy.gateway import LOOPBACK, Gateway, configure, free_port, rig, site_of, until
from tests.deploy.test_files import DEPLOY

pytestmark = pytest.mark.gateway

VARIANTS = ("llama-server", "vllm", "vllm-multi-node")


def run(program: str, *arguments: str | Path, at: Path = DEPLOY) -> str:
    found = rig() / program
    done = subprocess.run(
        [found if found.exists() else program, *arguments],
        cwd=at,
        capture_output=True,
        text=True,
        timeout=100,
        # Compose takes them where the test has no file of its own for them.
        env={**os.environ, "SC2_GRAFANA_PASSWORD": "x"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("engine", ["llama-server", "vllm"])
@pytest.mark.parametrize("monitored", [True, False])
def test_compose_accepts_its_files(engine: str, monitored: bool) -> None:
    files = ["-f", f"{engine}.yaml", *(["-f", "monitoring.yaml"] if monitored else [])]
    out = run(
        "docker-compose", "--env-file", "env.example", *files, "config", at=DEPLOY / "compose"
    )
    services = yaml.safe_load(out)["services"]
    published = {name: each["ports"] for name, each in services.items() if each.get("ports")}
    assert [port["published"] for port in published.pop("gateway")] == ["443"]
    assert all(port["host_ip"] == "127.0.0.1" for each in published.values() for port in each)
    assert list(services["engine"]["networks"]) == ["inside"]
    mounted = {each["target"]: Path(each["source"]) for each in services["gateway"]["volumes"]}
    assert mounted["/etc/nginx/routes.js"].name == f"{engine}.js"
    assert all(path.exists() for target, path in mounted.items() if "secrets" not in target)


def test_compose_says_what_is_missing() -> None:
    with pytest.raises(AssertionError, match="name the"):
        run("docker-compose", "-f", "llama-server.yaml", "config", at=DEPLOY / "compose")


@pytest.mark.parametrize("variant", VARIANTS)
def test_kubernetes_accepts_its_manifests(variant: str, tmp_path: Path) -> None:
    built = tmp_path / "built.yaml"
    built.write_text(run("kustomize", "build", DEPLOY / "kubernetes" / variant), encoding="utf-8")
    said = run("kubernetes-validate", "--strict", built)
    unknown = re.findall(r"find schema for kind (\w+)", said)
    assert unknown == (["LeaderWorkerSet"] if variant == "vllm-multi-node" else [])
    made = [each for each in yaml.safe_load_all(built.read_text(encoding="utf-8")) if each]
    assert all(each["metadata"].get("namespace", "sc2") == "sc2" for each in made)
    gateway = next(each for each in made if each["kind"] == "Deployment" and "gateway" in str(each))
    names = str(gateway["spec"]["template"]["spec"]["volumes"][0])
    routes = "llama-server" if variant == "llama-server" else "vllm"
    assert f"'gateway-routes-{routes}-" in names
    configured = {each["metadata"]["name"] for each in made if each["kind"] == "ConfigMap"}
    assert set(re.findall(r"'(gateway[a-z0-9-]*)'", names)) <= configured


@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus-kubernetes.yml"])
def test_prometheus_accepts_its_configuration(name: str) -> None:
    assert "SUCCESS" in run("promtool", "check", "config", name, at=DEPLOY / "monitoring")


def test_alerts_ring_when_they_should_and_only_then() -> None:
    run("promtool", "test", "rules", "alerts_test.yml", at=DEPLOY / "monitoring")


def test_metrics_that_are_asked_for_exist(gateway: Gateway) -> None:
    """Of the gateway and of llama-server; vLLM's are from its documentation."""
    gateway.ask("/completion", {"prompt": [600], "n_predict": 2})
    gateway.ask("/completion", {"n_discard": -1})
    asked = "".join(
        (DEPLOY / "monitoring" / name).read_text(encoding="utf-8")
        for name in ("alerts.yml", "grafana/sc2.json")
    )
    names = set(re.findall(r"sc2_gateway_\w+|llamacpp:\w+", asked))
    assert len(names) > 6
    missing = set(names)

    def are_there() -> bool:
        offered = (gateway.inner("/metrics").body + gateway.engine("/metrics").body).decode()
        missing.difference_update(re.findall(r"^\w+(?::\w+)?", offered, re.MULTILINE))
        return not missing

    # A request is counted when it is over, which is after its answer.
    until(are_there, f"the offer of {', '.join(sorted(names))}", seconds=10)


def of_containers(folder: Path) -> dict[str, str]:
    return {"/dev/stdout": f"{folder}/access.log", **LOOPBACK}


CHANGES: dict[str, Callable[[Path], dict[str, str]]] = {
    "compose": of_containers,
    # What is looked up when nginx starts; the engine itself is looked up later.
    "kubernetes/base": lambda folder: {
        **of_containers(folder),
        "kube-dns.kube-system.svc.cluster.local": "127.0.0.1",
    },
    "systemd": lambda _: {":9146;": f":{free_port()};"},
}


@pytest.mark.parametrize("routes", ["llama-server", "vllm"])
@pytest.mark.parametrize("place", CHANGES)
def test_nginx_accepts_its_configuration(routes: str, place: str, tmp_path: Path) -> None:
    configure(tmp_path, routes, site_of(place, CHANGES[place](tmp_path)))
    for other in (DEPLOY / place).glob("engines.conf"):
        shutil.copy(other, tmp_path)
    run("nginx", "-t", "-p", tmp_path, "-c", "nginx.conf", "-e", tmp_path / "error.log")


def test_systemd_accepts_its_units(tmp_path: Path) -> None:
    program = shutil.which("true")
    assert program
    for unit in (DEPLOY / "systemd").glob("*.service"):
        text = unit.read_text(encoding="utf-8")
        text = re.sub(
            r"^(Exec\w+=)/(?:usr|opt)/\S+bin/(nginx|llama-server)",
            rf"\1{program}",
            text,
            flags=re.M,
        )
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    units = sorted(tmp_path.glob("*.service"))
    assert len(units) == 2
    assert run("systemd-analyze", "verify", *units) == ""


def test_keys_are_made_for_plain_names_alone() -> None:
    for name in ("", "a b", 'x"; include /etc/passwd', "x\ny"):
        with pytest.raises(AssertionError, match="name the user by"):
            run("sh", "new-key.sh", name, at=DEPLOY / "gateway")
