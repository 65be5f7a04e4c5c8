import {createPublicKey, createSecretKey, type KeyObject} from 'node:crypto';
import {jwtVerify, SignJWT} from 'jose';
import {HoltError} from '../domain/errors.ts';
import {HubUser, type OpenedSession, SESSION_SECONDS, Session} from '../domain/hub.ts';

const ISSUER = 'holt';

/** Seals and opens session cookies: JWS with HS256, at most an hour old. */
export function makeSessions(secret: string) {
  const key = secretKey(secret);
  return {
    seal: (session: Session): Promise<string> =>
      new SignJWT({...session})
        .setProtectedHeader({alg: 'HS256'})
        .setIssuer(ISSUER)
        .setAudience('session')
        .setIssuedAt()
        .setExpirationTime(`${SESSION_SECONDS}s`)
        .sign(key),
    async open(token: string): Promise<OpenedSession | undefined> {
      try {
        const {payload} = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          issuer: ISSUER,
          audience: 'session',
          maxTokenAge: `${SESSION_SECONDS}s`,
        });
        const session = Session.safeParse(payload).data;
        return session && {...session, sealedAt: new Date((payload.iat ?? 0) * 1000).toISOString()};
      } catch {
        return undefined;
      }
    },
  };
}

export type JwtSettings = {
  /** What the settings are called: `HOLT_JWT` or `HOLT_PROXY`. */
  name: string;
  /** A shared secret (HS256), or a public key in PEM (RS256 or ES256). One of the two. */
  secret?: string | undefined;
  publicKey?: string | undefined;
  audience?: string | undefined;
};

/**
 * Makes the check of a JWT that names a user: `sub` (or `username`, `name`), and optionally `groups`. It must expire.
 *
 * Throws: `invalid-setting` when the key cannot be read.
 */
export function makeJwtCheck({name, secret, publicKey, audience}: JwtSettings) {
  const {key, algorithms} = secret
    ? {key: secretKey(secret), algorithms: ['HS256']}
    : readPublicKey(publicKey ?? '', `${name}_PUBLIC_KEY`);

  return async (token: string): Promise<HubUser | undefined> => {
    try {
      const {payload} = await jwtVerify(token, key, {
        algorithms,
        requiredClaims: ['exp'],
        ...(audience ? {audience} : {}),
      });
      return HubUser.safeParse({
        name: payload.sub ?? payload.username ?? payload.name,
        groups: payload.groups,
      }).data;
    } catch {
      return undefined;
    }
  };
}

function secretKey(secret: string): KeyObject {
  if (secret.length < 16) {
    throw new HoltError(
      'invalid-setting',
      'A signing secret is shorter than 16 characters: make one with `openssl rand -hex 32`.',
    );
  }

  return createSecretKey(Buffer.from(secret));
}

function readPublicKey(pem: string, name: string): {key: KeyObject; algorithms: string[]} {
  const refuse = (cause?: unknown) =>
    new HoltError('invalid-setting', `${name} is not a public key in PEM, RSA of 2048 bits or more or P-256.`, {cause});
  let key: KeyObject;
  try {
    key = createPublicKey(pem.replaceAll('\\n', '\n'));
  } catch (cause) {
    throw refuse(cause);
  }

  const {asymmetricKeyType: type, asymmetricKeyDetails: details} = key;
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048) {
    return {key, algorithms: ['RS256']};
  }

  if (type === 'ec' && details?.namedCurve === 'prime256v1') {
    return {key, algorithms: ['ES256']};
  }

  throw refuse();
}
