import {z} from 'zod';
import {HoltError} from '../../../domain/errors.ts';
import type {Submission} from '../../../domain/submission.ts';
import {Instant, RecordId} from '../../../domain/values.ts';

export type Page = {after: [receivedAt: Instant, id: RecordId] | undefined; limit: number};

export const pageSizes = {usual: 50, most: 200} as const;

const Cursor = z.tuple([Instant, RecordId]);

/** Reads `after` and `limit` of a list's address. Throws `malformed-request`. */
export function readPage(query: URLSearchParams): Page {
  const given = query.get('after');
  const after = given === null ? undefined : Cursor.safeParse(given.split('~'));
  if (after && !after.success) {
    throw new HoltError('malformed-request', 'The value of "after" is no page of this list: take it from "next".');
  }

  return {after: after?.data, limit: readWhole(query, 'limit', 1, pageSizes.most) ?? pageSizes.usual};
}

/** Reads a whole number of an address's query; undefined when it is not given. Throws `malformed-request`. */
export function readWhole(query: URLSearchParams, name: string, least: number, most: number): number | undefined {
  const given = query.get(name);
  if (given === null) {
    return undefined;
  }

  if (!/^\d{1,6}$/.test(given) || Number(given) < least || Number(given) > most) {
    throw new HoltError('malformed-request', `The value of "${name}" must be a whole number from ${least} to ${most}.`);
  }

  return Number(given);
}

/** Cuts a list that was asked for one more than a page holds, and tells where the next page starts. */
export function cutPage(found: readonly Submission[], limit: number): {rows: Submission[]; next: string | null} {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return {rows, next: last && found.length > limit ? `${last.receivedAt}~${last.id}` : null};
}
