"""Driver for the generated Python clients over alibabacloud-tea-openapi (idvet driver protocol 1).

With the argument `async` it makes the calls of the same clients that are coroutines.
"""
import asyncio
import functools
import inspect
import json
import os
import platform
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from urllib.parse import urlsplit

from alibabacloud_cloudauth20190307 import client as cloudauth_client, models as cloudauth_models
from alibabacloud_cloudauth_intl20220809 import client as intl_client, models as intl_models
from alibabacloud_saf20170331 import client as saf_client, models as saf_models
from alibabacloud_tea_openapi import models as open_api_models
from alibabacloud_tea_util import models as util_models
from darabonba.policy.retry import RetryOptions

DOMESTIC = (cloudauth_client.Client, cloudauth_models)
INTL = (intl_client.Client, intl_models)
CALLS = {
    "cloudauth.InitFaceVerify": DOMESTIC + ("init_face_verify_with_options", "InitFaceVerifyRequest"),
    "cloudauth.DescribeFaceVerify": DOMESTIC + ("describe_face_verify_with_options", "DescribeFaceVerifyRequest"),
    "verify-token.DescribeVerifyToken": DOMESTIC + ("describe_verify_token_with_options", "DescribeVerifyTokenRequest"),
    "verify-token.DescribeVerifyResult": DOMESTIC + ("describe_verify_result_with_options", "DescribeVerifyResultRequest"),
    "verify-token.VerifyMaterial": DOMESTIC + ("verify_material_with_options", "VerifyMaterialRequest"),
    "saf.ExecuteRequest": (saf_client.Client, saf_models, "execute_request_with_options", "ExecuteRequestRequest"),
    "intl.Initialize": INTL + ("initialize_with_options", "InitializeRequest"),
    "intl.InitializeV2": INTL + ("initialize_v2with_options", "InitializeV2Request"),
    "intl.CheckResult": INTL + ("check_result_with_options", "CheckResultRequest"),
}
IS_ASYNC = sys.argv[1:] == ["async"]
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
    line = json.dumps(plain(message), ensure_ascii=False, default=str)
    with lock:
        out.write(line.encode("utf-8", "surrogatepass") + b"\n")
        out.flush()


def model_of(operation):
    return getattr(CALLS[operation][1], CALLS[operation][3], None)


def method_of(operation):
    return CALLS[operation][2] + ("_async" if IS_ASYNC else "")


@functools.lru_cache(maxsize=None)
def offered(operation):
    model = model_of(operation)
    if model is None or not hasattr(CALLS[operation][0], method_of(operation)):
        return {"supported": False, "reason": "the client has no such call"}
    names = re.findall(r"get\('(\w+)'\)", inspect.getsource(model.from_map))
    return {"supported": True, "parameters": sorted(set(names)), "typed": True}


def hello():
    versions = [metadata.version(name) for name in ("alibabacloud-cloudauth20190307", "alibabacloud-tea-openapi", "alibabacloud-tea")]
    say({
        "type": "hello", "protocol": 1, "driver": "python-tea-async" if IS_ASYNC else "python-tea", "sdk": "alibabacloud-cloudauth20190307",
        "sdk_version": " ".join(versions), "language": "python", "language_version": platform.python_version(),
        "operations": {operation: offered(operation) for operation in CALLS},
        "options": ["ca_file", "connect_timeout_ms", "read_timeout_ms", "max_attempts", "security_token", "default_scheme"],
    })


def retries(attempts):
    """The retry switch of the client; which errors are tried again is said by their codes."""
    codes = ["Throttling", "Throttling.User", "Throttling.Api", "ServiceUnavailable", "InternalError"]
    condition = {"maxAttempts": attempts, "errorCode": codes, "exception": []}
    return RetryOptions({"retryable": attempts > 1, "retryCondition": [condition]})


clients = {}


def client_of(call):
    """One client for each set of keys, endpoint and settings, as an application would hold it."""
    options, keys, endpoint = call.get("options", {}), call["credentials"], call["endpoint"]
    parts = urlsplit(endpoint if "://" in endpoint else "//" + endpoint)
    key = json.dumps([call["operation"], keys, call["endpoint"], options], sort_keys=True)
    with lock:
        if key not in clients:
            config = open_api_models.Config(
                access_key_id=keys["access_key_id"], access_key_secret=keys["access_key_secret"],
                security_token=keys.get("security_token"), endpoint=parts.netloc, protocol=parts.scheme or None,
            )
            config.ca = options.get("ca_file")
            if "max_attempts" in options:
                config.retry_options = retries(options["max_attempts"])
            clients[key] = CALLS[call["operation"]][0](config)
        return clients[key]


def runtime_of(call):
    options = call.get("options", {})
    runtime = util_models.RuntimeOptions(
        read_timeout=options.get("read_timeout_ms"), connect_timeout=options.get("connect_timeout_ms"),
    )
    runtime.ca = options.get("ca_file")
    if "max_attempts" in options:
        runtime.autoretry = options["max_attempts"] > 1
        runtime.max_attempts = options["max_attempts"]
    return runtime


def begun(call):
    """Makes the call: its response, or with `async` what is to be awaited for it."""
    model, known = model_of(call["operation"]), offered(call["operation"])["parameters"]
    # What the model does not know can be given to its constructor alone, which says so.
    unknown = {name: value for name, value in call["parameters"].items() if name not in known}
    request = model(**unknown).from_map(call["parameters"])
    return getattr(client_of(call), method_of(call["operation"]))(request, runtime_of(call))


def given(response):
    body = None if response.body is None else response.body.to_map()
    return {"outcome": "ok", "http_status": getattr(response, "status_code", None), "body": body}


def answer(call):
    try:
        return given(begun(call))
    except Exception as error:
        return told(error)


async def answer_async(call):
    try:
        return given(await begun(call))
    except Exception as error:
        return told(error)


def told(error):
    outcome = named(error)
    # An argument that a function does not have is the caller's mistake, which the language tells.
    if not isinstance(error, TypeError):
        outcome["foreign"] = not type(error).__module__.startswith(("alibabacloud", "Tea", "darabonba"))
    return outcome


def named(error):
    kind, code, data = type(error).__name__, getattr(error, "code", None), getattr(error, "data", None) or {}
    status = getattr(error, "status_code", None) or getattr(error, "statusCode", None) or data.get("statusCode")
    request_id = getattr(error, "request_id", None) or data.get("RequestId") or data.get("requestId")
    if "Timeout" in kind or "timed out" in str(error) or "Timeout on" in str(error):
        return {"outcome": "timeout", "kind": kind, "message": str(error)}
    if code is not None and (status or data):
        message = getattr(error, "message", None)
        return {
            "outcome": "service_error", "code": str(code), "message": None if message is None else str(message),
            "request_id": None if request_id is None else str(request_id),
            "http_status": int(status) if str(status).isdigit() else None, "kind": kind, "text": str(error),
            "access_denied_detail": getattr(error, "access_denied_detail", None) or data.get("AccessDeniedDetail"),
        }
    return {"outcome": "client_error", "kind": kind, "message": str(error)}


def tell(call, outcome):
    outcome.update({"type": "answer", "id": call["id"]})
    say(outcome)


def take(line):
    call = json.loads(line)
    tell(call, answer(call))


async def take_async(line):
    call = json.loads(line)
    tell(call, await answer_async(call))


def serve():
    with ThreadPoolExecutor(max_workers=16) as pool:
        for line in sys.stdin.buffer:
            if line.strip():
                pool.submit(take, line.decode("utf-8"))


async def serve_async():
    running = set()
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        if line.strip():
            task = asyncio.create_task(take_async(line.decode("utf-8")))
            running.add(task)
            task.add_done_callback(running.discard)
    await asyncio.gather(*running)


hello()
if IS_ASYNC:
    asyncio.run(serve_async())
else:
    serve()
