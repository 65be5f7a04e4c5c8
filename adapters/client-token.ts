import {createSecretKey} from 'node:crypto';
import {jwtVerify} from 'jose';
import {z} from 'zod';
import type {ClientToken} from '../domain/client-token.ts';
import {OutsideName} from '../domain/values.ts';

export type ClientTokenSettings = {
  secret: string;
  /** Who tokens must be for; a token that is for anybody is refused without it. */
  audience: string | undefined;
  /** Whether every token must expire. */
  mustExpire: boolean;
};

/** Reads the settings of the clients' tokens; undefined where no secret is set. */
export const findClientTokenSettings = (settings: {
  JWT_SECRET?: string | undefined;
  MOODLE_TOKEN_AUDIENCE?: string | undefined;
  MOODLE_TOKEN_SCOPES: 'optional' | 'required';
}): ClientTokenSettings | undefined =>
  settings.JWT_SECRET
    ? {
        secret: settings.JWT_SECRET,
        audience: settings.MOODLE_TOKEN_AUDIENCE,
        mustExpire: settings.MOODLE_TOKEN_SCOPES === 'required',
      }
    : undefined;

/** A scope is a text of words (RFC 8693), or a list of them. */
const Scope = z.union([z.string().transform(text => text.split(' ').filter(Boolean)), z.array(z.string())]);
const Claims = z.object({name: OutsideName.nullish().catch(null), scope: Scope.optional()});
const SKEW_SECONDS = 60;

/**
 * Makes the check of a client's token: HS256 by a shared secret, and `exp`, `nbf`, `iat` and `aud` where they are set.
 * Undefined for any that is not valid.
 *
 * Source: mod_jupyter signs `{"name": user}` and nothing else.
 */
export function makeClientTokenCheck({secret, audience, mustExpire}: ClientTokenSettings) {
  const key = createSecretKey(Buffer.from(secret));
  return async (token: string): Promise<ClientToken | undefined> => {
    try {
      const {payload} = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        requiredClaims: mustExpire ? ['exp'] : [],
        ...(audience ? {audience} : {}),
      });
      const isEarly = payload.iat !== undefined && payload.iat > Date.now() / 1000 + SKEW_SECONDS;
      const claims = Claims.safeParse(payload).data;
      if (!claims || isEarly || (payload.aud !== undefined && !audience)) {
        return undefined;
      }

      return {name: claims.name ?? null, scopes: claims.scope ?? null};
    } catch {
      return undefined;
    }
  };
}
