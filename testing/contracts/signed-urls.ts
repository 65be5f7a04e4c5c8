import {connect} from 'node:net';
import type {TestFn} from 'ava';
import type {SignedPut} from '../../domain/manifest.ts';
import {notebookName, resultName} from '../../domain/object-names.ts';
import type {MakeObjects} from './objects.ts';

/** What signed URLs hold, where an engine's store looks at it; each is true unless said otherwise. */
export type SignaturePromises = {verifiesSignatures?: boolean; enforcesExpiry?: boolean; enforcesSize?: boolean};

const bytes = (text: string) => new TextEncoder().encode(text);
const put = ({url, headers}: SignedPut, body: string) => fetch(url, {method: 'PUT', headers, body});
const isRefusal = ({status}: Response) => status >= 400 && status < 500;

/** Flips one character of every query value in turn, and of the path's last part. */
function tamper(url: string): string[] {
  const flip = (text: string) => `${text.slice(0, -1)}${text.endsWith('1') ? '2' : '1'}`;
  const changed = [...new URL(url).searchParams.keys()].map(key => {
    const other = new URL(url);
    other.searchParams.set(key, flip(other.searchParams.get(key) ?? ''));
    return other.href;
  });
  const path = new URL(url);
  path.pathname = path.pathname.replace(/s-1/, 's-2');
  const bare = new URL(url);
  bare.search = '';
  return [...changed, path.href, bare.href];
}

/** Registers what every engine's signed URLs must do. */
export function signedUrlsContract(
  test: TestFn,
  makeObjects: MakeObjects,
  {verifiesSignatures = true, enforcesExpiry = true, enforcesSize = true}: SignaturePromises,
): void {
  test('signed URLs: a GET reads the object without any other right, as often as asked', async t => {
    const {write, signGet} = await makeObjects(t);
    const content = 'é'.repeat(100_000);
    await write(notebookName('s-1'), bytes(content), 'application/json');
    const url = await signGet(notebookName('s-1'), 60);
    t.is(await (await fetch(url)).text(), content);
    const again = await fetch(url);
    t.is(again.status, 200);
    t.is((await again.arrayBuffer()).byteLength, 200_000);
  });

  test('signed URLs: a GET of what is missing is 404', async t => {
    const {signGet} = await makeObjects(t);
    t.is((await fetch(await signGet(notebookName('nothing'), 60))).status, 404);
  });

  test('signed URLs: a PUT stores the object, which is read as any other', async t => {
    const {read, signPut, signGet} = await makeObjects(t);
    const answer = await put(await signPut(resultName('s-1', 1), 60, 1000), '{"ok":true}');
    t.true(answer.ok, `${answer.status}`);
    t.is(new TextDecoder().decode(await read(resultName('s-1', 1), 1000)), '{"ok":true}');
    t.is(await (await fetch(await signGet(resultName('s-1', 1), 60))).text(), '{"ok":true}');
  });

  test('signed URLs: the second PUT of a URL is 412 and changes nothing', async t => {
    const {read, signPut} = await makeObjects(t);
    const signed = await signPut(resultName('s-1', 1), 60, 1000);
    t.true((await put(signed, 'first')).ok);
    t.is((await put(signed, 'second')).status, 412);
    t.is(new TextDecoder().decode(await read(resultName('s-1', 1), 1000)), 'first');
  });

  test('signed URLs: a PUT of what was written already is 412', async t => {
    const {read, write, signPut} = await makeObjects(t);
    await write(resultName('s-1', 1), bytes('first'), 'application/json');
    t.is((await put(await signPut(resultName('s-1', 1), 60, 1000), 'second')).status, 412);
    t.is(new TextDecoder().decode(await read(resultName('s-1', 1), 1000)), 'first');
  });

  test('signed URLs: of two PUTs at once, exactly one stores', async t => {
    const {signPut} = await makeObjects(t);
    const signed = await signPut(resultName('s-1', 1), 60, 200_000);
    const answers = await Promise.all(['a', 'b'].map(letter => put(signed, letter.repeat(100_000))));
    t.deepEqual(answers.map(({ok}) => ok).toSorted(), [false, true]);
    t.true(answers.some(({status}) => status === 412));
  });

  test('signed URLs: a PUT that breaks off stores nothing and leaves the name free', async t => {
    const {exists, signPut} = await makeObjects(t);
    const signed = await signPut(resultName('s-1', 1), 60, 1000);
    const {hostname, port, pathname, search} = new URL(signed.url);
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => {
        const headers = Object.entries({host: `${hostname}:${port}`, ...signed.headers}).map(pair => pair.join(': '));
        socket.write(`PUT ${pathname}${search} HTTP/1.1\r\n${headers.join('\r\n')}\r\ncontent-length: 500\r\n\r\nhalf`);
        socket.end();
      });
      socket
        .on('error', reject)
        .on('close', () => resolve())
        .resume();
    });
    t.false(await exists(resultName('s-1', 1)));
    t.true((await put(signed, 'whole')).ok);
  });

  if (verifiesSignatures) {
    test('signed URLs: a changed GET is refused, whatever was changed', async t => {
      const {write, signGet} = await makeObjects(t);
      await Promise.all(['s-1', 's-2'].map(id => write(notebookName(id), bytes('secret'), 'text/plain')));
      for (const url of tamper(await signGet(notebookName('s-1'), 60))) {
        const answer = await fetch(url);
        t.true(isRefusal(answer), `${answer.status} for ${url}`);
      }
    });

    test('signed URLs: a changed PUT is refused and stores nothing', async t => {
      const {exists, signPut} = await makeObjects(t);
      const signed = await signPut(resultName('s-1', 1), 60, 1000);
      for (const url of tamper(signed.url)) {
        const answer = await put({...signed, url}, 'forged');
        t.true(isRefusal(answer), `${answer.status} for ${url}`);
      }

      t.false(await exists(resultName('s-1', 1)));
      t.false(await exists(resultName('s-2', 1)));
    });

    test('signed URLs: what reads does not write, and what writes does not read', async t => {
      const {write, exists, signGet, signPut} = await makeObjects(t);
      const get = await signGet(resultName('s-1', 1), 60);
      t.true(isRefusal(await put({url: get, headers: {}}, 'forged')));
      t.false(await exists(resultName('s-1', 1)));
      const {url} = await signPut(resultName('s-1', 2), 60, 1000);
      await write(resultName('s-1', 2), bytes('secret'), 'text/plain');
      t.true(isRefusal(await fetch(url)));
    });
  }

  if (enforcesExpiry) {
    test('signed URLs: after their time they are refused', async t => {
      const {write, exists, signGet, signPut} = await makeObjects(t);
      await write(notebookName('s-1'), bytes('secret'), 'text/plain');
      const [get, signed] = await Promise.all([
        signGet(notebookName('s-1'), 1),
        signPut(resultName('s-1', 1), 1, 1000),
      ]);
      const deadline = Date.now() + 10_000;
      let answer = await fetch(get);
      while (answer.ok && Date.now() < deadline) {
        await new Promise(resolve => setTimeout(resolve, 50));
        answer = await fetch(get);
      }

      t.true(isRefusal(answer));
      t.true(isRefusal(await put(signed, 'late')));
      t.false(await exists(resultName('s-1', 1)));
    });
  }

  if (enforcesSize) {
    test('signed URLs: a PUT of exactly the limit is stored, one byte more is refused and nothing is stored', async t => {
      const {exists, read, signPut} = await makeObjects(t);
      t.true((await put(await signPut(resultName('s-1', 1), 60, 1000), 'x'.repeat(1000))).ok);
      t.is((await read(resultName('s-1', 1), 1000))?.length, 1000);
      const answer = await put(await signPut(resultName('s-1', 2), 60, 1000), 'x'.repeat(1001));
      t.true(isRefusal(answer), `${answer.status}`);
      t.false(await exists(resultName('s-1', 2)));
    });

    test('signed URLs: a PUT that does not tell its length is stopped at the limit', async t => {
      const {exists, signPut} = await makeObjects(t);
      const {url, headers} = await signPut(resultName('s-1', 1), 60, 100_000);
      const body = new ReadableStream({
        pull: controller => controller.enqueue(new Uint8Array(64_000)),
      });
      const answer = await fetch(url, {method: 'PUT', headers, body, duplex: 'half'} as RequestInit).catch(
        () => undefined,
      );
      t.true(answer === undefined || isRefusal(answer), 'refused, or cut off');
      t.false(await exists(resultName('s-1', 1)));
    });
  }
}
