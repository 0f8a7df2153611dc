"""The wording of findings in Chinese, by the name of the finding's code; `certs.findings` has the English and fills `{...}`.

What fills a place is put into Chinese too where it is ours; a library's own words stay as they are.
"""

from typing import Final

WORDING_ZH: Final[dict[str, str]] = {
    "certificate-unreadable": "证书无法读取：{why}。请提供签发时的完整 PEM 文件，终端证书在前。",
    "key-unreadable": "私钥无法读取：{why}。请提供未加密的 PEM 私钥，文件仅属主可读。",
    "key-exposed": "会交给他人的文件中含有私钥。请将其取出，视该私钥为已泄露，并重新签发证书。",
    "key-mismatch": "私钥与证书不匹配。请使用申请该证书时的私钥，或重新生成私钥并签发证书。",
    "key-type-refused": "TLS 不接受其密钥类型（{kind}）。请改用 ECDSA P-256 重新签发；对方必须用 RSA 时不少于 2048 位。",
    "not-a-leaf": "该证书可签发其他证书，业务系统不得持有此类私钥。请由它签发终端证书，CA 私钥不得放在业务系统上。",
    "signature-not-allowed": "其密钥用途不含 digitalSignature，而每次握手都需要。请加上该用途后重新签发。",
    "uri-missing": "其备用名称中没有 URI，而通用名和 DNS 名称在此不能标识身份。请带一个 spiffe:// URI 重新签发。",
    "uri-ambiguous": "其备用名称中有 {count} 个 URI，而一张证书只能代表一个系统。请只带一个 spiffe:// URI 重新签发。",
    "uri-not-spiffe": "其 URI {uri!r} 不是 SPIFFE ID。请以 spiffe://<信任域>/<路径> 重新签发。",
    "host-missing": "其中既无 DNS 名称也无 IP 地址，客户端无法确认所连的是谁。请带上服务器主机名重新签发。",
    "usage-missing": "其扩展密钥用途不允许用作 {role}。请带 {usage} 重新签发。",
    "not-yet-valid": "该证书自 {start:%Y-%m-%d %H:%M} UTC 起才生效。请检查本机时钟，或等待生效。",
    "expired": "该证书已于 {end:%Y-%m-%d %H:%M} UTC 过期。请检查本机时钟，然后重新签发。",
    "renewal-due": "有效期仅剩 {left:.0%}，将于 {end:%Y-%m-%d %H:%M} UTC 到期。请立即续期。",
    "chain-refused": "证书无法链到该 CA 文件（{why}）。其签发者为 {issuer}：请提供该 CA 证书，中间证书接在终端证书之后。",
    "authorities-unreadable": "CA 文件无法读取：{why}。请提供至少一张完整的 PEM 格式 CA 证书。",
    "not-an-authority": "CA 文件中第 {place} 张证书 {name} 不是 CA 证书，而持有其私钥者将被信任。请换成它的签发者。",
    "authority-key-refused": "CA 文件中第 {place} 张证书 {name} 的密钥（{kind}）不被接受。请使用 ECDSA P-256 或不少于 2048 位 RSA 的 CA。",
    "authority-not-yet-valid": "CA 文件中第 {place} 张证书 {name} 自 {start:%Y-%m-%d %H:%M} UTC 起才生效。请检查本机时钟，或等待生效。",
    "authority-expired": "CA 文件中第 {place} 张证书 {name} 已于 {end:%Y-%m-%d %H:%M} UTC 过期。请检查本机时钟，然后放入其后继 CA。",
    "authority-ends-soon": "CA 文件中第 {place} 张证书 {name} 将于 {end:%Y-%m-%d %H:%M} UTC 到期。请现在就放入后继 CA，远早于其开始签发。",
    "key-open": "私钥文件对属主以外的人开放（权限 {mode:03o}）。请执行 chmod 600；若有他人使用本机，请视私钥为已泄露并重新签发证书。",
    "file-writable": "属主以外的人可修改 {file}（权限 {mode:03o}），从而改变所信任或所出示的内容。请核对未被改动，再执行 chmod go-w。",
    "not-published": "证书旁没有 ca.pem，因此不知道对方按哪些 CA 判断它，也未做握手试验。请把已发给对方的 CA 文件放在此处。",
    "not-in-bundle": "证书无法链到 {partner} 的 CA 文件（{why}）。请把我方 CA 发给 {partner}，在其文件收入之前不要启用由它签发的证书。",
    "handshake-refused": "在本机以 {role} 身份做的真实握手失败：{why}。请先处理以上各项；若无其他问题，请按内置 CA 的模板重新签发。",
    "clock-behind": "本机时钟为 {now:%Y-%m-%d %H:%M:%S} UTC，而{source}的时间为 {moment:%Y-%m-%d %H:%M:%S} UTC。请先用 NTP 校准时钟。",
    "clock-differs": "本机时钟与{source}的时钟相差 {seconds:.0f} 秒。请将两者与 NTP 对比，校准有误的一方。",
    "ocsp-silent": "{url} 的 OCSP 响应服务未就 {name} 应答（{why}），调用方将因此逐渐被拒绝。请确认本机可访问该地址；"
    "地址及应答有效时长见 gateway.yaml 的 ocsp。",
    "ocsp-refused": "{url} 的 OCSP 响应服务就 {name} 的应答不可信：{why}。请确认 gateway.yaml 的 responder 属于该 CA，并告知该 CA。",
}

PHRASES_ZH: Final[dict[str, str]] = {
    "client": "客户端",
    "server": "服务器",
    "no CA there signed it": "其中没有签发它的 CA",
    "it is encrypted": "私钥已加密",
    "it holds no PEM key of a known kind": "其中没有已知类型的 PEM 私钥",
    "it holds no PEM certificate, or a malformed one": "其中没有 PEM 证书，或证书格式有误",
    "the leaf names no host": "终端证书没有主机名",
    "the server refused it": "服务器拒绝了它",
    "the client refused it": "客户端拒绝了它",
    "its certificate cannot be read": "证书无法读取",
    "its certificate does not bear the name by which it was called": "证书中没有被呼叫的名称",
    "its certificate does not lead to the published bundle, or is not valid now": "证书无法链到已公布的 CA 文件，或现在无效",
    "grpcio cannot build its credentials from this certificate and key": "grpcio 无法用该证书和私钥建立凭据",
    "the witnesses": "见证方",
    "the record of callers": "调用方证书记录",
}
