from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.secrets import find_secrets
from tests.support.planted_secrets import PLANTED, Planted


def hidden(text: str) -> str:
    """`text` with the kind of each secret in its place."""
    shown, reached = "", 0
    for secret in find_secrets(text):
        shown += text[reached : secret.start] + f"<{secret.kind.name}>"
        reached = secret.end
    return shown + text[reached:]


def test_there_are_more_planted_secrets_than_fifty() -> None:
    assert len(PLANTED) == len({planted.name for planted in PLANTED}) >= 90


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_a_planted_secret_is_found(planted: Planted, line_break: str) -> None:
    text = f"import os\n\n{planted.lines}\nprint(os)\n".replace("\n", line_break)
    shown = hidden(text)
    assert not [secret for secret in planted.secrets if secret in shown]
    assert shown.startswith(f"import os{line_break}")
    assert shown.endswith(f"{line_break}print(os){line_break}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password = 'hunt" + "er2'", "password = '<PASSWORD>'"),
        ("a = 1\nAPI_KEY=q1w2" + "e3r4\n", "a = 1\nAPI_KEY=<KEY>\n"),
        ('{"token": "q1w2' + 'e3r4t5", "n": 1}', '{"token": "<KEY>", "n": 1}'),
        ("amqp://me:s3" + "cret@host/", "amqp://me:<PASSWORD>@host/"),
        ("# ada.lovelace@" + "analytical.org wrote", "# <EMAIL> wrote"),
        ("Grace (grace@" + "navy.gov)", "Grace (<EMAIL>)"),
        ('ключ = "ghp_' + "a1B2c3" * 6 + '"  # 😀', 'ключ = "<KEY>"  # 😀'),
    ],
)
def test_the_secret_alone_is_found(text: str, expected: str) -> None:
    assert hidden(text) == expected


ORDINARY = r"""
# password: the one of the user
# token: str
# token: Token2
// secret: see docs/secrets2.md
# password=password1
{password: password}
{token: user.token2, secret: string}
{ token: Uint8Array, auth: true }
const { password: newPassword2 } = form
if password:
password: |
password: >
token:
secret = `select1`
password = os.environ["DB_PASSWORD"]
password = getpass.getpass()
password = "${DB_PASSWORD}"
password: "{{ vault_db_password1 }}"
password = "changeme123"
password = "xxxxxxxx1"
password = "password1"
API_KEY=your-api-key-here1
api_key: <your key>
"Authorization": f"Bearer {token}"
Authorization: Bearer $TOKEN
def login(password: str = "", token: str | None = None):
password: str
secret: Uint8Array
token: Token2
token: i32
token: Option<String>,
const token = await getToken("main1");
token = tokenizer.next_token2()
self.token = token2
connect(user, password=password2)
    password=password2
TOKEN = r"\d+[a-z]"
if token == "utf-8":
token = "</div2>"
token_type = "Bearer2"
passwordField = "user_password_1"
PASSWORD_MIN_LENGTH = 12
TOKEN_EXPIRY=3600s
SECRET_PATH = "/run/secrets/db1"
secret = "projects/a1/secrets/b2"
<input type="password" id="password-field2" name="pass1">
print(f"password: {password}")
Enter your password: thank you
passwords = load()
bypass = "a1b2c3d4"
secretary = "a1b2c3d4"
kSecAttrToken: kSecAttrTokenIDSecureEnclave2
key = "value1234"
url = "https://user:password@example.com"
url = "https://{user}:{password}@host"
http://localhost:8080/@vite/client
-----BEGIN PUBLIC KEY-----
if line == "-----BEGIN RSA PRIVATE KEY-----":
    raise UnsupportedPrivateKeyEncryption(path)
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"integrity": "sha512-abcdefgh12345678=="
uuid = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
c = a@b.T
c = self.w@x.it
git@github.com:owner/name.git
user@example.com, noreply@service.com, root@localhost
.sk-folding-cube-of-many-parts-in-a-row { }
"""


@pytest.mark.parametrize("line", ORDINARY.strip().splitlines())
def test_an_ordinary_line_stays(line: str) -> None:
    assert hidden(f"{line}\n") == f"{line}\n"


def test_ordinary_lines_stay_together() -> None:
    assert hidden(ORDINARY) == ORDINARY


BLOCKS = [
    planted for planted in PLANTED if "PRIVATE KEY" in planted.lines and "\\n" not in planted.lines
]


@pytest.mark.parametrize("planted", BLOCKS, ids=lambda planted: planted.name)
@pytest.mark.parametrize(("first", "last"), [(0, 5), (3, 8), (9, 14), (3, 15), (12, 15)])
def test_a_part_of_a_private_key_is_found(planted: Planted, first: int, last: int) -> None:
    lines = planted.lines.splitlines(keepends=True)
    begin = next(n for n, line in enumerate(lines) if "BEGIN" in line)
    part = "".join(lines[begin + first : begin + last])
    assert not [secret for secret in planted.secrets if secret in hidden(part)]
    assert hidden(f"{part}\nx = 1\n").endswith("x = 1\n")


_PIECES = st.sampled_from(
    [
        *(planted.lines for planted in PLANTED),
        *ORDINARY.splitlines(),
        "\n",
        '"',
        "=",
        "token",
        "é😀",
    ]
)


@given(st.lists(_PIECES | st.text(max_size=20), max_size=12))
def test_secrets_are_in_order_and_apart(pieces: list[str]) -> None:
    text = "".join(pieces)
    reached = 0
    for secret in find_secrets(text):
        assert reached <= secret.start < secret.end <= len(text)
        reached = secret.end


@pytest.mark.parametrize(
    "piece",
    [
        "password=",
        'token: "',
        "-----BEGIN PRIVATE KEY-----",
        "A: ",
        "eyJ",
        "a1B2",
        "://a:",
        "x@",
        "<{",
        'password = """',
        'password = "a"\n',
        "password:\n",
        "password: |\n  ",
        "password: |\n  a1b2c3d4\n",
        "password=\\\n",
        "password = \n#",
        'password = "a" +\n',
        "password = `",
        "# password: ",
        "{password: ",
        "name: password\n#\n",
        "<password>\n",
        "password " + " " * 500,
        "password=" + "\n" * 500,
        "password=" + " \\\n" * 100,
        "password = '" + "a" * 1000,
        "password: " + "!" * 500,
        "password: " + "a" * 1000 + "\n",
        "password --" * 3,
        "# // -- " * 8 + "password: x",
        "x" * 2000 + "password: ",
        "://a:" + "b@" * 200,
        "://a:" + "b" * 300 + "@",
        "://" + "@" * 100,
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (32_768 // len(piece))
    started_s = time.process_time()
    find_secrets(text)
    find_secrets("-----BEGIN RSA PRIVATE KEY-----\n" + text)
    find_secrets(text.replace("\n", "\r\n"))
    assert time.process_time() - started_s < 2


@pytest.mark.parametrize(
    "text",
    [
        'PASSWORD = """\nThe password of user1\nand of user2\n"""\n',
        'TOKEN = "t0ken"\n"""The documentation1."""\n',
        "password: |\n  The one of user1\n  and user2\nother: a1b2c3d4\n",
        "password:\n  minimum: 8\n  pattern: a1b2c3d4\n",
        "password:\n- a1b2c3d4\n",
        "password: |\na1b2c3d4\n",
        "# password: |\na1b2c3d4\n",
        "token:\n    self.next_token2()\n",
        'login("token" "a1 b2")\n',
        "secret = `\n  select a1\n  from b2\n`\n",
        '"password": "",\n"digest": "a1b2c3d4"\n',
        "https://user@host/a:b1@c\n",
        "see http://a:80/x@1 and b@c\n",
    ],
)
def test_ordinary_lines_below_a_name_stay(text: str) -> None:
    assert hidden(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password: |\n  hunt" + "er2\nother: 1\n", "password: |\n  <PASSWORD>\nother: 1\n"),
        ('a = """\npassword: hunt' + 'er2\n"""\n', 'a = """\npassword: <PASSWORD>\n"""\n'),
        ('token = ("q1w2e3r4"\n  "t5")\n', 'token = ("<KEY>"\n  "<KEY>")\n'),
        ('token = "q1w2e3r4" + other + "t5"\n', 'token = "<KEY>" + other + "t5"\n'),
        ('x = {"token": "q1w2e3r4"\n"other": "t5"}', 'x = {"token": "<KEY>"\n"other": "t5"}'),
        ("a://b:c1" + "@d2@e, f@g\n", "a://b:<PASSWORD>@e, f@g\n"),
        ("a://b:c1" + "@e?x=f@g\n", "a://b:<PASSWORD>@e?x=f@g\n"),
        ("# password: hunt" + "er2  # x\n", "# password: <PASSWORD>  # x\n"),
    ],
)
def test_of_values_in_several_lines_nothing_else_is_hidden(text: str, expected: str) -> None:
    assert hidden(text) == expected
