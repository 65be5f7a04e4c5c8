import test from 'ava';
import {HoltError} from './errors.ts';
import {SCHEMA_VERSION} from './records.ts';
import {planUpgrade, upgrades} from './upgrades.ts';

const step = (from: number) => ({from, upgrade: (_: string, data: Record<string, unknown>) => ({...data, from})});

test('a store of the current version needs no step', t => {
  t.deepEqual(planUpgrade(SCHEMA_VERSION), []);
});

test('an older store needs each step between, in order', t => {
  const steps = [step(3), step(1), step(2)];
  t.deepEqual(
    planUpgrade(1, 4, steps).map(({from}) => from),
    [1, 2, 3],
  );
  t.deepEqual(
    planUpgrade(3, 4, steps).map(({from}) => from),
    [3],
  );
});

test('a newer store is refused with a sentence that names both versions', t => {
  const error = t.throws(() => planUpgrade(7, 4, []), {instanceOf: HoltError});
  t.is(error.code, 'incompatible-store');
  t.regex(error.message, /version 7 .* up to 4/);
});

test('a store without a way up is refused', t => {
  const error = t.throws(() => planUpgrade(1, 3, [step(1)]), {instanceOf: HoltError});
  t.is(error.code, 'incompatible-store');
  t.regex(error.message, /no upgrade from version 2/);
});

test('every version but the current one has exactly one step up', t => {
  const expected = Array.from({length: SCHEMA_VERSION - 1}, (_, index) => index + 1);
  t.deepEqual(
    upgrades.map(({from}) => from),
    expected,
  );
});
