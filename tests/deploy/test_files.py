"""The files of deploy/, read and compared; test_gateway.py and test_lint.py run them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project.tree import ROOT

DEPLOY = ROOT / "deploy"
ENGINES = ("llama-server", "vllm")
COMPOSE = ("llama-server.yaml", "vllm.yaml", "gateway.yaml", "monitoring.yaml")
KUBERNETES = sorted((DEPLOY / "kubernetes").rglob("*.yaml"))
YAML = sorted([*DEPLOY.rglob("*.yaml"), *DEPLOY.rglob("*.yml")])


def documents(path: Path) -> list[Any]:
    return [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside a document."""
    if isinstance(value, dict):
        yield value
    for inside in value.values() if isinstance(value, dict) else value:
        if isinstance(inside, dict | list):
            yield from nodes(inside)


def images() -> dict[str, set[str]]:
    """Every image that is named, and by which files."""
    found: dict[str, set[str]] = {}
    for path in YAML:
        for node in nodes(documents(path)):
            if isinstance(node.get("image"), str):
                found.setdefault(node["image"], set()).add(path.relative_to(DEPLOY).as_posix())
    return found


def services() -> dict[str, dict[str, Any]]:
    """Every service of the Compose files, as FILE:NAME."""
    return {
        f"{name}:{service}": settings
        for name in COMPOSE
        for service, settings in documents(DEPLOY / "compose" / name)[0]["services"].items()
    }


def routes(engine: str) -> dict[str, Any]:
    text = (DEPLOY / "gateway" / "routes" / f"{engine}.js").read_text(encoding="utf-8")
    table = json.loads(text.partition("export default ")[2].rstrip().removesuffix(";"))
    assert isinstance(table, dict)
    return table


def rules(engine: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, name, rule)
        for path, route in routes(engine)["paths"].items()
        for name, rule in route.get("fields", {}).items()
    ]


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.relative_to(DEPLOY).as_posix())
def test_yaml_can_be_read(path: Path) -> None:
    assert documents(path)


def test_every_image_is_pinned_by_version_and_digest() -> None:
    assert len(images()) == 5
    for image, files in images().items():
        name, _, digest = image.partition("@")
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest), f"{image} in {files} has no digest"
        tag = name.rpartition(":")[2]
        assert re.search(r"\d+\.\d+\.\d+|-b\d{4,}$", tag), f"{image} in {files} names no version"


def test_one_version_of_each_image() -> None:
    names = [image.partition(":")[0] for image in images()]
    assert len(names) == len(set(names)), sorted(images())


def test_images_are_above_known_fixes() -> None:
    found = " ".join(images())
    llama = re.search(r"llama\.cpp:server-cuda-b(\d+)@", found)
    vllm = re.search(r"vllm-openai:v(\d+)\.(\d+)\.(\d+)@", found)
    nginx = re.search(r"nginx-unprivileged:(\d+)\.(\d+)\.(\d+)-", found)
    assert llama
    assert vllm
    assert nginx
    # n_discard was bounded below in April and above in June of 2026; b10252 is of August.
    assert int(llama[1]) >= 10252
    assert tuple(map(int, vllm.groups())) > (0, 19, 0)
    assert tuple(map(int, nginx.groups())) >= (1, 30, 2)


def test_only_the_gateway_is_published() -> None:
    published = {
        name: service["ports"] for name, service in services().items() if "ports" in service
    }
    assert published.pop("gateway.yaml:gateway") == ["${SC2_PORT:-443}:8443"]
    for name, ports in published.items():
        assert all(port.startswith("127.0.0.1:") for port in ports), f"{name} is open: {ports}"


@pytest.mark.parametrize("name", ["llama-server.yaml", "vllm.yaml"])
def test_the_engine_has_no_way_out(name: str) -> None:
    compose = documents(DEPLOY / "compose" / name)[0]
    assert compose["networks"]["inside"] == {"internal": True}
    assert compose["services"]["engine"]["networks"] == ["inside"]


def test_containers_give_up_what_they_do_not_need() -> None:
    for name, service in services().items():
        if "extends" in service:
            continue
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


PROCESSES_BESIDE_WORKERS = 16
"""nginx's master, a reload, a probe, and the threads of the program that starts these two."""


def n_workers() -> int:
    """How many processes nginx starts: no `auto`, which is the cores of the host."""
    text = (DEPLOY / "gateway" / "nginx.conf").read_text(encoding="utf-8")
    (number,) = re.findall(r"^worker_processes (\d+);", text, re.MULTILINE)
    return int(number)


def test_the_gateway_has_room_for_two_generations_of_workers() -> None:
    """After a reload the former workers finish what they have begun beside the new ones."""
    limits = [service["pids_limit"] for service in services().values() if "pids_limit" in service]
    assert len(limits) == 1
    assert 2 * n_workers() + PROCESSES_BESIDE_WORKERS <= limits[0]


PLACES = ("compose", "kubernetes/base", "systemd")


def listens(place: str) -> dict[str, str]:
    """Where the gateway listens, by what is there."""
    text = (DEPLOY / place / "site.conf").read_text(encoding="utf-8")
    servers = re.findall(r"^server \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    found = {}
    for server in servers:
        (address,) = re.findall(r"listen ([^;]+);", server)
        included = re.findall(r"include (\w+)\.conf;", server)
        found[included[0] if included else "engine"] = address
    assert text.count("listen ") == len(found)
    return found


@pytest.mark.parametrize("place", PLACES[:2])
def test_a_container_s_ports_are_those_that_are_named_elsewhere(place: str) -> None:
    assert listens(place) == {"outer": "8443 ssl", "inner": "9145"}
    if place == "compose":
        gateway = services()["gateway.yaml:gateway"]
        assert gateway["ports"][0].endswith(":8443")
        assert ":9145/healthz" in gateway["healthcheck"]["test"][-1]
    else:
        (container,) = (
            container
            for node in nodes(documents(DEPLOY / place / "gateway.yaml"))
            for container in node.get("containers", [])
        )
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert ports == {"https": 8443, "metrics": 9145}


def test_a_machine_without_containers_shows_metrics_to_itself_alone() -> None:
    assert listens("systemd") == {
        "outer": "443 ssl",
        "inner": "127.0.0.1:9145",
        "engine": "127.0.0.1:9146",
    }


def test_all_that_the_gateway_includes_is_where_it_looks() -> None:
    folder = DEPLOY / "gateway"
    conf = "".join(
        path.read_text(encoding="utf-8")
        for path in [*folder.glob("*.conf"), *(DEPLOY / place / "site.conf" for place in PLACES)]
    )
    needed = set(re.findall(r"(?:include|js_import \w+ from) (\w+\.\w+);", conf))
    needed |= {"nginx.conf", "routes.js"}
    assert needed - {"engines.conf"} == {
        *("nginx.conf", "outer.conf", "inner.conf", "gateway.js", "routes.js", "site.conf"),
    }
    mounted = {
        volume.split(":")[-2].rpartition("/")[2]
        for name, service in services().items()
        for volume in service.get("volumes", [])
        if name.endswith(":gateway")
    }
    text = (DEPLOY / "kubernetes" / "base" / "gateway.yaml").read_text(encoding="utf-8")
    projected = set(re.findall(r"mountPath: /etc/nginx/([\w.]+), subPath: \1,", text))
    assert mounted - {"secrets"} == projected == needed - {"engines.conf"}
    (kustomization,) = documents(folder / "kustomization.yaml")
    shared = kustomization["configMapGenerator"][0]["files"]
    assert set(shared) == needed - {"engines.conf", "routes.js", "site.conf"}


def test_kubernetes_publishes_the_gateway_s_https_alone() -> None:
    found = [each for path in KUBERNETES for each in documents(path) if each["kind"] == "Service"]
    open_ports = {
        service["metadata"]["name"]: [port["targetPort"] for port in service["spec"]["ports"]]
        for service in found
        if service["spec"].get("type", "ClusterIP") != "ClusterIP"
    }
    assert open_ports == {"gateway": ["https"]}
    assert not [
        each for path in KUBERNETES for each in documents(path) if each["kind"] == "Ingress"
    ]


def test_kubernetes_denies_what_it_does_not_allow() -> None:
    policies = {
        each["metadata"]["name"]: each["spec"]
        for each in documents(DEPLOY / "kubernetes" / "base" / "network-policies.yaml")
    }
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    engine = policies["engine"]
    assert engine["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in engine
    assert [next(iter(source)) for source in engine["ingress"][0]["from"]] == [
        "podSelector",
        "namespaceSelector",
    ]


def test_containers_of_kubernetes_gain_nothing() -> None:
    for path in KUBERNETES:
        for node in nodes(documents(path)):
            for container in node.get("containers", []):
                context = container["securityContext"]
                assert context["allowPrivilegeEscalation"] is False, path
                assert context["capabilities"] == {"drop": ["ALL"]}, path
                assert "limits" in container["resources"], path


def engine_flags() -> dict[str, str]:
    """How each file starts its engine."""
    found = {}
    for name in ("llama-server", "vllm"):
        compose = documents(DEPLOY / "compose" / f"{name}.yaml")[0]
        found[f"compose/{name}.yaml"] = compose["services"]["engine"]["command"]
    for path in KUBERNETES:
        for node in nodes(documents(path)):
            for container in node.get("containers", []):
                if "args" in container:
                    found[path.relative_to(DEPLOY).as_posix()] = " ".join(container["args"])
    unit = (DEPLOY / "systemd" / "sc2-engine@.service").read_text(encoding="utf-8")
    start = re.search(r"^ExecStart=((?:.*\\\n)*.*)", unit, re.MULTILINE)
    assert start
    found["systemd/sc2-engine@.service"] = start[1]
    return found


def test_engines_log_no_prompts_and_offer_no_more_than_needed() -> None:
    flags = engine_flags()
    assert len(flags) == 6
    for name, line in flags.items():
        for forbidden in (
            "--verbose",
            "-lv",
            "--log-prompts",
            "--slot-save-path",
            "--props",
            "--lora",
        ):
            assert forbidden not in line, f"{name} has {forbidden}"
        assert "--context-shift" not in line, name
        assert "trust-remote-code" not in line, name
        if "vllm" in name:
            assert "--no-enable-log-requests" in line, name
            assert "--disable-uvicorn-access-log" in line, name
        else:
            for needed in (
                "--no-slots",
                "--no-webui",
                "--offline",
                "--metrics",
                "--no-cache-idle-slots",
                "--slot-prompt-similarity",
            ):
                assert needed in line, f"{name} lacks {needed}"


@pytest.mark.parametrize("engine", ENGINES)
def test_what_the_gateway_says_of_a_field_is_what_it_checks(engine: str) -> None:
    for path, name, rule in rules(engine):
        said = re.findall(r"-?\d+(?:\.\d+)?", rule.get("says", ""))
        for bound in ("count", "length", "least", "most"):
            assert bound not in rule or str(rule[bound]) in said, f"{path} {name}: {bound}"


def test_the_dashboard_asks_for_metrics_of_the_gateway_and_the_engines() -> None:
    dashboard = json.loads((DEPLOY / "monitoring/grafana/sc2.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(queries) > 15
    metric = r"\b(?:sc2_gateway_\w+|llamacpp:\w+|vllm:\w+|up)\b"
    assert all(re.search(metric, query) for query in queries)
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def test_units_are_confined() -> None:
    for unit in (DEPLOY / "systemd").glob("*.service"):
        text = unit.read_text(encoding="utf-8")
        # The gateway has a port below 1024.
        may = "CAP_NET_BIND_SERVICE" if unit.name == "sc2-gateway.service" else ""
        for line in (
            *("DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes"),
            *(f"CapabilityBoundingSet={may}", f"AmbientCapabilities={may}"),
        ):
            assert f"\n{line}\n" in text, f"{unit.name} lacks {line}"
    engine = (DEPLOY / "systemd" / "sc2-engine@.service").read_text(encoding="utf-8")
    assert "\nPrivateNetwork=yes\n" in engine
