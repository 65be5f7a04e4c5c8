import assert from 'node:assert';
import type {Filter, Query} from '../../domain/ports.ts';
import {type Collection, collections, indexes} from '../../domain/records.ts';

type Value = string | number;
export type Statement = {sql: string; values: Value[]};

/** Fields come from the domain's index list only, so they are safe in SQL. */
const column = (field: string) => (field === 'id' ? 'id' : `json_extract(data, '$.${field}')`);
const comparisons = {'==': '=', '<': '<', '<=': '<=', '>': '>', '>=': '>='} as const;
const toValue = (value: string | number | boolean): Value => (typeof value === 'boolean' ? Number(value) : value);

const indexesOf = (collection: Collection): readonly (readonly string[])[] => indexes[collection];
const indexName = (collection: string, fields: readonly string[]) => `${collection}_by_${fields.join('_')}`;

/** The tables of all collections and their indexes, as they must be. */
export const schema = Object.keys(collections).flatMap(name => [
  {kind: 'table', name, sql: `CREATE TABLE ${name} (id TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT`},
  ...indexesOf(name as Collection).map(fields => ({
    kind: 'index',
    name: indexName(name, fields),
    sql: `CREATE INDEX ${indexName(name, fields)} ON ${name} (${[...fields, 'id'].map(column).join(', ')})`,
  })),
]);

/**
 * Finds the index of a query.
 *
 * Throws: when the domain lists none; such a query would be slow here and fail on Firestore.
 */
function requireIndex(collection: Collection, where: readonly Filter[], order?: string): void {
  const equal = new Set(where.filter(([, operator]) => operator === '==').map(([field]) => field));
  const ranges = new Set(where.filter(([, operator]) => operator !== '==').map(([field]) => field));
  const last = order ?? [...ranges][0];
  const fits = [['id'], ...indexesOf(collection)].some(fields => {
    const next = fields[equal.size];
    return fields.slice(0, equal.size).every(field => equal.has(field)) && (last === undefined || next === last);
  });
  const oneRange = ranges.size === 0 || (ranges.size === 1 && ranges.has(last ?? ''));
  assert.ok(
    fits && oneRange,
    `domain/records.ts lists no index of ${collection} for ${[...equal].join(', ')} then ${[...ranges, order].join(', ')}.`,
  );
}

function toCondition(where: readonly Filter[]): {parts: string[]; values: Value[]} {
  return {
    parts: where.map(([field, operator]) => `${column(field)} ${comparisons[operator]} ?`),
    values: where.map(([, , value]) => toValue(value)),
  };
}

const toWhere = (parts: string[]) => (parts.length > 0 ? ` WHERE ${parts.join(' AND ')}` : '');

/** Writes the SQL of a list. Throws: when no index fits. */
export function toListStatement({collection, where = [], orderBy, after, limit}: Query): Statement {
  const [field, direction] = orderBy;
  requireIndex(collection, where, field);
  const {parts, values} = toCondition(where);
  if (after) {
    parts.push(`(${column(field)}, id) ${direction === 'asc' ? '>' : '<'} (?, ?)`);
    values.push(...after);
  }

  const order = [column(field), 'id'].map(part => `${part} ${direction}`).join(', ');
  return {
    sql: `SELECT data FROM ${collection}${toWhere(parts)} ORDER BY ${order} LIMIT ?`,
    values: [...values, limit],
  };
}

/** Writes the SQL of a count. Throws: when no index fits. */
export function toCountStatement(collection: Collection, where: readonly Filter[]): Statement {
  requireIndex(collection, where);
  const {parts, values} = toCondition(where);
  return {sql: `SELECT count(*) AS count FROM ${collection}${toWhere(parts)}`, values};
}
