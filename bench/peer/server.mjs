// The peer: oidc-provider with one portal, one machine and one person. node server.mjs <port> [redis url]
//
// What it is asked to do is what Kapok does: ES256 everywhere, JWT access tokens, PKCE, refresh tokens rotated at each
// use. Behind /bench/<kind>?n=… it hands out codes and tokens that are prepared before anything is measured.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

import { inMemory, inRedis } from './storage.mjs';

const [port, redisUrl] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const API = 'https://api.example.gov.cn';
const CALLBACK = 'https://portal.example.gov.cn/cb';
const PERSON = 'person-1';
const VERIFIER = 'v'.repeat(64);
const SECRET = 's'.repeat(43);

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const provider = new Provider(issuer, {
  adapter: redisUrl ? inRedis(redisUrl) : inMemory(),
  clients: [
    { client_id: 'machine', client_secret: SECRET, grant_types: ['client_credentials'], redirect_uris: [], response_types: [], id_token_signed_response_alg: 'ES256' },
    { client_id: 'portal', client_secret: SECRET, grant_types: ['authorization_code', 'refresh_token'], redirect_uris: [CALLBACK], response_types: ['code'], id_token_signed_response_alg: 'ES256' },
  ],
  jwks: { keys: [{ ...key, kid: 'one', alg: 'ES256', use: 'sig' }] },
  cookies: { keys: [SECRET] },
  scopes: ['openid', 'offline_access', 'feeds'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => API,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'feeds openid', accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: 'ES256' } } }),
    },
  },
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  pkce: { required: () => true },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  issueRefreshToken: () => true,
  rotateRefreshToken: () => true,
  ttl: { AccessToken: 600, AuthorizationCode: 600, ClientCredentials: 600, Grant: 86400, IdToken: 3600, RefreshToken: 86400, Session: 86400, Interaction: 3600 },
});

async function granted() {
  const client = await provider.Client.find('portal');
  const grant = new provider.Grant({ accountId: PERSON, clientId: 'portal' });
  grant.addOIDCScope('openid offline_access');
  grant.addResourceScope(API, 'feeds');
  const grantId = await grant.save();
  return { client, grantId, accountId: PERSON, gty: 'authorization_code' };
}

const signIn = () => ({ authTime: Math.floor(Date.now() / 1000), acr: '3', amr: ['pwd'], nonce: 'n-1', claims: {}, sid: 'session-1' });

const prepare = {
  async code() {
    const code = new provider.AuthorizationCode({
      ...(await granted()),
      ...signIn(),
      redirectUri: CALLBACK,
      scope: 'openid offline_access',
      resource: API,
      codeChallenge: createHash('sha256').update(VERIFIER).digest('base64url'),
      codeChallengeMethod: 'S256',
    });
    return code.save();
  },
  async refresh() {
    const token = new provider.RefreshToken({ ...(await granted()), ...signIn(), scope: 'openid offline_access', resource: API, rotations: 0, iiat: Math.floor(Date.now() / 1000) });
    return token.save();
  },
  // userinfo and introspection know opaque tokens only
  async access() {
    const token = new provider.AccessToken({ ...(await granted()), scope: 'openid', claims: {} });
    return token.save();
  },
};

const answer = provider.callback();
createServer(async (request, response) => {
  if (!request.url.startsWith('/bench/')) {
    answer(request, response);
    return;
  }
  const asked = new URL(request.url, issuer);
  const make = prepare[asked.pathname.slice('/bench/'.length)];
  const made = [];
  for (let n = Number(asked.searchParams.get('n')); n > 0; n -= 1) made.push(await make());
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(made));
}).listen(Number(port), '127.0.0.1');
