import {readFileSync} from 'node:fs';
import test from 'ava';
import {Settings} from '../functions/settings.ts';

const operations = readFileSync('docs/operations.md', 'utf8');

test('every setting is in the operator’s table', t => {
  t.deepEqual(
    Object.keys(Settings.shape).filter(name => !operations.includes(`\`${name}\``)),
    [],
  );
});

test('every setting in the operator’s table exists', t => {
  const others = ['FUNCTION_TARGET', 'HOLT_PYTHON', 'HOLT_LAYERS', 'HOLT_UNSAFE_NO_SANDBOX', 'GOOGLE_CLOUD_PROJECT'];
  const tables = operations.slice(0, operations.indexOf('## A course'));
  const named = [...tables.matchAll(/`([A-Z][A-Z_]{3,})`/g)].map(([, name = '']) => name);
  t.deepEqual(
    named.filter(name => !(name in Settings.shape) && !others.includes(name)),
    [],
  );
});
