"""What passes the gateway and what never reaches the engine: real nginx, real llama-server."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.deploy.engines import Loading, Recorder
from tests.deploy.flood import beginning_with, measured, stream
from tests.deploy.gateway import FILES, KEYS, Gateway, key_line, until
from tests.deploy.test_files import n_workers

pytestmark = pytest.mark.gateway

PROMPT = {"prompt": [600, 601, 602], "n_predict": 4, "temperature": 0}
# What the language server sends to have a word that the cursor cuts written anew.
HEALING = r'root ::= "\U00000064\U00000065" [\U00000000-\U0010FFFF]*'
ALICE = f"Authorization: Bearer {KEYS['alice']}\r\n"


def refused(gateway: Gateway, status: int, reason: str, *args: Any, **kwargs: Any) -> None:
    answer = gateway.ask(*args, **kwargs)
    assert (answer.status, answer.reason) == (status, reason), answer.body
    assert gateway.recorder.requests() == b""


def test_what_a_language_server_asks_is_answered(gateway: Gateway) -> None:
    assert gateway.ask("/health").json == {"status": "ok"}
    assert gateway.ask("/v1/models").json["object"] == "list"
    tokens = gateway.ask("/tokenize", {"content": "def f(x):", "parse_special": False}).json
    assert all(isinstance(token, int) for token in tokens["tokens"])
    text = gateway.ask("/detokenize", tokens).json["content"]
    assert text == "def f(x):"
    asked = {**PROMPT, "cache_prompt": True, "return_tokens": True, "samplers": ["temperature"]}
    answer = gateway.ask("/completion", asked)
    assert answer.status == 200
    assert len(answer.json["tokens"]) == 4
    healed = gateway.ask("/completion", {**asked, "grammar": HEALING})
    assert healed.json["content"].startswith("de")


def test_the_engine_gets_a_body_written_by_the_gateway(gateway: Gateway) -> None:
    """No header and no byte of the body is passed on as it came."""
    body = b'{ "n_predict" : 4, "prompt":[1,2], "prompt":[3,4.0], "stream":false}'
    headers = {"X-Forwarded-For": "1.2.3.4", "Cookie": "planted", "Accept-Encoding": "gzip"}
    assert gateway.ask("/%63ompletion?planted=1", body, headers=headers).status == 200
    head, _, sent = gateway.recorder.requests().partition(b"\r\n\r\n")
    assert sent == b'{"prompt":[3,4],"n_predict":4,"stream":false,"t_max_predict_ms":30000}'
    lines = head.decode().splitlines()
    assert lines[0] == "POST /completion HTTP/1.1"
    names = {line.partition(":")[0].lower() for line in lines[1:]}
    assert names == {"host", "content-type", "content-length"}


def test_a_completion_is_bounded_where_the_request_does_not_say(gateway: Gateway) -> None:
    gateway.ask("/completion", {"prompt": [600, 601]})
    assert b'"n_predict":64' in gateway.recorder.requests()


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/slots", "/slots/0?action=save", "/props", "/metrics", "/lora-adapters", "/infill"),
        *("/completions", "/v1/completions", "/v1/chat/completions", "/v1/stream", "/embedding"),
        *("/completion/", "/completion/x", "/COMPLETION", "/completion%00", "/v1/../slots"),
        *("/health/..%2fslots", "/completion;x", "/models/load", "/tools", "/cors-proxy"),
        *("/__proto__", "/constructor", "/toString", "/@engine", "//evil.example/slots"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_other_path(gateway: Gateway, path: str, method: str) -> None:
    body = b"{}" if method == "POST" else None
    answer = gateway.ask(path, body, method=method)
    assert answer.status in (400, 404)
    assert gateway.recorder.requests() == b""


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_no_other_method(gateway: Gateway, method: str) -> None:
    assert gateway.ask("/completion", method=method).status == 405
    assert gateway.ask("/health", b"{}", method="POST").status == 405
    assert gateway.recorder.requests() == b""


FORBIDDEN = {
    "negative": '{"prompt":[600],"n_discard":-1}',
    "zero": '{"prompt":[600],"n_discard":0}',
    "huge": '{"prompt":[600],"n_discard":2147483647}',
    "text": '{"prompt":[600],"n_discard":"-1"}',
    "escaped": '{"prompt":[600],"n_discar\\u0064":-1}',
    "doubled": '{"n_discard":-1,"prompt":[600],"n_discard":0}',
    "n_keep": '{"prompt":[600],"n_keep":-1}',
    "alias": '{"prompt":[600],"max_tokens":-1}',
    "lora": '{"prompt":[600],"lora":[{"id":0,"scale":1}]}',
    "grammar": '{"prompt":[600],"grammar":"root ::= root root"}',
    "grammar behind": json.dumps({"prompt": [600], "grammar": f"{HEALING}\nx ::= x"}),
    "grammar inside": json.dumps({"prompt": [600], "grammar": HEALING.replace("65", '"root"')}),
    "schema": '{"prompt":[600],"json_schema":{}}',
    "many": '{"prompt":[600],"n":100}',
    "media": '{"prompt":{"prompt_string":"x","multimodal_data":["eA=="]}}',
    "prototype": '{"prompt":[600],"__proto__":{"n_discard":-1}}',
    "constructor": '{"prompt":[600],"constructor":1}',
    "endless": '{"prompt":[600],"n_predict":-1}',
    "long": '{"prompt":[600],"n_predict":100000}',
    "fraction": '{"prompt":[600],"n_predict":1.5}',
    "infinite": '{"prompt":[600],"n_predict":1e999}',
    "null": '{"prompt":[600],"n_predict":null}',
    "true": '{"prompt":[600],"n_predict":true}',
    "not a flag": '{"prompt":[600],"stream":"true"}',
    "text prompt": '{"prompt":"<file_sep>"}',
    "several prompts": '{"prompt":[[600],[601]]}',
    "mixed prompt": '{"prompt":[600,"<file_sep>"]}',
    "nested prompt": '{"prompt":[600,{"n_discard":-1}]}',
    "negative token": '{"prompt":[-1]}',
    "foreign token": '{"prompt":[49152]}',
    "no prompt": "{}",
    "empty prompt": '{"prompt":[]}',
    # What would be harmless, and nobody asks for.
    "stop": '{"prompt":[600],"stop":["x"]}',
    "top_k": '{"prompt":[600],"top_k":40}',
    "top_p": '{"prompt":[600],"top_p":0.9}',
    "min_p": '{"prompt":[600],"min_p":0.1}',
    "repeat_penalty": '{"prompt":[600],"repeat_penalty":1.1}',
    "seed": '{"prompt":[600],"seed":1}',
    "n_probs": '{"prompt":[600],"n_probs":1}',
    "post_sampling_probs": '{"prompt":[600],"post_sampling_probs":true}',
    "logit_bias": '{"prompt":[600],"logit_bias":[[0,false]]}',
    "n_cache_reuse": '{"prompt":[600],"n_cache_reuse":256}',
    "response_fields": '{"prompt":[600],"response_fields":["content"]}',
    "sampler": '{"prompt":[600],"samplers":["xtc"]}',
    "another sampler": '{"prompt":[600],"samplers":["top_k"]}',
    "two samplers": '{"prompt":[600],"samplers":["temperature","temperature"]}',
    "no samplers": '{"prompt":[600],"samplers":{}}',
    "list": '[{"prompt":[600]}]',
    "number": "1",
    "nothing": "null",
    "too many tokens": json.dumps({"prompt": [600] * 16_385}),
}


@pytest.mark.parametrize("body", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_no_other_field_and_no_other_value(gateway: Gateway, body: str) -> None:
    refused(gateway, 400, "field", "/completion", body.encode())


BROKEN = {
    "empty": b"",
    "UTF-16": '{"prompt":[600],"n_discard":-1}'.encode("utf-16"),
    "UTF-16 without mark": '{"prompt":[600],"n_discard":-1}'.encode("utf-16-le"),
    "UTF-32": '{"prompt":[600],"n_discard":-1}'.encode("utf-32"),
    "mark": b'\xef\xbb\xbf{"prompt":[600]}',
    "two": b'{"prompt":[600]}{"prompt":[600],"n_discard":-1}',
    "rest": b'{"prompt":[600]}\0{"n_discard":-1}',
    "comment": b'{"prompt":[600]/*"*/,"n_discard":-1/*"*/}',
    "single quotes": b"{'prompt':[600]}",
    "deep": b'{"prompt":' + b"[" * 60_000,
    "deep and closed": b'{"prompt":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "gzip without saying so": gzip.compress(b'{"prompt":[600],"n_discard":-1}'),
    "not a number": b'{"prompt":[600],"temperature":NaN}',
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_not_json(gateway: Gateway, body: bytes) -> None:
    answer = gateway.ask("/completion", body)
    assert answer.status == 400
    assert answer.reason in ("json", "field")
    assert gateway.recorder.requests() == b""


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "identity"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "text/plain"},
    ],
)
def test_no_other_encoding(gateway: Gateway, headers: dict[str, str]) -> None:
    body = gzip.compress(b'{"prompt":[600],"n_discard":-1}')
    refused(gateway, 415, "encoding", "/completion", body, headers=headers)


def chunked(body: bytes) -> bytes:
    size = max(1, len(body) // 3)
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def chunked_request(body: bytes, also: str = "") -> bytes:
    head = (
        f"POST /completion HTTP/1.1\r\nHost: localhost\r\n{ALICE}Connection: close\r\n"
        f"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n{also}\r\n"
    )
    return head.encode() + chunked(body)


def test_a_chunked_body_is_filtered_as_any_other(gateway: Gateway) -> None:
    assert gateway.raw(chunked_request(json.dumps(PROMPT).encode())).status == 200
    assert b"Transfer-Encoding" not in gateway.recorder.requests()
    answer = gateway.raw(chunked_request(FORBIDDEN["negative"].encode()))
    assert (answer.status, answer.reason) == (400, "field")
    assert gateway.raw(chunked_request(b"1" * 200_000)).status == 413
    assert gateway.recorder.requests() == b""


def test_two_lengths_are_no_request(gateway: Gateway) -> None:
    smuggled = b"0\r\n\r\nPOST /slots/0 HTTP/1.1\r\nHost: x\r\n\r\n"
    request = chunked_request(b"", f"Content-Length: {len(smuggled)}\r\n") + smuggled
    assert gateway.raw(request).status == 400
    assert gateway.recorder.requests() == b""


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong-0123456789abcdef"},
        {"Authorization": "Bearer " + KEYS["alice"] + " " + KEYS["bob"]},
        {"Authorization": "Basic " + KEYS["alice"]},
        {"X-API-Key": KEYS["alice"]},
        {"Authorization": "Bearer " + KEYS["alice"][:-1]},
    ],
)
def test_no_other_key(gateway: Gateway, headers: dict[str, str]) -> None:
    for path, body in (("/health", None), ("/completion", PROMPT), ("/nowhere", None)):
        refused(gateway, 401, "key", path, body, key=None, headers=headers)


def test_the_hash_of_a_key_is_no_key(gateway: Gateway) -> None:
    stored = (gateway.folder / "secrets" / "keys.map").read_text(encoding="utf-8").split('"')[1]
    refused(gateway, 401, "key", "/health", key=stored)


def test_a_large_body_is_refused_and_stored_nowhere(gateway: Gateway) -> None:
    refused(gateway, 413, "size", "/completion", b" " * 131_073)
    body = json.dumps({**PROMPT, "prompt": [600] * 50}).encode()
    assert gateway.ask("/completion", body + b" " * (131_072 - len(body))).status == 200
    assert [path for path in gateway.folder.rglob("*/0*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("path", "body", "most"),
    [("/completion", {"prompt": [600], "n_predict": 1}, 21), ("/health", None, 501)],
)
def test_too_many_requests_of_one_user_are_none_of_another(
    slow_gateway: Gateway, path: str, body: object, most: int
) -> None:
    answers = [slow_gateway.ask(path, body) for _ in range(most + 9)]
    statuses = [answer.status for answer in answers]
    assert statuses == [200] * most + [429] * 9
    assert slow_gateway.recorder.requests().count(f" {path} HTTP/1.1".encode()) == most
    assert answers[-1].reason == "limit"
    assert answers[-1].headers["Retry-After"] == "1"
    assert slow_gateway.ask(path, body, key=KEYS["bob"]).status == 200


def test_completions_at_their_limit_leave_room_for_the_rest(slow_gateway: Gateway) -> None:
    """A language server asks for the tokens of several texts for each of its completions."""
    statuses = [slow_gateway.ask("/%63ompletion", {}).status for _ in range(22)]
    assert statuses == [400] * 21 + [429]
    assert slow_gateway.ask("/tokenize", {"content": "x"}).status == 200


def test_a_stream_arrives_as_it_is_written(gateway: Gateway) -> None:
    # All of it is less than a buffer of nginx, which logs a request at its end.
    connection, response = stream(gateway, 24)
    assert gateway.log() == []
    lines = [line for line in response.read().split(b"\n") if line.startswith(b"data: ")]
    assert len(lines) > 8
    assert json.loads(lines[-1][6:])["stop"] is True
    connection.close()


def test_a_cancelled_stream_is_cancelled_at_the_engine(gateway: Gateway) -> None:
    written = measured(gateway, "llamacpp:tokens_predicted_total")
    connection, response = stream(gateway, 512)
    response.close()
    connection.close()
    until(
        lambda: measured(gateway, "llamacpp:requests_processing") == 0, "the end of the generation"
    )
    written = measured(gateway, "llamacpp:tokens_predicted_total") - written
    assert written < 400, "the engine went on for nobody"


@contextmanager
def unanswered(gateway: Gateway) -> Iterator[tuple[http.client.HTTPConnection, socket.socket]]:
    """A request that waits for an engine that answers nothing, and what the engine has of it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        gateway.recorder.target = silent.getsockname()[1]
        connection = gateway.connect()
        headers = {"Authorization": f"Bearer {KEYS['alice']}", "Content-Type": "application/json"}
        connection.request("POST", "/completion", json.dumps(PROMPT), headers)
        asked, _ = silent.accept()
        with asked:
            asked.settimeout(30)
            yield connection, asked


def test_who_hangs_up_before_an_answer_begins_is_not_worked_for(gateway: Gateway) -> None:
    with unanswered(gateway) as (connection, asked):
        assert asked.recv(65536)
        connection.close()
        while asked.recv(65536):
            pass


def test_more_completions_at_once_than_a_user_may_have(gateway: Gateway) -> None:
    waiting = [gateway.connect() for _ in range(4)]
    headers = {"Authorization": f"Bearer {KEYS['alice']}", "Content-Type": "application/json"}
    n_arrived = 0

    def arrived() -> bool:
        nonlocal n_arrived
        n_arrived += gateway.recorder.requests().count(b"POST /completion ")
        return n_arrived == 4

    # An engine that answers nothing: none of them is over before the last has come.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine, gateway.recorder.target = gateway.recorder.target, silent.getsockname()[1]
        try:
            for connection in waiting:
                connection.request("POST", "/completion", json.dumps(PROMPT), headers)
            until(arrived, "the arrival of four completions at the engine")
            gateway.recorder.target = engine
            assert gateway.ask("/completion", {}).status == 429
            assert gateway.ask("/health").status == 200
            assert gateway.ask("/completion", {}, key=KEYS["bob"]).status == 400
        finally:
            for connection in waiting:
                connection.close()


def test_there_are_as_many_workers_as_are_configured(gateway: Gateway) -> None:
    master = psutil.Process(gateway.process.pid)
    until(lambda: len(master.children()) == n_workers(), "the start of all workers")
    with unanswered(gateway) as (connection, _):
        gateway.reload()
        # One of the first still waits for its engine, beside the new ones.
        n_during = n_workers() + 1
        until(lambda: len(master.children()) == n_during, "the second generation")
        connection.close()
        until(lambda: len(master.children()) == n_workers(), "the end of the first")


def test_keys_change_without_cutting_a_stream(gateway: Gateway) -> None:
    connection, response = stream(gateway, 64)
    carol = "carol-0123456789abcdef"
    keys = gateway.folder / "secrets" / "keys.map"
    keys.write_text(key_line("carol", carol), encoding="utf-8")
    gateway.reload()
    until(lambda: gateway.ask("/health", key=carol).status == 200, "the new key")
    assert gateway.ask("/health").status == 401
    assert b'"stop":true' in response.read()
    connection.close()


def test_an_engine_that_is_away_is_said_so_and_found_again(gateway: Gateway) -> None:
    engine = gateway.recorder.target
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        gateway.recorder.target = nobody.getsockname()[1]
        answer = gateway.ask("/completion", PROMPT)
        assert (answer.status, answer.reason) == (503, "engine")
        assert "Retry-After" in answer.headers
    gateway.recorder.target = engine
    until(lambda: gateway.ask("/health").status == 200, "the engine's return", 15)


def test_a_user_stays_with_one_engine_and_changes_without_a_gap(
    two_engines: tuple[Gateway, Recorder, Recorder],
) -> None:
    gateway, *engines = two_engines
    for _ in range(8):
        assert gateway.ask("/completion", PROMPT).status == 200
    asked = [engine.requests().count(b"POST /completion ") for engine in engines]
    assert sorted(asked) == [0, 8]
    engines[asked.index(8)].close()
    assert [gateway.ask("/completion", PROMPT).status for _ in range(8)] == [200] * 8
    assert engines[asked.index(0)].requests().count(b"POST /completion ") == 8


def test_nobody_notices_an_engine_that_still_loads(half_loaded: tuple[Gateway, Loading]) -> None:
    gateway, loading = half_loaded
    assert [gateway.ask("/completion", PROMPT, key=key).status for key in KEYS.values()] == [
        200 for _ in KEYS
    ]
    assert loading.n_asked > 0


# None is one literal with anything behind it.
REGEXES = (
    *(r"(a+)+(.|\n)*", "a+", r"(.|\n)*", r"a.(.|\n)*", r"a\d(.|\n)*", r"[a](.|\n)*", r"a|b(.|\n)*"),
    *(r"a(.|\n)*(.|\n)*", r"a(.|\n)*b", "a(.|\n)*", "x" * 513 + r"(.|\n)*", 7),
)
VLLM = {"model": "starcoder2", "prompt": [600, 601], "max_tokens": 2, "temperature": 0}


def test_vllm_is_asked_in_the_gateway_s_words(vllm_gateway: Gateway) -> None:
    assert vllm_gateway.ask("/v1/completions", VLLM).status == 200
    _, _, sent = vllm_gateway.recorder.requests().partition(b"\r\n\r\n")
    assert json.loads(sent) == {**VLLM, "cache_salt": "alice"}
    streamed = {**VLLM, "stream": True, "stream_options": {"include_usage": True}}
    answer = vllm_gateway.ask("/v1/completions", streamed)
    assert answer.body.rstrip().endswith(b"data: [DONE]")


@pytest.mark.parametrize(
    "more",
    [
        *({"cache_salt": "bob"}, {"n": 100}, {"best_of": 4}, {"prompt": "<file_sep>"}),
        *({"prompt_embeds": "AAAA"}, {"echo": True}, {"guided_regex": "(a+)+$"}, {"max_tokens": 0}),
        *({"structured_outputs": {"regex": regex}} for regex in REGEXES),
        *({"structured_outputs": {}}, {"structured_outputs": "x(.|\\n)*"}),
        {"structured_outputs": {"regex": r"x(.|\n)*", "json": {}}},
        {"structured_outputs": {"json": {}}},
        *({"stream_options": {"other": True}}, {"user": "x"}, {"priority": -1}),
        # What would be harmless, and nobody asks for.
        *({"stop": ["x"]}, {"min_p": 0.1}, {"seed": 1}, {"logprobs": 1}, {"logit_bias": {"1": 1}}),
        *({"allowed_token_ids": [600]}, {"include_stop_str_in_output": True}),
        {"return_tokens_as_token_ids": True},
    ],
    ids=str,
)
def test_vllm_gets_no_other_field(vllm_gateway: Gateway, more: dict[str, object]) -> None:
    refused(vllm_gateway, 400, "field", "/v1/completions", {**VLLM, **more})
    refused(vllm_gateway, 404, "path", "/completion", PROMPT)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_is_of_today(gateway: Gateway) -> None:
    def agreed() -> str | None:
        with (
            socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as plain,
            gateway.tls.wrap_socket(plain, server_hostname="localhost") as wrapped,
        ):
            return wrapped.selected_alpn_protocol()

    gateway.tls.set_alpn_protocols(["h2", "http/1.1"])
    assert agreed() == "h2"
    gateway.tls.set_ciphers("DEFAULT@SECLEVEL=0")
    gateway.tls.minimum_version = ssl.TLSVersion.TLSv1_1
    gateway.tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        agreed()
    plain = socket.create_connection(("127.0.0.1", gateway.port), timeout=10)
    with plain:
        plain.sendall(f"GET /health HTTP/1.1\r\nHost: localhost\r\n{ALICE}\r\n".encode())
        assert plain.recv(100).startswith(b"HTTP/1.1 400")
    assert gateway.recorder.requests() == b""


def test_nothing_of_a_body_or_a_key_is_logged(gateway: Gateway, engine_folder: Path) -> None:
    marker = "planted_marker"
    tokens = gateway.ask("/tokenize", {"content": marker}).json["tokens"]
    asked = {"prompt": tokens, "n_predict": 20, "grammar": beginning_with(marker)}
    answer = gateway.ask(f"/completion?{marker}", asked, headers={"User-Agent": marker})
    assert answer.json["content"].startswith(marker)
    gateway.ask("/completion", {**PROMPT, marker: 1})
    gateway.ask("/completion", f'{{"prompt":[600],{marker}'.encode())
    gateway.ask("/completion", marker.encode() * 20_000)
    gateway.ask("/health", key=marker * 2)
    gateway.ask(f"/{marker}")
    until(lambda: len(gateway.log()) == 7, "the seventh line of the log")
    answers = [line["status"] for line in gateway.log()]
    assert answers == [200, 200, 400, 400, 413, 401, 404]
    written = [*gateway.folder.rglob("*.log"), engine_folder / "llama.log"]
    assert len(written) == 3
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert marker not in text, path.name
        assert not any(key in text for key in KEYS.values()), path.name


def test_metrics_count_users_and_refusals_on_the_inner_port_alone(gateway: Gateway) -> None:
    gateway.ask("/completion", PROMPT)
    gateway.ask("/completion", {**PROMPT, "n_discard": -1}, key=KEYS["bob"])
    gateway.ask("/health", key=None)
    until(lambda: len(gateway.log()) == 3, "the third line of the log")
    lines = gateway.inner("/metrics").body.decode().splitlines()
    assert 'sc2_gateway_requests_total{user="alice",status="200"} 1' in lines
    assert 'sc2_gateway_requests_total{user="bob",status="400"} 1' in lines
    assert 'sc2_gateway_requests_total{user="-",status="401"} 1' in lines
    assert 'sc2_gateway_refused_total{reason="field"} 1' in lines
    assert 'sc2_gateway_refused_total{reason="key"} 1' in lines
    assert "sc2_gateway_completion_seconds_count 1" in lines
    assert gateway.inner("/healthz").json == {"status": "ok"}
    assert gateway.inner("/completion").status == 404
    assert gateway.ask("/metrics").status == 404


def test_a_new_key_is_made_by_the_script(gateway: Gateway) -> None:
    made = subprocess.run(
        ["sh", FILES / "new-key.sh", "dave"], check=True, capture_output=True, text=True
    )
    key, line = made.stderr.split()[-1], made.stdout
    with (gateway.folder / "secrets" / "keys.map").open("a", encoding="utf-8") as keys:
        keys.write(line)
    gateway.reload()
    until(lambda: gateway.ask("/health", key=key).status == 200, "the new key")
