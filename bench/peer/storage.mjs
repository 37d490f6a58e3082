// Where the peer keeps its rows: a Map without a bound, or Redis. The adapter's interface is oidc-provider's.
import { Redis } from 'ioredis';

const now = () => Math.floor(Date.now() / 1000);
const GRANTED = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest']);

export function inMemory() {
  const rows = new Map(); // `${model}:${id}` -> payload
  const ofGrant = new Map(); // grantId -> Set of row keys
  return class {
    constructor(model) {
      this.model = model;
    }

    row(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload) {
      const row = this.row(id);
      rows.set(row, payload);
      if (payload.uid) rows.set(`uid:${payload.uid}`, row);
      if (GRANTED.has(this.model) && payload.grantId) {
        let members = ofGrant.get(payload.grantId);
        if (!members) ofGrant.set(payload.grantId, (members = new Set()));
        members.add(row);
      }
    }

    async find(id) {
      return rows.get(this.row(id));
    }

    async findByUid(uid) {
      return rows.get(rows.get(`uid:${uid}`));
    }

    async consume(id) {
      rows.get(this.row(id)).consumed = now();
    }

    async destroy(id) {
      rows.delete(this.row(id));
    }

    async revokeByGrantId(grantId) {
      for (const row of ofGrant.get(grantId) ?? []) rows.delete(row);
      ofGrant.delete(grantId);
    }
  };
}

export function inRedis(url) {
  const redis = new Redis(url, { keyPrefix: 'peer:', enableAutoPipelining: true });
  return class {
    constructor(model) {
      this.model = model;
    }

    row(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload, seconds) {
      const row = this.row(id);
      const work = redis.multi().hset(row, 'payload', JSON.stringify(payload));
      if (seconds) work.expire(row, seconds);
      if (payload.uid) work.set(`uid:${payload.uid}`, id, 'EX', seconds || 86400);
      if (GRANTED.has(this.model) && payload.grantId) {
        work.rpush(`grant:${payload.grantId}`, row);
        if (seconds) work.expire(`grant:${payload.grantId}`, seconds, 'GT');
      }
      await work.exec();
    }

    async find(id) {
      const found = await redis.hgetall(this.row(id));
      if (!found.payload) return undefined;
      const payload = JSON.parse(found.payload);
      return found.consumed ? { ...payload, consumed: Number(found.consumed) } : payload;
    }

    async findByUid(uid) {
      return this.find(await redis.get(`uid:${uid}`));
    }

    async consume(id) {
      await redis.hset(this.row(id), 'consumed', now());
    }

    async destroy(id) {
      await redis.del(this.row(id));
    }

    async revokeByGrantId(grantId) {
      const rows = await redis.lrange(`grant:${grantId}`, 0, -1);
      await redis.del(...rows, `grant:${grantId}`);
    }
  };
}
