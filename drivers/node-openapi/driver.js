// Driver for @alicloud/cloudauth20190307 over @alicloud/openapi-core (idvet driver protocol 1).
'use strict';
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const modules = path.join(__dirname, '..', 'node_modules');
const load = (name) => require(path.join(modules, name));
const version = (name) => load(path.join(name, 'package.json')).version;
const models = load('@alicloud/cloudauth20190307');
const { $OpenApiUtil } = load('@alicloud/openapi-core');
const { RetryCondition, RetryOptions, RuntimeOptions } = load('@darabonba/typescript');
const Client = models.default;

const CALLS = {
  'cloudauth.InitFaceVerify': ['initFaceVerifyWithOptions', 'InitFaceVerifyRequest'],
  'cloudauth.DescribeFaceVerify': ['describeFaceVerifyWithOptions', 'DescribeFaceVerifyRequest'],
  'verify-token.DescribeVerifyToken': ['describeVerifyTokenWithOptions', 'DescribeVerifyTokenRequest'],
  'verify-token.DescribeVerifyResult': ['describeVerifyResultWithOptions', 'DescribeVerifyResultRequest'],
  'verify-token.VerifyMaterial': ['verifyMaterialWithOptions', 'VerifyMaterialRequest'],
};
const ELSEWHERE = ['saf.ExecuteRequest', 'intl.Initialize', 'intl.InitializeV2', 'intl.CheckResult'];

function say(message) {
  process.stdout.write(JSON.stringify(message) + '\n');
}

function offered([method, model]) {
  if (!models[model] || !Client.prototype[method]) return { supported: false, reason: 'the client has no such call' };
  return { supported: true, parameters: Object.values(models[model].names()).sort(), typed: true };
}

// Wire names to the names of the model's fields.
function request(model, parameters) {
  const fields = Object.fromEntries(Object.entries(models[model].names()).map(([field, name]) => [name, field]));
  const map = {};
  for (const [name, value] of Object.entries(parameters)) map[fields[name] || name] = value;
  return new models[model](map);
}

const clients = new Map();

// One client for each set of keys, endpoint and settings, as an application would hold it.
function clientOf(call) {
  const keys = call.credentials;
  const [, scheme, host] = /^(?:(\w+):\/\/)?(.*)$/.exec(call.endpoint);
  const key = JSON.stringify([keys, call.endpoint, call.options]);
  if (!clients.has(key)) {
    clients.set(key, new Client(new $OpenApiUtil.Config({
      accessKeyId: keys.access_key_id, accessKeySecret: keys.access_key_secret, securityToken: keys.security_token,
      endpoint: host, protocol: scheme, ca: ca(call),
      retryOptions: retries(call.options),
    })));
  }
  return clients.get(key);
}

// The retry switch of the client; which errors are tried again is said by their codes.
function retries({ max_attempts }) {
  if (!max_attempts) return undefined;
  const errorCode = ['Throttling', 'Throttling.User', 'Throttling.Api', 'ServiceUnavailable', 'InternalError'];
  const condition = new RetryCondition({ maxAttempts: max_attempts, errorCode, exception: [] });
  return new RetryOptions({ retryable: max_attempts > 1, retryCondition: [condition], noRetryCondition: [] });
}

function ca(call) {
  return call.options.ca_file ? fs.readFileSync(call.options.ca_file, 'utf8') : undefined;
}

async function answer(call) {
  call.options = call.options || {};
  const { read_timeout_ms, connect_timeout_ms, max_attempts } = call.options;
  const settings = { ca: ca(call) };
  if (read_timeout_ms) settings.readTimeout = read_timeout_ms;
  if (connect_timeout_ms) settings.connectTimeout = connect_timeout_ms;
  if (max_attempts) Object.assign(settings, { autoretry: max_attempts > 1, maxAttempts: max_attempts });
  try {
    const [method, model] = CALLS[call.operation];
    const response = await clientOf(call)[method](request(model, call.parameters), new RuntimeOptions(settings));
    return { outcome: 'ok', http_status: response.statusCode, body: response.body ? response.body.toMap() : null };
  } catch (error) {
    return { ...told(error), foreign: isForeign(error) };
  }
}

// A bare Error may be the SDK's or the platform's.
function isForeign(error) {
  if ([TypeError, SyntaxError, RangeError, URIError].some((type) => error instanceof type)) return true;
  return error && error.name !== 'Error' ? false : undefined;
}

function told(error) {
  const message = text(error && error.message);
  const kind = String((error && error.name) || typeof error);
  if (/timeout/i.test(kind) || /timeout/i.test(String(message))) return { outcome: 'timeout', kind, message };
  if (error && error.code !== undefined && (error.statusCode || error.data)) {
    return {
      outcome: 'service_error', code: String(error.code), message, request_id: text(error.requestId),
      http_status: Number(error.statusCode) || undefined, kind, text: String(error),
      access_denied_detail: error.accessDeniedDetail || (error.data && error.data.AccessDeniedDetail),
    };
  }
  return { outcome: 'client_error', kind, message };
}

function text(value) {
  return value === undefined || value === null ? undefined : String(value);
}

// Numbers beyond 2^53 come as texts, as a caller of this SDK has to give them.
function read(line) {
  const call = JSON.parse(line);
  const exact = /"SceneId":(\d{16,})/.exec(line);
  if (exact) call.parameters.SceneId = exact[1];
  return call;
}

const operations = Object.fromEntries(Object.entries(CALLS).map(([key, call]) => [key, offered(call)]));
for (const key of ELSEWHERE) operations[key] = { supported: false, reason: 'another package has it' };
say({
  type: 'hello', protocol: 1, driver: 'node-openapi', sdk: '@alicloud/cloudauth20190307',
  sdk_version: `${version('@alicloud/cloudauth20190307')} ${version('@alicloud/openapi-core')} ${version('@darabonba/typescript')}`,
  language: 'node', language_version: process.version, operations,
  options: ['ca_file', 'connect_timeout_ms', 'read_timeout_ms', 'max_attempts', 'security_token', 'default_scheme'],
});

readline.createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', async (line) => {
  if (!line.trim()) return;
  const call = read(line);
  say({ type: 'answer', id: call.id, ...await answer(call) });
});
