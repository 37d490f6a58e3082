// npm oauth4webapi, as published, against the provider at `given.issuer`: node oauth4webapi.mjs <flow> <JSON>.
// Every answer goes through the library's own checks; what is printed is what it made of them.
import { webcrypto } from 'node:crypto'
import * as oauth from 'oauth4webapi'

const [flow, text] = process.argv.slice(2)
const given = JSON.parse(text)
const insecure = { [oauth.allowInsecureRequests]: true } // a loopback address has no certificate
const client = { client_id: given.client_id, ...given.client }
const browser = { Cookie: `kapok=${given.cookie}` }
const found = await oauth.discoveryRequest(new URL(given.issuer), { ...insecure, algorithm: given.algorithm ?? 'oidc' })
const as = await oauth.processDiscoveryResponse(new URL(given.issuer), found)

async function proof() {
  if (given.jwk) {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
    const key = await webcrypto.subtle.importKey('jwk', given.jwk, algorithm, false, ['sign'])
    return { key, kid: given.jwk.kid }
  }
  return null
}

async function authentication() {
  const held = await proof()
  if (held) return oauth.PrivateKeyJwt(held)
  if (!given.secret) return oauth.None()
  return given.method === 'client_secret_post' ? oauth.ClientSecretPost(given.secret) : oauth.ClientSecretBasic(given.secret)
}

// A nonce that the server asks for is learnt from its refusal (RFC 9449 §8): the library says when to try again.
async function withNonce(ask, counted = {}) {
  try {
    return await ask()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    counted.asked = (counted.asked ?? 0) + 1
    return ask()
  }
}

const parameters = async (verifier, more = {}) => ({
  client_id: client.client_id,
  redirect_uri: given.redirect_uri,
  response_type: 'code',
  scope: given.scope ?? 'openid profile email',
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state: 'state-1',
  nonce: 'nonce-1',
  ...more,
})

async function visit(query) {
  const answer = await fetch(`${as.authorization_endpoint}?${new URLSearchParams(query)}`, { headers: browser, redirect: 'manual' })
  if (answer.status !== 303) throw new Error(`${answer.status} ${await answer.text()}`)
  return new URL(answer.headers.get('location'))
}

async function redeem(auth, landed, verifier, { DPoP, jarm, nonce = 'nonce-1' } = {}) {
  const validate = jarm ? oauth.validateJwtAuthResponse : oauth.validateAuthResponse
  const answer = await validate(as, client, landed, 'state-1', insecure)
  const ask = async () => {
    const response = await oauth.authorizationCodeGrantRequest(as, client, auth, answer, given.redirect_uri, verifier, { ...insecure, DPoP })
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, requireIdToken: nonce !== undefined })
    if (tokens.id_token) await oauth.validateApplicationLevelSignature(as, response, insecure)
    return tokens
  }
  return withNonce(ask)
}

async function userinfo(tokens, DPoP) {
  const { sub } = oauth.getValidatedIdTokenClaims(tokens)
  return withNonce(async () => {
    const response = await oauth.userInfoRequest(as, client, tokens.access_token, { ...insecure, DPoP })
    return oauth.processUserInfoResponse(as, client, sub, response)
  })
}

async function refresh(auth, tokens, DPoP) {
  return withNonce(async () => {
    const response = await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, { ...insecure, DPoP })
    return oauth.processRefreshTokenResponse(as, client, response)
  })
}

async function introspect(auth, token, jwt = false) {
  const response = await oauth.introspectionRequest(as, client, auth, token, { ...insecure, requestJwtResponse: jwt })
  const said = await oauth.processIntrospectionResponse(as, client, response)
  if (jwt) await oauth.validateApplicationLevelSignature(as, response, insecure)
  return said
}

async function push(auth, form, DPoP, counted) {
  return withNonce(async () => {
    const response = await oauth.pushedAuthorizationRequest(as, client, auth, form, { ...insecure, DPoP })
    return oauth.processPushedAuthorizationResponse(as, client, response)
  }, counted)
}

// The person's part on another device: the page's own form, sent as it stands.
async function agree(path) {
  const page = await (await fetch(`${given.issuer}${path}`, { headers: browser })).text()
  const form = /<form[^>]*action="(\/approvals\/[^"]+)"[^>]*>/.exec(page)
  if (!form) throw new Error(page)
  const fields = [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value])
  const scopes = [...page.matchAll(/name="scope" value="([^"]+)"/g)].map(([, value]) => ['scope', value])
  const body = new URLSearchParams([...fields, ...scopes, ['do', 'allow']])
  const answer = await fetch(`${given.issuer}${form[1]}`, { method: 'POST', body, headers: { ...browser, Origin: given.issuer }, redirect: 'manual' })
  if (answer.status >= 400) throw new Error(`${answer.status} ${await answer.text()}`)
}

const flows = {
  async code() {
    const auth = await authentication()
    const verifier = oauth.generateRandomCodeVerifier()
    const tokens = await redeem(auth, await visit(await parameters(verifier)), verifier)
    const info = await userinfo(tokens)
    const next = await refresh(auth, tokens)
    const before = given.secret ? await introspect(auth, next.access_token) : null
    const signed = given.secret ? await introspect(auth, next.access_token, true) : null
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, next.refresh_token, insecure))
    const after = given.secret ? await introspect(auth, next.refresh_token) : null
    return { claims: oauth.getValidatedIdTokenClaims(tokens), info, rotated: next.refresh_token !== tokens.refresh_token, before, signed, after }
  },

  async machine() {
    const auth = await authentication()
    const response = await oauth.clientCredentialsGrantRequest(as, client, auth, { scope: given.scope }, insecure)
    return oauth.processClientCredentialsResponse(as, client, response)
  },

  // FAPI 2.0: pushed, proved by a key, tokens bound to another one whose proofs need the server's nonce.
  async fapi() {
    const auth = await authentication()
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    const verifier = oauth.generateRandomCodeVerifier()
    const counted = {}
    const pushed = await push(auth, await parameters(verifier), DPoP, counted)
    const landed = await visit({ client_id: client.client_id, request_uri: pushed.request_uri })
    const tokens = await redeem(auth, landed, verifier, { DPoP })
    const info = await userinfo(tokens, DPoP)
    const next = await refresh(auth, tokens, DPoP)
    const bearer = await fetch(as.userinfo_endpoint, { headers: { Authorization: `Bearer ${next.access_token}` } })
    return { claims: oauth.getValidatedIdTokenClaims(tokens), info, type: next.token_type, nonces: counted.asked ?? 0, bearer: bearer.status }
  },

  // Message signing: the request is a signed object, pushed; the answer is a JWT.
  async signed() {
    const auth = await authentication()
    const verifier = oauth.generateRandomCodeVerifier()
    const request = await oauth.issueRequestObject(as, client, await parameters(verifier, { response_mode: 'jwt' }), await proof())
    const pushed = await push(auth, { client_id: client.client_id, request })
    const landed = await visit({ client_id: client.client_id, request_uri: pushed.request_uri })
    const tokens = await redeem(auth, landed, verifier, { jarm: true })
    return { answer: [...landed.searchParams.keys()], claims: oauth.getValidatedIdTokenClaims(tokens) }
  },

  async jarm() {
    const auth = await authentication()
    const verifier = oauth.generateRandomCodeVerifier()
    const landed = await visit(await parameters(verifier, { response_mode: 'query.jwt' }))
    const tokens = await redeem(auth, landed, verifier, { jarm: true })
    const refused = await visit(await parameters(verifier, { response_mode: 'jwt', prompt: 'none', max_age: '-1' }))
    const told = await oauth.validateJwtAuthResponse(as, client, refused, 'state-1', insecure).catch((error) => error)
    return { claims: oauth.getValidatedIdTokenClaims(tokens), error: told.error }
  },

  async device() {
    const auth = await authentication()
    const response = await oauth.deviceAuthorizationRequest(as, client, auth, { scope: 'openid profile' }, insecure)
    const begun = await oauth.processDeviceAuthorizationResponse(as, client, response)
    const poll = async () => {
      const answer = await oauth.deviceCodeGrantRequest(as, client, auth, begun.device_code, insecure)
      return oauth.processDeviceCodeResponse(as, client, answer)
    }
    const early = await poll().catch((error) => error)
    await agree(`/device?user_code=${begun.user_code}`)
    await new Promise((resolve) => setTimeout(resolve, begun.interval * 1000 + 100))
    const tokens = await poll()
    return { early: early.error, claims: oauth.getValidatedIdTokenClaims(tokens) }
  },

  async ciba() {
    const auth = await authentication()
    const form = { scope: 'openid profile', login_hint: given.login_hint }
    const response = await oauth.backchannelAuthenticationRequest(as, client, auth, form, insecure)
    const begun = await oauth.processBackchannelAuthenticationResponse(as, client, response)
    const list = await (await fetch(`${given.issuer}/approvals`, { headers: browser })).text()
    await agree(/href="(\/approvals\/[^"]+)"/.exec(list)[1])
    const answer = await oauth.backchannelAuthenticationGrantRequest(as, client, auth, begun.auth_req_id, insecure)
    const tokens = await oauth.processBackchannelAuthenticationGrantResponse(as, client, answer)
    return { claims: oauth.getValidatedIdTokenClaims(tokens) }
  },

  async registration() {
    const metadata = { client_name: 'oauth4webapi', redirect_uris: [given.redirect_uri] }
    const response = await oauth.dynamicClientRegistrationRequest(as, metadata, { ...insecure, initialAccessToken: given.invitation })
    return oauth.processDynamicClientRegistrationResponse(response)
  },

  async resource() {
    const resource = new URL(`${given.issuer}/feeds/v1`)
    const response = await oauth.resourceDiscoveryRequest(resource, insecure)
    return oauth.processResourceDiscoveryResponse(resource, response)
  },
}

console.log(JSON.stringify(await flows[flow]()))
