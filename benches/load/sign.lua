-- What a user of wrk writes to sign each request (V1, HMAC-SHA1): parameters sorted and escaped in Lua, the hash by OpenSSL.
local ffi = require("ffi")
ffi.cdef [[
const void *EVP_sha1(void);
unsigned char *HMAC(const void *md, const void *key, int key_len, const unsigned char *data, size_t n, unsigned char *out, unsigned int *out_len);
int EVP_EncodeBlock(unsigned char *out, const unsigned char *data, int n);
]]
local found, crypto = pcall(ffi.load, "libcrypto.so.3")
if not found then crypto = ffi.load("libcrypto.so.1.1") end
local key = (os.getenv("SECRET") or "secret") .. "&"
local hash, length, text = ffi.new("unsigned char[64]"), ffi.new("unsigned int[1]"), ffi.new("unsigned char[128]")

local function escape(value)
  return (value:gsub("[^A-Za-z0-9%-_%.~]", function(char) return string.format("%%%02X", char:byte()) end))
end

local function sign(data)
  crypto.HMAC(crypto.EVP_sha1(), key, #key, data, #data, hash, length)
  return ffi.string(text, crypto.EVP_EncodeBlock(text, hash, length[0]))
end

local common = {
  Action = "InitFaceVerify", Version = "2019-03-07", Format = "JSON", SignatureMethod = "HMAC-SHA1", SignatureVersion = "1.0",
  AccessKeyId = os.getenv("KEY") or "key", SceneId = "1000000006", ProductCode = "ID_PRO", CertType = "IDENTITY_CARD",
  CertName = "张试真", CertNo = "330103199001011230",
  MetaInfo = '{"zimVer":"3.0.0","appVersion":"1","bioMetaInfo":"4.1.0:11501568,0","appName":"com.example.idvet","deviceType":"ios","osVersion":"iOS 17.0","apdidToken":"","deviceModel":"iPhone14,2"}',
}
local start, n = tostring(os.time()) .. tostring(math.random(1e9)), 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"

function request()
  n = n + 1
  local parameters = { Timestamp = os.date("!%Y-%m-%dT%H:%M:%SZ"), SignatureNonce = start .. n, OuterOrderNo = start .. n }
  for name, value in pairs(common) do parameters[name] = value end
  local names = {}
  for name in pairs(parameters) do names[#names + 1] = name end
  table.sort(names)
  local pairs_ = {}
  for i, name in ipairs(names) do pairs_[i] = escape(name) .. "=" .. escape(parameters[name]) end
  local form = table.concat(pairs_, "&")
  local signature = sign("POST&%2F&" .. escape(form))
  return wrk.format(nil, "/", nil, form .. "&Signature=" .. escape(signature))
end
