// Signs somebody in with openid-client, a relying party that is certified and not ours. It reads
// its task as JSON on standard input and prints what it found, one line a flow.
import * as oidc from "openid-client";

const task = JSON.parse(await new Response(process.stdin).text());
const cookie = `khue=${task.session}`;
const insecure = { execute: [oidc.allowInsecureRequests] };
const issuer = new URL(task.issuer);
const told = (flow, facts) => console.log(JSON.stringify({ flow, ...facts }));

async function browse(url, init = {}) {
  const res = await fetch(url, { redirect: "manual", ...init, headers: { cookie, accept: "text/html", ...init.headers } });
  return { status: res.status, location: res.headers.get("location"), text: await res.text() };
}

async function signIn(config, { par = false, DPoP, scope = "openid profile offline_access dossiers.read" } = {}) {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const params = {
    redirect_uri: task.back, scope, state, nonce, max_age: "3600",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  };
  const url = par ? await oidc.buildAuthorizationUrlWithPAR(config, params, { DPoP }) : oidc.buildAuthorizationUrl(config, params);
  const { status, location, text } = await browse(url);
  if (!location) throw new Error(`authorize: ${status} ${text.slice(0, 500)}`);
  return oidc.authorizationCodeGrant(config, new URL(location),
    { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, maxAge: 3600, idTokenExpected: true }, undefined, { DPoP });
}

const config = await oidc.discovery(issuer, task.id, undefined, oidc.ClientSecretBasic(task.secret), insecure);

const code = await signIn(config);
const info = await oidc.fetchUserInfo(config, code.access_token, code.claims().sub);
told("code", { name: info.name, acr: code.claims().acr, amr: code.claims().amr });

const fresh = await oidc.refreshTokenGrant(config, code.refresh_token);
told("refresh", { turned: fresh.refresh_token !== code.refresh_token, sub: fresh.claims().sub === code.claims().sub });

const inspected = await oidc.tokenIntrospection(config, fresh.access_token);
told("introspect", { active: inspected.active, scope: inspected.scope });
await oidc.tokenRevocation(config, fresh.refresh_token);
told("revoke", { active: (await oidc.tokenIntrospection(config, fresh.access_token)).active });

const machine = await oidc.clientCredentialsGrant(config, { scope: "dossiers.read" });
const api = await oidc.fetchProtectedResource(config, machine.access_token, new URL("/api/v1/my/dossiers", issuer), "GET");
told("client", { status: api.status });

const pushed = await signIn(config, { par: true });
told("par", { name: pushed.claims().sub === code.claims().sub });

// A client without a secret, whose tokens are bound to its key.
const spa = await oidc.discovery(issuer, task.public, undefined, oidc.None(), insecure);
const DPoP = oidc.getDPoPHandle(spa, await oidc.randomDPoPKeyPair("ES256"));
const bound = await signIn(spa, { par: true, DPoP });
const mine = await oidc.fetchProtectedResource(spa, bound.access_token, new URL("/api/v1/my/dossiers", issuer), "GET", undefined, undefined, { DPoP });
const again = await oidc.refreshTokenGrant(spa, bound.refresh_token, undefined, { DPoP });
told("dpop", { type: bound.token_type, status: mine.status, again: again.token_type });

const keyed = await oidc.discovery(issuer, task.keyed, undefined,
  oidc.PrivateKeyJwt({ key: await crypto.subtle.importKey("jwk", task.key, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]), kid: "k1" }), insecure);
told("key", { sub: (await signIn(keyed)).claims().sub === code.claims().sub });

const device = await oidc.initiateDeviceAuthorization(config, { scope: "openid profile" });
const answer = await browse(new URL("/oauth/device", issuer), {
  method: "POST", body: new URLSearchParams({ user_code: device.user_code, do: "allow" }), headers: { "content-type": "application/x-www-form-urlencoded" },
});
const got = await oidc.pollDeviceAuthorizationGrant(config, { ...device, interval: 1 });
told("device", { answer: answer.status, sub: got.claims().sub === code.claims().sub });

const out = await browse(oidc.buildEndSessionUrl(config, { id_token_hint: pushed.id_token, post_logout_redirect_uri: task.out, state: "bye" }));
const after = await browse(new URL("/account", issuer));
told("end", { to: out.location, account: after.status });
