"""Driver for aliyun-python-sdk-core with the request classes of -cloudauth and -saf (idvet driver protocol 1)."""
import importlib
import inspect
import json
import os
import platform
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from urllib.parse import urlsplit

from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

MODULES = {
    "cloudauth": ("aliyunsdkcloudauth.request.v20190307", "cloudauth"),
    "verify-token": ("aliyunsdkcloudauth.request.v20190307", "cloudauth"),
    "saf": ("aliyunsdksaf.request.v20170331", "saf"),
}
OPERATIONS = [
    "cloudauth.InitFaceVerify", "cloudauth.DescribeFaceVerify", "verify-token.DescribeVerifyToken",
    "verify-token.DescribeVerifyResult", "verify-token.VerifyMaterial", "saf.ExecuteRequest", "intl.Initialize",
    "intl.InitializeV2", "intl.CheckResult",
]
lock = threading.Lock()
# The SDK prints its debug log to stdout, which belongs to the protocol: it goes to stderr.
out = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)


def plain(value):
    """Returns a value as JSON can hold it: NaN and infinities as texts."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, float) and (value != value or abs(value) == float("inf")) else value


def say(message):
    line = json.dumps(plain(message), ensure_ascii=False)
    with lock:
        out.write(line.encode("utf-8", "surrogatepass") + b"\n")
        out.flush()


def request_class(operation):
    """Returns the typed request class, or None where the package has none."""
    api, action = operation.split(".")
    if api not in MODULES:
        return None
    try:
        module = importlib.import_module("%s.%sRequest" % (MODULES[api][0], action))
    except ImportError:
        return None
    return getattr(module, action + "Request", None)


def offered(operation):
    found = request_class(operation)
    if found is None:
        # The core's CommonRequest sends any operation by name.
        return {"supported": True, "parameters": None, "typed": False}
    setters = [name[4:] for name, _ in inspect.getmembers(found(), inspect.ismethod) if name.startswith("set_")]
    return {"supported": True, "parameters": sorted(setters), "typed": True}


def hello():
    say({
        "type": "hello", "protocol": 1, "driver": "python-core", "sdk": "aliyun-python-sdk-core",
        "sdk_version": metadata.version("aliyun-python-sdk-core"), "language": "python",
        "language_version": platform.python_version(),
        "operations": {operation: offered(operation) for operation in OPERATIONS},
        "options": ["ca_file", "connect_timeout_ms", "read_timeout_ms", "max_attempts", "security_token", "default_scheme"],
    })


def build(call, endpoint):
    found = request_class(call["operation"])
    parts = urlsplit(endpoint if "://" in endpoint else "//" + endpoint)
    if found is None:
        request = CommonRequest()
        request.set_accept_format("json")
        request.set_method("POST")
        request.set_version(call["version"])
        request.set_action_name(call["action"])
        request.set_domain(parts.netloc)
        for name, value in call["parameters"].items():
            request.add_query_param(name, value)
    else:
        request = found()
        request.set_accept_format("json")
        request.set_endpoint(parts.netloc)
        for name, value in call["parameters"].items():
            setter = getattr(request, "set_" + name, None)
            if setter is None:
                raise LookupError("the class has no set_%s" % name)
            setter(value)
    if parts.scheme == "https":
        request.set_protocol_type("https")
    return request


def client(call):
    keys, options = call["credentials"], call.get("options", {})
    token = keys.get("security_token")
    settings = {}
    if "max_attempts" in options:
        settings["auto_retry"] = options["max_attempts"] > 1
        settings["max_retry_time"] = options["max_attempts"] - 1
    if "ca_file" in options:
        settings["verify"] = options["ca_file"]
    if "read_timeout_ms" in options:
        settings["timeout"] = options["read_timeout_ms"] / 1000.0
    if "connect_timeout_ms" in options:
        settings["connect_timeout"] = options["connect_timeout_ms"] / 1000.0
    if token is not None:
        credential = StsTokenCredential(keys["access_key_id"], keys["access_key_secret"], token)
        return AcsClient(region_id="cn-hangzhou", credential=credential, **settings)
    credential = AccessKeyCredential(keys["access_key_id"], keys["access_key_secret"])
    return AcsClient(region_id="cn-hangzhou", credential=credential, **settings)


clients = {}


def client_of(call):
    """One client for each set of keys and settings, as an application would hold it."""
    key = json.dumps([call["credentials"], call.get("options", {})], sort_keys=True)
    with lock:
        if key not in clients:
            clients[key] = client(call)
        return clients[key]


def answer(call):
    try:
        request = build(call, call["endpoint"])
    except LookupError as error:
        return {"outcome": "unsupported", "reason": str(error)}
    try:
        body = client_of(call).do_action_with_exception(request)
    except ServerException as error:
        return {
            "outcome": "service_error", "code": text(error.get_error_code()), "message": text(error.get_error_msg()),
            "request_id": text(error.get_request_id()), "http_status": error.get_http_status(),
            "kind": type(error).__name__, "text": str(error), "foreign": is_foreign(error),
        }
    except ClientException as error:
        kind = "timeout" if "timed out" in str(error).lower() or "timeout" in str(error.get_error_code()).lower() else "client_error"
        return {"outcome": kind, "kind": "ClientException/" + str(error.get_error_code()), "message": str(error), "foreign": is_foreign(error)}
    except BaseException as error:
        return {"outcome": "client_error", "kind": type(error).__name__, "message": str(error), "foreign": is_foreign(error)}
    # The SDK hands the body back as bytes; its caller parses it, and so does this.
    try:
        return {"outcome": "ok", "body": json.loads(body)}
    except ValueError:
        return {"outcome": "ok", "body": {"unparsed": body.decode("utf-8", "replace")[:200]}}


def text(value):
    return None if value is None else str(value)


def is_foreign(error):
    return not type(error).__module__.startswith("aliyunsdk")


def take(line):
    call = json.loads(line)
    outcome = answer(call)
    outcome.update({"type": "answer", "id": call["id"]})
    say(outcome)


def main():
    hello()
    with ThreadPoolExecutor(max_workers=16) as pool:
        for line in sys.stdin.buffer:
            if line.strip():
                pool.submit(take, line.decode("utf-8"))


main()
