"""Checks EnOS requests by the rules of the vendor's pages alone; shares no code with client or emulator."""

import hashlib
import json
from urllib.parse import parse_qsl, urlsplit


class Refused(Exception):
    """A request breaks a rule."""


class Verifier:
    """Knows one application's keys; learns tokens from the answers of the token service."""

    def __init__(self, key, secret):
        self.key, self.secret = key, secret
        self.tokens, self.proofs = set(), set()
        self.checked = 0

    def check(self, method, url, headers, body):
        """Check one request; raises if any rule is broken."""
        parts = urlsplit(url)
        headers = {name.lower(): value for name, value in headers.items()}
        text = (body or b"").decode()
        if parts.path.startswith("/apim-token-service/v2.0/token/"):
            self.check_token_call(method, headers, text)
        else:
            self.check_signature(method, parts, headers, text)
        self.checked += 1

    def check_token_call(self, method, headers, text):
        call = json.loads(text)
        proof = hashlib.sha256(f"{call['appKey']}{call['timestamp']}{self.secret}".encode()).hexdigest()
        self.rule(method == "POST", "token calls are POST")
        self.rule(not {"apim-signature", "apim-accesstoken"} & headers.keys(), "token calls carry no signature")
        self.rule(call["appKey"] == self.key and type(call["timestamp"]) is int, "appKey and a numeric timestamp")
        self.rule(call["encryption"] == proof, "encryption is SHA-256 of key, timestamp, secret")
        self.rule(proof not in self.proofs, "encryption is used once")
        self.proofs.add(proof)

    def check_signature(self, method, parts, headers, text):
        query = parse_qsl(parts.query, keep_blank_values=True)
        names = [name for name, _ in query]
        self.rule(
            len(names) == len(set(names)) and all("=" in pair for pair in parts.query.split("&")), "key=value, once"
        )
        self.rule("orgId" in names, "orgId is in every call")
        self.rule(
            ("action" in names) == (method == "POST" and not parts.path.endswith("/offset")), "action is in the query"
        )
        self.rule(headers["apim-accesstoken"] in self.tokens, "the token was given out")
        self.rule(len(headers["apim-timestamp"]) == 13, "milliseconds")
        plain = "".join(name + value for name, value in sorted(query))
        data = headers["apim-accesstoken"] + plain + text + headers["apim-timestamp"] + self.secret
        self.rule(hashlib.sha256(data.encode()).hexdigest() == headers["apim-signature"], "apim-signature")
        with_body = parts.path.endswith("/stage-state") or dict(query).get("action") in {"start", "save"}
        self.rule(with_body == bool(text), "start, save and the stage state alone have a body")
        if dict(query).get("action") == "start":
            self.rule({"executionMode", "kafkaRate"} <= json.loads(text).keys(), "executionMode and kafkaRate")
        if method == "GET" and parts.path.endswith("/pipelines"):
            self.rule(dict(query).get("ifReleased") in {"true", "false"}, "ifReleased is always sent")

    def learn(self, url, answer):
        """Take note of a token that was given out."""
        if "/apim-token-service/" in url and b'"accessToken"' in answer:
            self.tokens.add(json.loads(answer)["data"]["accessToken"])

    def rule(self, holds, text):
        if not holds:
            raise Refused(text)
