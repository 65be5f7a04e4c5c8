import {createHash} from 'node:crypto';
import test from 'ava';
import {hashBytes, makeDocumentId, toBase64Url} from './document-id.ts';
import {RecordId} from './values.ts';

test('an id is the hash of its length-prefixed parts, and safe in a path', async t => {
  const id = await makeDocumentId('head', 'demo', '1', 'lab', 'alice');
  t.is(id, createHash('sha256').update('4:head4:demo1:13:lab5:alice').digest('base64url'));
  t.notThrows(() => RecordId.parse(id));
});

test('parts that would read the same when joined have ids of their own', async t => {
  const parts = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc'], ['1:a', 'b'], ['1', ':ab']];
  const ids = await Promise.all(parts.map(part => makeDocumentId(...part)));
  t.is(new Set(ids).size, parts.length);
});

test('every character of the outside is hashed as it is: no folding, no trimming, no path', async t => {
  const names = ['alice', 'Alice', ' alice', '../alice', 'a/b', 'é', 'e\u0301', '\u{1f9a6}', '%2e'];
  const ids = await Promise.all(names.map(name => makeDocumentId(name)));
  t.is(new Set(ids).size, names.length);
  t.true(ids.every(id => /^[\w-]{43}$/.test(id)));
});

test('base64url has no character that needs escaping', t => {
  for (let size = 0; size < 40; size += 1) {
    const bytes = Uint8Array.from({length: size}, (_, index) => (index * 251 + size) % 256);
    t.is(toBase64Url(bytes), Buffer.from(bytes).toString('base64url'));
  }
});

test('a hash is 64 hexadecimal digits, of bytes or of text in UTF-8', async t => {
  t.is(await hashBytes('é'), createHash('sha256').update('é').digest('hex'));
  t.is(await hashBytes(Buffer.from('é')), await hashBytes('é'));
  t.is(await hashBytes(new Uint8Array()), createHash('sha256').digest('hex'));
});
