// Driver for @alicloud/openapi-client, the core of the Node SDKs before @alicloud/openapi-core, by its callApi (idvet driver protocol 1).
'use strict';
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const modules = path.join(__dirname, '..', 'node_modules', '@alicloud');
const load = (name) => require(path.join(modules, name));
const version = (name) => load(path.join(name, 'package.json')).version;
const openapi = load('openapi-client');
const { default: OpenApiUtil } = load('openapi-util');
const { RuntimeOptions } = load('tea-util');
const Client = openapi.default;

const OPERATIONS = [
  'cloudauth.InitFaceVerify', 'cloudauth.DescribeFaceVerify', 'verify-token.DescribeVerifyToken',
  'verify-token.DescribeVerifyResult', 'verify-token.VerifyMaterial', 'saf.ExecuteRequest', 'intl.Initialize',
  'intl.InitializeV2', 'intl.CheckResult',
];

// What the generated clients put into the body.
const IN_BODY = new Set(['FaceContrastPicture', 'Crop', 'FacePictureBase64', 'TargetFacePicture']);

function say(message) {
  process.stdout.write(JSON.stringify(message) + '\n');
}

const clients = new Map();

// One client for each set of keys, endpoint and settings, as an application would hold it.
function clientOf(call) {
  const keys = call.credentials;
  const [, scheme, host] = /^(?:(\w+):\/\/)?(.*)$/.exec(call.endpoint);
  const key = JSON.stringify([keys, call.endpoint, call.options]);
  if (!clients.has(key)) {
    clients.set(key, new Client(new openapi.Config({
      accessKeyId: keys.access_key_id, accessKeySecret: keys.access_key_secret, securityToken: keys.security_token,
      endpoint: host, protocol: scheme, ca: ca(call),
    })));
  }
  return clients.get(key);
}

function ca(call) {
  return call.options.ca_file ? fs.readFileSync(call.options.ca_file, 'utf8') : undefined;
}

function part(parameters, isBody) {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => IN_BODY.has(name) === isBody));
}

async function answer(call) {
  call.options = call.options || {};
  const { read_timeout_ms, connect_timeout_ms, max_attempts } = call.options;
  const settings = { ca: ca(call) };
  if (read_timeout_ms) settings.readTimeout = read_timeout_ms;
  if (connect_timeout_ms) settings.connectTimeout = connect_timeout_ms;
  if (max_attempts) Object.assign(settings, { autoretry: max_attempts > 1, maxAttempts: max_attempts });
  try {
    // As the generated clients of that generation make a call.
    const body = part(call.parameters, true);
    const request = new openapi.OpenApiRequest({ query: OpenApiUtil.query(part(call.parameters, false)) });
    if (Object.keys(body).length > 0) request.body = OpenApiUtil.parseToMap(body);
    const params = new openapi.Params({
      action: call.action, version: call.version, protocol: 'HTTPS', pathname: '/', method: 'POST', authType: 'AK',
      style: 'RPC', reqBodyType: 'formData', bodyType: 'json',
    });
    const response = await clientOf(call).callApi(params, request, new RuntimeOptions(settings));
    return { outcome: 'ok', http_status: response.statusCode, body: response.body };
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
  const data = (error && error.data) || {};
  if (/timeout/i.test(kind) || /timeout/i.test(String(message))) return { outcome: 'timeout', kind, message };
  if (error && error.code !== undefined && (error.statusCode || data.statusCode)) {
    return {
      outcome: 'service_error', code: String(error.code), message, request_id: text(data.RequestId || data.requestId),
      http_status: Number(error.statusCode || data.statusCode) || undefined, kind, text: String(error),
      access_denied_detail: error.accessDeniedDetail || data.AccessDeniedDetail,
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

say({
  type: 'hello', protocol: 1, driver: 'node-openapi-client', sdk: '@alicloud/openapi-client',
  sdk_version: `${version('openapi-client')} ${version('openapi-util')} ${version('tea-typescript')}`,
  language: 'node', language_version: process.version,
  operations: Object.fromEntries(OPERATIONS.map((key) => [key, { supported: true, typed: false }])),
  options: ['ca_file', 'connect_timeout_ms', 'read_timeout_ms', 'max_attempts', 'security_token', 'default_scheme'],
});

readline.createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', async (line) => {
  if (!line.trim()) return;
  const call = read(line);
  say({ type: 'answer', id: call.id, ...await answer(call) });
});
