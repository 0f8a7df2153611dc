"""What a department is handed so that its system can ask at once: certificate, our CA, address, contract, and a test that works.

Laws: a key is in it only where the department had none made itself, and then it is its owner's only and is said to be there;
nothing of ours is in it but what peers are given anyway; it appears whole or not at all.
"""

import json
import os
import shlex
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from certs import custody

KEY: Final = "key.pem"
CERTIFICATE: Final = "certificate.pem"
GATEWAY_CA: Final = "gateway-ca.pem"
TEST: Final = "test.sh"

_PROGRAM_MODE: Final = 0o755
_FIRST_MOMENT: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """One system's bundle. PEM texts; `protos` the contract by path (`kuacheng/v1/x.proto`); `key` only where it was made here."""

    uri: str
    certificate: bytes
    key: bytes | None = field(repr=False)
    not_after: datetime
    gateway_ca: bytes
    endpoint: str
    server_name: str
    protos: Mapping[str, bytes]


def files(of: Onboarding) -> Mapping[str, bytes]:
    """The bundle's files, by path inside it."""
    said = {
        "uri": of.uri,
        "endpoint": of.endpoint,
        "server_name": of.server_name,
        "end": f"{of.not_after:%Y-%m-%d}",
        "key": KEY if of.key else "YOUR.key",
        "about_key": _KEY_HERE if of.key else _KEY_THEIRS,
        "about_key_zh": _KEY_HERE_ZH if of.key else _KEY_THEIRS_ZH,
    }
    connection = {"gateway": of.endpoint, "server_name": of.server_name, "ca": GATEWAY_CA, "cert": CERTIFICATE, "uri": of.uri}
    made = {
        CERTIFICATE: of.certificate,
        GATEWAY_CA: of.gateway_ca,
        "connection.json": json.dumps(connection, indent=2).encode() + b"\n",
        "README.md": _README.format(**said).encode(),
        "README.zh-CN.md": _README_ZH.format(**said).encode(),
        TEST: _TEST.format(endpoint=shlex.quote(of.endpoint), server_name=shlex.quote(of.server_name)).encode(),
        **{f"proto/{name}": text for name, text in of.protos.items()},
    }
    return MappingProxyType(made | ({KEY: of.key} if of.key else {}))


def lay_out(folder: Path, made: Mapping[str, bytes]) -> None:
    """The bundle as a folder of its owner. Raises FileExistsError where something is there, OSError as the system gives it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        raise FileExistsError(f"{folder} is there already; name another folder, nothing was overwritten")
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        fresh = Path(beside, "fresh")
        for name, content in made.items():
            path = fresh / name
            path.parent.mkdir(mode=custody.FOLDER_MODE, parents=True, exist_ok=True)
            (custody.write_key if name == KEY else custody.write_certificate)(path, content)
            path.chmod(_mode(name))
        fresh.chmod(custody.FOLDER_MODE)
        fresh.rename(folder)
    custody.sync_folder(folder.parent)


def pack(path: Path, made: Mapping[str, bytes]) -> None:
    """The bundle as a zip file of its owner, under a folder of the file's name. Raises as `lay_out`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, custody.KEY_MODE)
    with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in made.items():
            entry = zipfile.ZipInfo(f"{path.stem}/{name}", _FIRST_MOMENT)
            entry.external_attr = _mode(name) << 16
            packed.writestr(entry, content, zipfile.ZIP_DEFLATED)


def _mode(name: str) -> int:
    return {KEY: custody.KEY_MODE, TEST: _PROGRAM_MODE}.get(name, custody.CERTIFICATE_MODE)


_TEST: Final = """\
#!/bin/sh
# Asks the gateway which regions this system may ask: ./test.sh YOUR.key
# Exit status 0 and JSON ({{}} as long as no agreement names the system): certificate, CA, address and contract fit.
key=${{1:-key.pem}}
case $key in /*) ;; *) key=$PWD/$key ;; esac
cd "$(dirname "$0")" || exit 2
[ -r "$key" ] || {{ echo "no key at $key: name the key that your request was made with: ./test.sh YOUR.key" >&2; exit 2; }}
exec grpcurl -cacert gateway-ca.pem -cert certificate.pem -key "$key" -servername {server_name} \\
  -import-path proto -proto kuacheng/v1/directory_service.proto \\
  {endpoint} kuacheng.v1.DirectoryService/ListRegions
"""

_KEY_THEIRS: Final = "It fits the key with which you made the request, and that key is not here: it stays with you."
_KEY_THEIRS_ZH: Final = "与你方生成请求时所用的私钥配对；私钥不在此处，始终留在你方。"
_KEY_HERE: Final = (
    "Its key was made by us and lies beside it as `key.pem`: it has travelled. Move it to the host that uses it, delete every copy, "
    "and next time make the key yourself: `kuacheng certs csr`."
)
_KEY_HERE_ZH: Final = (
    "私钥由我方代为生成，即 `key.pem`，已经过传递。请移到使用它的主机并删除所有副本；下次请自行生成：`kuacheng certs csr`。"
)

_README: Final = """\
# Your way to the Kuacheng gateway

This system is `{uri}`, until {end}. [中文](README.zh-CN.md)

| file | |
|---|---|
| `certificate.pem` | the system's certificate. {about_key} |
| `gateway-ca.pem` | the CAs by which you know the gateway; trust no other for it |
| `connection.json` | gateway `{endpoint}`, server name `{server_name}` |
| `proto/` | the contract; every field has its Chinese term and an example |
| `test.sh` | the test below |

Try it, with grpcurl on your path:

```sh
./test.sh {key}
```

It prints the regions that the system may ask, and `{{}}` while no agreement names it yet: then the way works, and an agreement is the next
step. Ask for a piece of evidence:

```sh
kuacheng query EVIDENCE_TYPE --region REGION --gateway {endpoint} --server-name {server_name} \\
  --cert certificate.pem --key {key} --ca gateway-ca.pem \\
  --matter-code CODE --matter-name NAME --case-number CASE --reference ARTICLE \\
  --operator-account ACCOUNT --operator-name OPERATOR --operator-role ROLE
```

Renew at two thirds of the certificate's life: make a new request, with a new key. Tell us at once if the key may be lost.
"""

_README_ZH: Final = """\
# 接入跨城网关

本系统身份：`{uri}`，有效期至 {end}。[English](README.md)

| 文件 | |
|---|---|
| `certificate.pem` | 本系统证书。{about_key_zh} |
| `gateway-ca.pem` | 用于验证网关的 CA；验证网关时不要信任其他 CA |
| `connection.json` | 网关地址 `{endpoint}`，服务器名 `{server_name}` |
| `proto/` | 接口契约，每个字段附中文术语和示例 |
| `test.sh` | 下面的测试 |

测试（需要 grpcurl）：

```sh
./test.sh {key}
```

输出本系统可以查询的地区；尚无共享协议时输出 `{{}}`，表示通道已通，下一步是签订协议。查询一份证明：

```sh
kuacheng query EVIDENCE_TYPE --region REGION --gateway {endpoint} --server-name {server_name} \\
  --cert certificate.pem --key {key} --ca gateway-ca.pem \\
  --matter-code CODE --matter-name NAME --case-number CASE --reference ARTICLE \\
  --operator-account ACCOUNT --operator-name OPERATOR --operator-role ROLE
```

有效期过去三分之二时请续期：用新私钥重新生成请求。私钥可能丢失时请立即通知我方。
"""
