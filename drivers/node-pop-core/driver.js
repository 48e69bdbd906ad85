// Driver for @alicloud/pop-core (idvet driver protocol 1).
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');
const readline = require('readline');

const folder = path.join(__dirname, '..', 'node_modules', '@alicloud', 'pop-core');
const { RPCClient } = require(folder);
const { version } = require(path.join(folder, 'package.json'));

const OPERATIONS = [
  'cloudauth.InitFaceVerify', 'cloudauth.DescribeFaceVerify', 'verify-token.DescribeVerifyToken',
  'verify-token.DescribeVerifyResult', 'verify-token.VerifyMaterial', 'saf.ExecuteRequest', 'intl.Initialize',
  'intl.InitializeV2', 'intl.CheckResult',
];

function say(message) {
  process.stdout.write(JSON.stringify(message) + '\n');
}

// Numbers beyond 2^53 come as texts, as a caller of this SDK has to give them.
function read(line) {
  const call = JSON.parse(line);
  const exact = /"SceneId":(\d{16,})/.exec(line);
  if (exact) call.parameters.SceneId = exact[1];
  return call;
}

const clients = new Map();

// One client for each set of keys, endpoint and settings, as an application would hold it.
function clientOf(call) {
  const keys = call.credentials;
  const key = JSON.stringify([keys, call.endpoint, call.version, call.options]);
  if (!clients.has(key)) {
    const config = {
      accessKeyId: keys.access_key_id, accessKeySecret: keys.access_key_secret, endpoint: call.endpoint,
      apiVersion: call.version,
    };
    if (keys.security_token !== undefined) config.securityToken = keys.security_token;
    if (call.options.ca_file) {
      config.opts = { agent: new https.Agent({ keepAlive: true, ca: fs.readFileSync(call.options.ca_file) }) };
    }
    clients.set(key, new RPCClient(config));
  }
  return clients.get(key);
}

async function answer(call) {
  call.options = call.options || {};
  const options = { method: 'POST' };
  if (call.options.read_timeout_ms) options.timeout = call.options.read_timeout_ms;
  try {
    const body = await clientOf(call).request(call.action, call.parameters, options);
    return { outcome: 'ok', body };
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
  const message = String(error && error.message);
  const kind = String((error && error.name) || typeof error);
  if (/timeout/i.test(kind) || /timeout/i.test(message)) return { outcome: 'timeout', kind, message };
  if (error && error.data && error.code !== undefined) {
    const status = error.entry && error.entry.response && error.entry.response.statusCode;
    return {
      outcome: 'service_error', code: String(error.code), message: text(error.data.Message),
      request_id: text(error.data.RequestId), http_status: status, kind, text: message,
      access_denied_detail: error.data.AccessDeniedDetail,
    };
  }
  return { outcome: 'client_error', kind, message };
}

function text(value) {
  return value === undefined || value === null ? undefined : String(value);
}

say({
  type: 'hello', protocol: 1, driver: 'node-pop-core', sdk: '@alicloud/pop-core', sdk_version: version, language: 'node',
  language_version: process.version, options: ['ca_file', 'read_timeout_ms', 'security_token'],
  operations: Object.fromEntries(OPERATIONS.map((operation) => [operation, { supported: true, typed: false }])),
});

readline.createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', async (line) => {
  if (!line.trim()) return;
  const call = read(line);
  say({ type: 'answer', id: call.id, ...await answer(call) });
});
