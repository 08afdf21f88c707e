"""Which files hold secrets as a whole, told from their paths alone.

Such a file is never read for an index or a prompt. Files that only show what a secret file looks
like (`.env.example`) are ordinary ones, and so is code (`secrets.py`): what it holds is looked at.
"""

from __future__ import annotations

import re
from itertools import pairwise

_ENDINGS = (
    # Private keys and stores of them; a `.pem` may hold a certificate alone, which no code needs.
    *(".pem", ".key", ".p8", ".p12", ".pk8", ".pfx", ".ppk", ".jks", ".jceks", ".bks", ".keystore"),
    *(".keytab", ".agekey", ".gpg", ".kdb", ".kdbx", ".ovpn", ".mobileprovision"),
    # What Terraform is given and what it remembers, passwords included.
    *(".tfvars", ".tfvars.json", ".tfstate", ".tfstate.backup"),
    ".publishsettings",
)
_NAMES = frozenset(
    (
        *(".netrc", "_netrc", ".npmrc", ".yarnrc.yml", ".pypirc", ".git-credentials"),
        *(".pgpass", "pgpass.conf", ".my.cnf", ".mylogin.cnf", ".htpasswd", ".s3cfg", ".boto"),
        *(".dockercfg", ".dockerconfigjson", "kubeconfig", ".kubeconfig", ".vault-token"),
        *(".vault_pass", ".vault_pass.txt", ".terraformrc", "terraform.rc"),
        *("credentials.tfrc.json", "application_default_credentials.json", "local.settings.json"),
        *("credentials.json", "credentials.yml", "credentials.yaml", "credentials.toml"),
        *("credentials.ini", "settings-security.xml", ".secrets", "htpasswd"),
    )
)
_FOLDERS = frozenset((".ssh", ".aws", ".azure", ".gnupg", ".kube", ".docker", ".gcloud"))
# Where these stand it is settings that they hold; elsewhere a folder may be called so for its code.
_TOOLS_FOLDERS = frozenset(((".config", "gcloud"), ("roaming", "gcloud")))
_IN_FOLDER = frozenset(
    (".cargo/credentials", ".gem/credentials", ".m2/settings.xml", ".composer/auth.json")
)
_DATA = r"(?:ya?ml|json|toml|ini|cfg|conf|properties|xml|txt|env)"
_PATTERNS = re.compile(
    r"\.env(?:rc|[~.\-].*)?|.+\.env"  # `.env`, `.env.local`, `.envrc`, `prod.env`
    r"|(?:.*[._\-])?id_(?:rsa|dsa|ecdsa|ed25519)(?![a-z0-9]).*"
    r"|[^.]*[_\-](?:rsa|dsa|ecdsa|ed25519)"
    rf"|(?:.*[._\-])?secrets?\.{_DATA}"
    r"|(?:client|web)[_\-]?secrets?[_\-.].*\.json"
    r"|(?:.*[._\-])?service[_\-]?account.*\.json"
    r"|gha-creds-.*\.json"
    r"|(?:.*[._\-])kubeconfig(?:\.ya?ml)?|kubeconfig\.ya?ml"
)
_SHOWN_AS_EXAMPLE = frozenset(("example", "examples", "sample", "template", "tmpl", "dist", "tpl"))
_PUBLIC = (".pub", ".crt", ".cer")


def is_secret_file(path: str) -> bool:
    """Whether the file at `path` is one that people keep secrets in; case does not matter."""
    *folders, name = path.replace("\\", "/").casefold().split("/")
    if name.endswith(_PUBLIC):
        return False
    if name.endswith(_ENDINGS):
        return True
    if not _SHOWN_AS_EXAMPLE.isdisjoint(re.split(r"[.\-_]", name)):
        return False
    return (
        name in _NAMES
        or not _FOLDERS.isdisjoint(folders)
        or not _TOOLS_FOLDERS.isdisjoint(pairwise(folders))
        or "/".join((*folders[-1:], name.removesuffix(".toml"))) in _IN_FOLDER
        or _PATTERNS.fullmatch(name) is not None
    )
