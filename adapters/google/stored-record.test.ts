import {Timestamp} from '@google-cloud/firestore';
import test from 'ava';
import {HoltError} from '../../domain/errors.ts';
import {SCHEMA_VERSION} from '../../domain/records.ts';
import {sampleCourse, sampleParked, sampleRuns} from '../../testing/contracts/samples.ts';
import {decodeRecord, encodeRecord} from './stored-record.ts';

test('a document carries the schema version, and its record does not', t => {
  const stored = encodeRecord('runs', sampleRuns('a', 1));
  t.is(stored.schemaVersion, SCHEMA_VERSION);
  t.deepEqual(decodeRecord('runs', 'a', stored), sampleRuns('a', 1));
});

test('expireAt is a native time in the document, for the TTL policy, and nothing else is', t => {
  const parked = sampleParked();
  const stored = encodeRecord('parked', parked);
  t.true(stored.expireAt instanceof Timestamp);
  t.is(stored.createdAt, parked.createdAt);
  t.deepEqual(decodeRecord('parked', parked.id, stored), parked);
});

test('what teachers name is kept as text, so that it can have any name', t => {
  const stored = encodeRecord('courses', sampleCourse());
  t.is(typeof stored.config, 'string');
  t.is(typeof stored.archives, 'string');
});

const refuses = test.macro({
  exec(t, change: Record<string, unknown>, message: RegExp) {
    const stored = {...encodeRecord('runs', sampleRuns('a', 1)), ...change};
    const error = t.throws(() => decodeRecord('runs', 'a', stored), {instanceOf: HoltError, message});
    t.is(error.code, 'incompatible-store');
  },
  title: (given, ..._) => `refused: ${given}`,
});

test('a record that a newer Holt wrote', refuses, {schemaVersion: SCHEMA_VERSION + 1}, /runs\/a .* newer Holt/);
test('a record of no version', refuses, {schemaVersion: undefined}, /runs\/a/);
test('a record of another shape', refuses, {last: 'many'}, /runs\/a .* last .*backup/);

test('text that is not JSON where JSON belongs is another shape', t => {
  const course = sampleCourse();
  const stored = {...encodeRecord('courses', course), config: '{half'};
  t.throws(() => decodeRecord('courses', course.id, stored), {instanceOf: HoltError, message: /config/});
});
