-- Renews a process's share of a limit, and lets it grow as far as nobody else may still use what it grows by.
--
-- KEYS: the members (hash: id -> "share demand until"), what was given back (sorted set: "id:n:share", score: free from).
-- ARGV: id, share in use, demand, limit; microseconds: lease, window.
-- Returns: the share, the share that would be fair, how many members there are.
--
-- Whoever shrinks does so before it says so; what it gives up counts as used for one window more. A member that is silent
-- keeps its share until its lease is over, and one window more. A server that knows nothing yet, or nothing any more, hands
-- out nothing before every lease that it may have forgotten is over.
local id, held, demand, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local lease, window = tonumber(ARGV[5]), tonumber(ARGV[6])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local text = function(number) return string.format('%.0f', number) end

local since = tonumber(redis.call('HGET', KEYS[1], 'since'))
if not since then
  since = now
  redis.call('HSET', KEYS[1], 'since', text(now))
end

redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now))
local used = held
local wants = { { id = id, demand = demand } }
local before = 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local share, wanted, till = string.match(all[i + 1], '^(%d+) (%d+) (%d+)$')
  if share then
    if all[i] == id then
      before = tonumber(share)
    elseif tonumber(till) + window <= now then
      redis.call('HDEL', KEYS[1], all[i])
    else
      used = used + tonumber(share)
      if tonumber(wanted) > 0 then
        wants[#wants + 1] = { id = all[i], demand = tonumber(wanted) }
      end
    end
  end
end
if held < before then
  redis.call('ZADD', KEYS[2], text(now + window), id .. ':' .. text(now) .. ':' .. text(before - held))
end
for _, given in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  used = used + tonumber(string.match(given, ':(%d+)$'))
end

-- Who wants least is served first; nobody gets more than it wants as long as another one lacks.
table.sort(wants, function(a, b) return a.demand < b.demand or (a.demand == b.demand and a.id < b.id) end)
local left, fair = limit, 0
for i, want in ipairs(wants) do
  want.share = math.min(want.demand, math.floor(left / (#wants - i + 1)))
  left = left - want.share
end
for i, want in ipairs(wants) do
  local more = math.floor(left / (#wants - i + 1))
  left = left - more
  if want.id == id then fair = want.share + more end
end
if demand == 0 then fair = 0 end

local share = held
if fair > held and now >= since + lease + window then
  share = held + math.max(0, math.min(fair - held, limit - used))
end
if demand == 0 and share == 0 then
  redis.call('HDEL', KEYS[1], id)
else
  redis.call('HSET', KEYS[1], id, text(share) .. ' ' .. text(demand) .. ' ' .. text(now + lease))
end
redis.call('PEXPIRE', KEYS[1], 600000)
redis.call('PEXPIRE', KEYS[2], 600000)
return { share, fair, #wants }
