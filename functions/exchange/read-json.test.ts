import test from 'ava';
import {HoltError} from '../../domain/errors.ts';
import {readJson} from './read-json.ts';

const read = (text: string) => readJson(Buffer.from(text), 'send JSON');

const same = test.macro({
  exec(t, text: string) {
    t.deepEqual(read(text), JSON.parse(text));
  },
  title: (_, text) => `reads ${String(text).slice(0, 40)}`,
});

test(same, '{}');
test(same, '"only text"');
test(same, '"a quote \\" and a backslash \\\\"');
test(same, '["\\\\", "[[[[", "{\\"a\\":", "\\\\\\"", "]"]');
test(same, '{"a:b": ":", "é😀": ["\\u0022"]}');
test(same, `${'['.repeat(200)}${']'.repeat(200)}`);

test('brackets in strings count for nothing', t => {
  const text = JSON.stringify(['[{:'.repeat(2_000_000), '\\"'.repeat(100)]);
  t.deepEqual(read(text), JSON.parse(text));
});

test('what the parser says of the text is not kept: it is the student’s', t => {
  const error = t.throws(() => read('{"answer": secret answer}'), {instanceOf: HoltError});
  t.is(error.code, 'malformed-request');
  t.is(error.cause, undefined);
  t.false(String(error.stack).includes('secret'));
});

test('a string without an end is no endless work', t => {
  t.throws(() => read(`"${'\\'.repeat(1_000_001)}`), {instanceOf: HoltError});
  t.throws(() => read(`"${'\\"'.repeat(1_000_001)}`), {instanceOf: HoltError});
});

for (const [what, text] of [
  ['nested deeper than 200', `${'['.repeat(201)}${']'.repeat(201)}`],
  ['with a million parts', `[${'{},'.repeat(1_000_000)}{}]`],
  ['with a million members', `{${Array.from({length: 1_000_001}, (_, index) => `"${index}":0`).join()}}`],
] as const) {
  test(`JSON ${what} is refused`, t => {
    t.is(t.throws(() => read(text), {instanceOf: HoltError}).code, 'too-large');
  });
}
