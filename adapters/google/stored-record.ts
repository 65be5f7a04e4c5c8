import {Timestamp} from '@google-cloud/firestore';
import {HoltError} from '../../domain/errors.ts';
import {type Collection, collections, type RecordOf, SCHEMA_VERSION} from '../../domain/records.ts';
import {planUpgrade} from '../../domain/upgrades.ts';

type Fields = Record<string, unknown>;

/**
 * Fields that are kept as JSON text. Their keys and values come from outside, and Firestore refuses some of them: names
 * between double underscores, lists in lists. They would also cost an index entry for every key.
 */
const asText: Partial<Record<Collection, readonly string[]>> = {courses: ['config', 'archives']};

/** Turns a record into a document's fields. Only `expireAt` becomes a native time, because a TTL policy needs one. */
export function encodeRecord<C extends Collection>(collection: C, record: RecordOf<C>): Fields {
  const fields: Fields = {...record, schemaVersion: SCHEMA_VERSION};
  for (const name of asText[collection] ?? []) {
    fields[name] = JSON.stringify(fields[name]);
  }

  if (typeof fields.expireAt === 'string') {
    fields.expireAt = encodeValue('expireAt', fields.expireAt);
  }

  return fields;
}

/** Turns a value that a query compares with into what the document holds. */
export const encodeValue = (field: string, value: unknown): unknown =>
  field === 'expireAt' && typeof value === 'string' ? Timestamp.fromMillis(Date.parse(value)) : value;

/**
 * Turns a document's fields into a record of today's shape, through the upgrade steps that it lacks.
 *
 * Throws: `incompatible-store` when a newer program wrote it, or when it has not its collection's shape.
 */
export function decodeRecord<C extends Collection>(collection: C, id: string, document: Fields): RecordOf<C> {
  const {schemaVersion, ...fields} = document;
  const steps = planSteps(collection, id, schemaVersion);
  for (const name of asText[collection] ?? []) {
    fields[name] = typeof fields[name] === 'string' ? parseText(fields[name]) : fields[name];
  }

  if (fields.expireAt instanceof Timestamp) {
    fields.expireAt = fields.expireAt.toDate().toISOString();
  }

  const upgraded = steps.reduce((data, {upgrade}) => upgrade(collection, data), fields);
  const parsed = collections[collection].safeParse(upgraded);
  if (!parsed.success) {
    throw new HoltError(
      'incompatible-store',
      `The stored record ${collection}/${id} has not the shape of its collection: ${parsed.error.issues.map(({path, message}) => `${path.join('.')} ${message}`).join('; ')}. Restore it from a backup, or remove it.`,
      {cause: parsed.error},
    );
  }

  return parsed.data as RecordOf<C>;
}

function planSteps(collection: Collection, id: string, schemaVersion: unknown) {
  if (schemaVersion === SCHEMA_VERSION) {
    return [];
  }

  try {
    return planUpgrade(typeof schemaVersion === 'number' ? schemaVersion : 0);
  } catch (cause) {
    const {message} = cause as Error;
    throw new HoltError('incompatible-store', `The stored record ${collection}/${id} cannot be read. ${message}`, {
      cause,
    });
  }
}

/** What is not JSON stays text, and the collection's shape refuses it. */
function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
