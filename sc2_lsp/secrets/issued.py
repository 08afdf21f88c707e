"""Keys and tokens whose issuer marks them, so that they are known wherever they stand.

The marks are those that the issuers document or that their keys show. A key that consists of the
same few chars stands in for one, as in documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sc2_lsp.secrets.secret import Kind, Secret

# A number of decimal digits in base64 begins with these.
_DISCORD = tuple(f"{first}{second}" for first in "MNO" for second in "DTjz")
# Literals of which one has to be there, and the form of the whole key. A literal costs about a
# microsecond for 8 KB, which is why each form has its own. Lengths are a little under the shortest
# known, so that a key is known while its end is still missing.
_FORMS: tuple[tuple[tuple[str, ...], str], ...] = (
    # Clouds
    (("AKIA", "ASIA", "ABIA", "ACCA"), r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{14,}"),
    (("AIza",), r"AIza[\w-]{30,}"),
    (("GOCSPX-",), r"GOCSPX-[\w-]{20,}"),
    (("ya29.",), r"ya29\.[\w-]{20,}"),
    (("1//0",), r"1//0[\w-]{30,}"),
    (("8Q~", "7Q~"), r"[\w~.-]{3}[78]Q~[\w~.-]{26,}"),
    (("AZDO",), r"[A-Za-z0-9]{70,80}AZDO[A-Za-z0-9]{4}"),
    (("AccountKey=", "AccessKey="), r"(?<=Key=)[A-Za-z0-9+/]{30,}={0,2}"),
    (("sig=",), r"(?<=sig=)[A-Za-z0-9%+/]{40,}={0,2}"),
    (("LTAI",), r"LTAI[A-Za-z0-9]{12,}"),
    (("AKID",), r"AKID[A-Za-z0-9]{24,}"),
    (("do",), r"do[oprt]_v1_[0-9a-f]{40,}"),
    (("HRKU-",), r"HRKU-[\w-]{30,}"),
    (("dapi",), r"dapi[0-9a-f]{28,}(?:-\d)?"),
    (("nfp_",), r"nfp_[A-Za-z0-9]{30,}"),
    (("vercel_",), r"vercel_[a-z]+_[\w-]{20,}"),
    (("sbp_",), r"sbp_[0-9a-f]{36,}"),
    (("sb_secret_",), r"sb_secret_[\w-]{20,}"),
    (("pscale_",), r"pscale_(?:tkn|pw|oauth)_[\w.=-]{28,}"),
    (("FlyV1 ", "fm2_"), r"fm[12][ar]?_[\w+/=,-]{40,}"),
    (("tskey-",), r"tskey-[a-z]+-[\w-]{16,}"),
    # Where code is kept, built and published
    (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[opsur]_[A-Za-z0-9]{30,}"),
    (("github_pat_",), r"github_pat_\w{20,}"),
    (("gl",), r"gl(?:pat|dt|ptt|rt|ft|soat|cbt|agent|imt|oas|ffct|rtr)-[\w.-]{18,}"),
    (("GR1348941",), r"GR1348941[\w-]{18,}"),
    (("ATATT3", "ATCTT3", "ATBB"), r"(?:ATATT3|ATCTT3|ATBB)[\w=-]{20,}"),
    (("npm_",), r"npm_[A-Za-z0-9]{30,}"),
    (("pypi-",), r"pypi-[\w-]{50,}"),
    (("rubygems_",), r"rubygems_[0-9a-f]{40,}"),
    (("cio",), r"cio[A-Za-z0-9]{32}"),
    (("oy2",), r"oy2[a-z0-9]{40,}"),
    (("dckr_",), r"dckr_[op]at_[\w-]{20,}"),
    (("CCIPAT_",), r"CCIPAT_\w{30,}"),
    (("bkua_",), r"bkua_[0-9a-f]{36,}"),
    (("sntrys_", "sntryu_"), r"sntry[su]_[\w+/=-]{40,}"),
    (("dp.",), r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{36,}"),
    (("hvs.", "hvb.", "hvr."), r"hv[sbr]\.[\w-]{20,}"),
    (("atlasv1.",), r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{50,}"),
    (("pul-",), r"pul-[0-9a-f]{36,}"),
    (("glsa_", "glc_"), r"gl(?:sa|c)_[\w+/=]{30,}"),
    (("NRAK-",), r"NRAK-[A-Z0-9]{24,}"),
    (("PMAK-",), r"PMAK-[0-9a-f]{20,}-[0-9a-f]{30,}"),
    (("AGE-SECRET-KEY-1",), r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    (("ops_eyJ",), r"ops_eyJ[\w+/=-]{40,}"),
    # Models
    (("sk-ant-",), r"sk-ant-[\w-]{16,}"),
    (("sk-",), r"sk-(?:proj-|svcacct-|admin-|or-v1-)[\w-]{16,}|sk-[A-Za-z0-9]{28,}"),
    (("hf_", "api_org_"), r"(?:hf|api_org)_[A-Za-z0-9]{28,}"),
    (("r8_",), r"r8_[A-Za-z0-9]{32,}"),
    (("gsk_",), r"gsk_[A-Za-z0-9]{40,}"),
    (("xai-",), r"xai-[A-Za-z0-9]{40,}"),
    (("pplx-",), r"pplx-[A-Za-z0-9]{36,}"),
    (("lsv2_",), r"lsv2_[ps][tk]_\w{36,}"),
    # Payment
    (("sk_", "rk_"), r"[rs]k_(?:live|test|prod)_[A-Za-z0-9]{14,}"),
    (("whsec_",), r"whsec_[A-Za-z0-9+/=]{24,}"),
    (("sq0",), r"sq0(?:atp|csp|idp)-[\w-]{20,}"),
    (("EAAA", "EAAC"), r"EAA[AC][A-Za-z0-9_-]{50,}"),
    (("shp",), r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{28,}"),
    (("EZ",), r"EZ[AT]K[A-Za-z0-9]{50,}"),
    # Messages and tickets
    (("xox", "xapp-"), r"xox[abeoprs](?:\.xox[bp])?-[\w-]{10,}|xapp-\d-[\w-]{20,}"),
    (("hooks.slack.com/",), r"(?<=hooks\.slack\.com/)(?:services|workflows)/[\w/+-]{20,}"),
    (("/api/webhooks/",), r"(?<=/api/webhooks/)\d{16,}/[\w-]{40,}"),
    (("webhook.office.com/",), r"(?<=webhook\.office\.com/)webhookb2/[\w@/-]{60,}"),
    (("SG.",), r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    (("SK",), r"SK[0-9a-f]{32}"),
    (("key-",), r"key-[0-9a-f]{32}"),
    (("-us",), r"[0-9a-f]{32}-us\d{1,2}"),
    (("xkeysib-",), r"xkeysib-[0-9a-f]{40,}(?:-\w+)?"),
    ((":AA",), r"\d{8,10}:AA[\w-]{30,}"),
    (_DISCORD, r"[MNO][A-Za-z0-9_-]{23,27}\.[\w-]{6}\.[\w-]{27,}"),
    (("lin_api_", "lin_oauth_"), r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    (("secret_", "ntn_"), r"(?:secret|ntn)_[A-Za-z0-9]{40,}"),
    (("figd_",), r"figd_[\w-]{36,}"),
    (("pat",), r"pat[A-Za-z0-9]{14}\.[0-9a-f]{50,}"),
    # Signed claims
    (("eyJ",), r"eyJ(?<![A-Za-z0-9]eyJ)[\w-]{8,}\.(?:eyJ)?[\w-]{10,}\.[\w-]{6,}(?:\.[\w-]+){0,2}"),
)
_COMPILED = tuple((literals, re.compile(form)) for literals, form in _FORMS)
_FEWEST_CHARS = 8


def find_issued_keys(text: str) -> Iterator[Secret]:
    """Keys that show who issued them."""
    for literals, form in _COMPILED:
        if any(literal in text for literal in literals):
            for found in form.finditer(text):
                # Looked at here and not by the form, which is found faster where it begins with
                # its literal.
                is_word_start = not text[max(found.start() - 1, 0) : found.start()].isalnum()
                if is_word_start and len(set(found.group())) >= _FEWEST_CHARS:
                    yield Secret(found.start(), found.end(), Kind.KEY)
