"""Secrets of every kind that people leave in files, none of them real.

Each is put together when the tests run, so that no scanner of this repository takes it for one.
"""

from __future__ import annotations

import base64
import random
import string
from dataclasses import dataclass

_BASE62 = string.ascii_letters + string.digits
_BASE64 = _BASE62 + "+/"
_HEX = "0123456789abcdef"
_UPPER = string.ascii_uppercase + "234567"
_random = random.Random(50)


@dataclass(frozen=True, slots=True)
class Planted:
    """A secret and lines of a file that hold it; of a key block, each line is one."""

    name: str
    secrets: tuple[str, ...]
    lines: str


def _some(n: int, alphabet: str = _BASE62) -> str:
    """`n` chars drawn from `alphabet`, with a digit where it has any, as nearly all keys have."""
    while True:
        drawn = "".join(_random.choice(alphabet) for _ in range(n))
        if not set(alphabet) & set(string.digits) or set(drawn) & set(string.digits):
            return drawn


def _plant(name: str, template: str, secret: str) -> Planted:
    return Planted(name, (secret,), template.replace("@@", secret))


def _base64(n_bytes: int) -> str:
    return base64.b64encode(_random.randbytes(n_bytes)).decode()


def _jwt() -> str:
    parts = [
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"42","name":"A"}')
    ]
    return ".".join((*parts, _some(43)))


def _block(kind: str, n_lines: int) -> list[str]:
    mark = "-" * 5
    body = [_some(64, _BASE64) for _ in range(n_lines)] + [_some(31, _BASE64) + "="]
    return [f"{mark}BEGIN {kind}{mark}", *body, f"{mark}END {kind}{mark}"]


def _plant_block(name: str, kind: str, before: str, join: str, after: str) -> Planted:
    lines = _block(kind, 12)
    return Planted(name, tuple(lines[1:-1]), before + join.join(lines) + after)


_ISSUED = (
    ("aws access key", "AKIA" + _some(16, _UPPER)),
    ("google api key", "AIza" + _some(35)),
    ("google oauth secret", "GOCSPX-" + _some(28)),
    ("azure client secret", _some(3) + "8Q~" + _some(34)),
    ("digitalocean token", "dop_v1_" + _some(64, _HEX)),
    ("databricks token", "dapi" + _some(32, _HEX)),
    ("github token", "ghp_" + _some(36)),
    ("github server token", "ghs_" + _some(36)),
    ("github fine-grained token", "github_pat_" + _some(22) + "_" + _some(59)),
    ("gitlab token", "glpat-" + _some(20)),
    ("atlassian token", "ATATT3xFfGF0" + _some(160)),
    ("npm token", "npm_" + _some(36)),
    ("pypi token", "pypi-" + "AgEIcHlwaS5vcmc" + _some(100)),
    ("rubygems key", "rubygems_" + _some(48, _HEX)),
    ("docker token", "dckr_pat_" + _some(27)),
    ("vault token", "hvs." + _some(90)),
    ("grafana token", "glsa_" + _some(32) + "_" + _some(8, _HEX)),
    ("age key", "AGE-SECRET-KEY-1" + _some(58, string.ascii_uppercase + "023456789")),
    ("anthropic key", "sk-ant-" + "api03-" + _some(93) + "AA"),
    ("openai project key", "sk-" + "proj-" + _some(74)),
    ("openai key", "sk-" + _some(20) + "T3BlbkFJ" + _some(20)),
    ("hugging face token", "hf_" + _some(34)),
    ("replicate token", "r8_" + _some(37)),
    ("groq key", "gsk_" + _some(52)),
    ("stripe live key", "sk_" + "live_" + _some(24)),
    ("stripe restricted key", "rk_" + "test_" + _some(24)),
    ("stripe webhook secret", "whsec_" + _some(32)),
    ("square token", "sq0" + "atp-" + _some(22)),
    ("shopify token", "shpat_" + _some(32, _HEX)),
    ("slack bot token", "xox" + "b-" + _some(12, string.digits) + "-" + _some(24)),
    ("slack app token", "xapp-" + "1-A" + _some(10, _UPPER) + "-" + _some(13, string.digits)),
    ("slack webhook", "services/T" + _some(8, _UPPER) + "/B" + _some(8, _UPPER) + "/" + _some(24)),
    ("sendgrid key", "SG." + _some(22) + "." + _some(43)),
    ("twilio key", "SK" + _some(32, _HEX)),
    ("mailgun key", "key-" + _some(32, _HEX)),
    ("mailchimp key", _some(32, _HEX) + "-us12"),
    ("telegram bot token", _some(10, "123456789") + ":AA" + _some(33)),
    ("discord bot token", "MTA" + _some(23) + "." + _some(6) + "." + _some(38)),
    ("linear key", "lin_api_" + _some(40)),
    ("notion token", "secret_" + _some(43)),
    ("figma token", "figd_" + _some(40)),
    ("signed claims", _jwt()),
)
_NAMED = (
    ("aws secret key", 'AWS_SECRET_ACCESS_KEY = "@@"', _base64(30)),
    (
        "known aws key",
        "aws_secret_access_key = @@",
        "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
    ),
    ("django key", "SECRET_KEY = 'django-insecure-@@'", _some(50, _BASE62 + "!@#%^&*(-_=+")),
    ("password", 'password = "@@"', "hunter" + "2"),
    ("password of a mark", "db_password = '@@'", "S3cr3t!" + "Pa$$"),
    ("long word", 'PASSWORD = "@@"', "correcthorse" + "batterystaple"),
    ("passphrase", 'passphrase="@@"', "correct-horse" + "-battery-staple"),
    ("argument", 'connect(host, user="app", password="@@")', "tr0ub4dor" + "&3"),
    ("default", 'os.environ.get("DB_PASSWORD", "@@")', "pg_" + _some(12)),
    ("fallback", 'const token = process.env.API_TOKEN || "@@";', _some(32)),
    ("comparison", 'if (password === "@@") {', "l3tm31n" + "now"),
    ("item", 'config["auth_token"] = "@@"', _some(24)),
    ("json", '  "clientSecret": "@@",', _some(40, _HEX)),
    ("yaml", "  password: @@", "winter" + "2024"),
    ("yaml list", "    - MYSQL_ROOT_PASSWORD=@@", "roo7" + "pw!"),
    ("env file", "DB_PASSWORD=@@", "pa55" + "word!x"),
    ("env value in quotes", 'export API_KEY="@@"', _some(32, _HEX)),
    ("env value of letters and digits", "SECRET_TOKEN=@@", _some(20)),
    ("properties", "spring.datasource.password=@@", "sp" + "r1ng" + "-b00t"),
    ("ini", "secret = @@", _base64(24)),
    ("go", 'apiKey := "@@"', _some(39)),
    ("rust", 'const API_KEY: &str = "@@";', _some(32)),
    ("typescript", 'private readonly apiSecret: string = "@@";', _some(32)),
    ("java", 'dataSource.setPassword("@@");', "j4v4" + "Pass#1"),
    ("c#", 'var accessKey = @"@@";', _some(32)),
    ("ruby", ":secret_token => '@@'", _some(64, _HEX)),
    ("php", "define('DB_PASSWORD', '@@');", "wp!" + _some(14)),
    ("sql", "CREATE USER app IDENTIFIED BY '@@';", "sq1" + "-S3cret"),
    ("xml", "<password>@@</password>", "m4v3n" + "pass"),
    ("app settings", '<add key="ApiToken" value="@@" />', _some(30)),
    ("kubernetes", "  - name: DB_PASSWORD\n    value: @@", "k8s" + "-p4ss"),
    ("connection string", '"Server=db;User Id=sa;Password=@@;"', "Y0ur" + "Str0ng!Pw"),
    ("storage connection", '"AccountName=a;AccountKey=@@;"', _base64(64)),
    ("url", "DATABASE = 'postgres://app:@@@db.internal:5432/app'", "p0stgr3s" + "pw"),
    ("url of letters", "redis://:@@@cache:6379", "letme" + "inplease"),
    ("token in a url", "git clone https://@@@git.internal/a.git", _some(40)),
    ("query", "https://api.internal/v1?api_key=@@&q=1", _some(32, _HEX)),
    ("bearer", 'headers = {"Authorization": "Bearer @@"}', _some(40)),
    ("basic", "Authorization: Basic @@", _base64(18)),
    ("header", "curl -H 'X-Api-Key: @@' https://api.internal", _some(32)),
    ("curl", "curl -u admin:@@ https://api.internal", "4dm1n" + "pw"),
    ("option", "tool --password=@@ --verbose", "cl1" + "-p4ss"),
    ("mysql", "mysql -u root -p@@ app", "r00t" + "secret"),
    ("netrc", "machine api.internal login me password @@", "n3trc" + "pw"),
    ("docker", "docker run -e POSTGRES_PASSWORD=@@ postgres", "d0ck3r" + "pw"),
)
# Secrets that are not in the line of their names, or not alone in it.
_AWAY = (
    ("lines in quotes", 'PASSWORD = """\n@@\n"""', "tr1pl3" + "qu0ted"),
    ("lines in quotes of toml", "password = '''\n@@'''", "t0ml" + "-S3cret"),
    ("lines of a template", "const apiSecret = `\n  @@\n`;", _some(32)),
    ("block of yaml", "password: |\n  @@", "bl0ck" + "ed4pw"),
    ("folded block of yaml", "  api_key: >-\n\n    @@", _some(32)),
    ("block in a list", "- user: x\n  secret: |2-  # ours\n    @@\n- y", _some(32)),
    ("value below its name", "password:\n  @@", "b3l0w" + "-y4ml"),
    ("value with a tag", "password: !!str @@", "t4gg3d" + "-pw"),
    ("line that goes on", "export API_TOKEN=\\\n  @@", _some(32)),
    ("option in the next line", "tool --token \\\n  @@ \\\n  --verbose", _some(32)),
    ("string in the next line", "password = (  # of the test server\n    '@@'\n)", "p4r3n" + "pw"),
    ("raw string", 'let password = r#"@@"#;', "r4w" + "-Str1ng"),
    ("raw string of c++", 'auto password = R"(@@)";', "r4w" + "-cplus"),
    ("comment", "# password: @@", "c0mm3nt" + "ed1"),
    ("comment behind code", "connect()  // password: @@", "tr41l1ng" + "pw"),
    ("comment of a block", " * api_key = @@", _some(32)),
    ("comment that ends", "/* password: @@ */", "cl0s3d" + "-pw"),
    ("comment of html", "<!-- db.password: @@ -->", "html" + "-p4ss"),
    ("comment of sql", "-- password: @@", "sql" + "-n0te5"),
    ("setting that is off", "#db_password=@@", "0ff" + "-s3tting"),
    ("export that is off", "# export API_TOKEN=\\\n#   @@", _some(32)),
    ("block that is off", "# password: |\n#   @@\n# user: x", "c0mm3nt" + "bl0ck"),
    ("comment in words", "# The user is admin / password: @@", "pr0s3" + "-pw"),
    ("comment of batch", "rem password: @@", "b4tch" + "-pw"),
    ("comment of haskell", "{- password: @@ -}", "h4sk" + "3ll-pw"),
    ("command of docker", "ENV API_TOKEN \\\n    @@", _some(32)),
    ("command of windows", 'setx API_TOKEN "@@"', _some(32)),
    ("flow mapping", "{password: @@}", "fl0w" + "map1"),
    ("one of a flow mapping", "db: {user: x, password: @@, port: 5432}", "fl0w" + "-0ne"),
    ("lines of an element", "<password>\n  @@\n</password>", "l1nes" + "pass"),
    ("attribute in the next line", '<add key="ApiToken"\n     value="@@" />', _some(30)),
    ("commented entry", "- name: DB_PASSWORD\n  # of production\n  value: @@", "k8s" + "-c0mment"),
    ("block of an entry", "- name: DB_PASSWORD\n  value: |\n    @@", "k8s" + "-bl0ck"),
    ("url with an at", "postgres://u:@@@h/db", "hunt" + "er2@" + "s3cret9"),
    ("url with two", "amqp://u:@@@h:5672/x", "a@" + "b2c3@" + "d4e5"),
)


def _plant_halves(name: str, template: str) -> Planted:
    first, second = _some(18), _some(16)
    return Planted(name, (first, second), template.replace("@1", first).replace("@2", second))


_HALVES = (
    _plant_halves("two strings", 'API_KEY = (\n    "@1"\n    "@2"\n)'),
    _plant_halves("two strings with comments", 'API_KEY = (\n    f"@1"  # a\n    f"@2"  # b\n)'),
    _plant_halves("sum of strings", 'const secret = "@1" +\n  "@2";'),
    _plant_halves("sum that leads", 'const secret = "@1"\n  + "@2";'),
    _plant_halves("strings that go on", "TOKEN = '@1' \\\n    '@2'"),
    _plant_halves("strings of php", "$secret = '@1' .\n  '@2';"),
    _plant_halves("strings of lua", 'local secret = "@1" ..\n  "@2"'),
    _plant_halves("lines of a block", "secret: |\n  @1\n  @2"),
)
_BLOCKS = (
    _plant_block("rsa key", "RSA PRIVATE KEY", "", "\n", ""),
    _plant_block("key of openssh", "OPENSSH PRIVATE KEY", "", "\r\n", ""),
    _plant_block("indented key", "PRIVATE KEY", "key: |\n    ", "\n    ", ""),
    _plant_block("key of pgp", "PGP PRIVATE KEY BLOCK", "", "\n", ""),
    _plant_block("key in lines of a string", "EC PRIVATE KEY", 'k = ("', '\\n"\n     "', '\\n")'),
    _plant_block("key in json", "PRIVATE KEY", '{"private_key": "', "\\n", '\\n"}'),
)

PLANTED = (
    *(
        _plant(
            name,
            'url = "https://hooks.slack.com/@@"' if name == "slack webhook" else 'x = "@@"',
            secret,
        )
        for name, secret in _ISSUED
    ),
    *(_plant(*row) for row in _NAMED),
    *(_plant(*row) for row in _AWAY),
    *_HALVES,
    *_BLOCKS,
)
