import {z} from 'zod';
import type {OutsideName} from './values.ts';

/** What a token may be limited to. `submit` is for the user that it names, `submit-any` for everybody. */
export const TokenScope = z.enum(['create', 'submit', 'submit-any', 'delete']);
export type TokenScope = z.infer<typeof TokenScope>;

/** What a client's token says, once its signature was checked. */
export type ClientToken = {
  /** The user it was made for; null when it names nobody. */
  name: OutsideName | null;
  /** Null for a token that is not limited. */
  scopes: readonly string[] | null;
};

/** What a client asks for. */
export type TokenUse = {verb: 'create' | 'delete'} | {verb: 'submit'; student: string};

/** Whether a token was made for this user. Moodle writes names in small letters in one place and as they are in another. */
export const isTokenOf = ({name}: ClientToken, user: string): boolean => name?.toLowerCase() === user.toLowerCase();

/** Says why a token may not be used for this; undefined when it may. */
export function findForbidden(
  token: ClientToken,
  use: TokenUse,
  {areRequired}: {areRequired: boolean},
): string | undefined {
  const {scopes} = token;
  if (scopes === null) {
    return areRequired
      ? 'This token has no scope, and this server takes none without: make one with a scope.'
      : undefined;
  }

  if (use.verb !== 'submit') {
    return scopes.includes(use.verb)
      ? undefined
      : `This token may not ${use.verb} assignments: its scope must name ${use.verb}.`;
  }

  if (scopes.includes('submit-any') || (scopes.includes('submit') && isTokenOf(token, use.student))) {
    return undefined;
  }

  return scopes.includes('submit')
    ? `This token may not submit for ${use.student}: it was made for ${token.name ?? 'nobody'}.`
    : 'This token may not submit: its scope must name submit.';
}
