import {fork} from 'node:child_process';
import {once} from 'node:events';
import {Agent, request} from 'node:http';
import {connect, type Socket} from 'node:net';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {checkNothingMade, checkProblem, checkRefusals, checkWhole} from '../../testing/exchange-checks.ts';
import {type ExchangeWorld, makeNotebook, prefix, startExchange} from '../../testing/exchange-world.ts';

const body = (answer = '42') => JSON.stringify({nb: makeNotebook(answer)});
const head = (...lines: string[]) =>
  [`POST ${prefix} HTTP/1.1`, 'Host: hub', 'Authorization: token dev-alice', ...lines, '', ''].join('\r\n');

/** A connection that keeps what came, as one text. */
function open(t: ExecutionContext, {port}: Pick<ExchangeWorld, 'port'>) {
  const socket = connect(port, '127.0.0.1');
  const answer = {text: '', isClosed: false};
  socket.setEncoding('latin1');
  socket.on('data', text => {
    answer.text += text;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    answer.isClosed = true;
  });
  t.teardown(() => socket.destroy());
  return {socket, answer};
}

async function until(condition: () => boolean, seconds = 20): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > end) {
      throw new Error('It did not come about in time.');
    }

    await sleep(10);
  }
}

/** Reads the answers of a connection, each as a Response. */
function readAnswers(text: string): Response[] {
  const answers: Response[] = [];
  let rest = Buffer.from(text, 'latin1');
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    const [status = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const headers = new Headers(lines.map(line => line.split(/:\s*/, 2) as [string, string]));
    const length = Number(headers.get('content-length'));
    const content = rest.subarray(end + 4, end + 4 + length);
    answers.push(new Response(content.toString(), {status: Number(status.split(' ')[1]), headers}));
    rest = rest.subarray(end + 4 + length);
  }

  return answers;
}

/** Sends a body with its own pace and tells the answer, however early it comes. */
function stream(
  url: string,
  headers: Record<string, string>,
  write: (send: (chunk: Buffer | string) => Promise<void>) => Promise<void>,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    let onward = () => {};
    const outgoing = request(url + prefix, {method: 'POST', headers, agent: false}, async incoming => {
      const chunks = await incoming.toArray();
      isAnswered = true;
      const {statusCode: status} = incoming;
      resolve(
        new Response(Buffer.concat(chunks), {status, headers: incoming.headers as unknown as Record<string, string>}),
      );
      outgoing.destroy();
    });
    outgoing.on('drain', () => onward()).on('close', () => onward());
    outgoing.on('error', error => isAnswered || reject(error));
    const send = async (chunk: Buffer | string) => {
      if (!isAnswered && !outgoing.destroyed && !outgoing.write(chunk)) {
        await new Promise<void>(resolve => {
          onward = resolve;
        });
      }
    };
    write(send).then(
      () => outgoing.destroyed || outgoing.end(),
      error => isAnswered || reject(error),
    );
  });
}

const alice = {Authorization: 'token dev-alice'};
const small = {MAX_NOTEBOOK_BYTES: '100000'};

test('a body larger than the limit is refused by what it announces, and readably', async t => {
  const world = await startExchange(t, {environment: small});
  const answer = await world.post({nb: {...makeNotebook(), own: 'x'.repeat(200_000)}}, alice);
  const {detail} = await checkProblem(t, answer, 413, 'too-large');
  t.regex(detail, /larger than 0\.1 MB.*clear large outputs/);
  checkNothingMade(t, world, ['too-large']);
});

test('a body larger than the limit is refused while it streams, and readably', async t => {
  const world = await startExchange(t, {environment: small});
  const answer = await stream(world.url, {...alice, 'Transfer-Encoding': 'chunked'}, async send => {
    for (let sent = 0; sent < 300; sent += 1) {
      await send(Buffer.alloc(10_000, 'x'));
    }
  });
  await checkProblem(t, answer, 413, 'too-large');
  checkNothingMade(t, world, ['too-large']);
});

test('a body of exactly the limit is read', async t => {
  const world = await startExchange(t, {environment: small});
  const rest = 100_000 - JSON.stringify({nb: {...makeNotebook(), own: ''}}).length;
  const answer = await world.post({nb: {...makeNotebook(), own: 'x'.repeat(rest)}}, alice);
  t.is(answer.status, 200);
  await checkProblem(
    t,
    await world.post({nb: {...makeNotebook(), own: 'x'.repeat(rest + 1)}}, alice),
    413,
    'too-large',
  );
});

test('a body in chunks is read whole', async t => {
  const world = await startExchange(t);
  const answer = await stream(world.url, {...alice, 'Transfer-Encoding': 'chunked'}, async send => {
    for (const letter of body()) {
      await send(letter);
    }
  });
  t.is(answer.status, 200);
  t.is(Buffer.from([...world.content.values()][0] ?? []).toString(), JSON.stringify(makeNotebook()));
});

for (const [how, end] of [
  ['closed', (socket: Socket) => socket.end()],
  ['reset', (socket: Socket) => socket.resetAndDestroy()],
] as const) {
  test(`a body cut off by a ${how} connection leaves nothing but its record`, async t => {
    const world = await startExchange(t);
    const {socket} = open(t, world);
    socket.write(`${head(`Content-Length: ${body().length}`)}${body().slice(0, -10)}`);
    await until(() => world.hub.requests > 0);
    await sleep(50);
    end(socket);
    await until(() => world.records.all('refusals').length > 0);
    checkNothingMade(t, world, ['incomplete-body']);
    t.regex(world.records.all('refusals')[0]?.message ?? '', /nothing was kept: please submit again/);
  });
}

test('who goes away while the hub is asked leaves nothing', async t => {
  const world = await startExchange(t);
  const {socket} = open(t, world);
  socket.write(head('Content-Length: 500'));
  await until(() => world.hub.requests > 0);
  socket.resetAndDestroy();
  await until(() => world.records.all('refusals').length > 0, 5);
  checkNothingMade(t, world, ['incomplete-body']);
});

const slow = {BODY_GRACE_SECONDS: '0.5', BODY_BYTES_PER_SECOND: '10000'};

test('a body sent a byte at a time ends with an answer that says so', async t => {
  const world = await startExchange(t, {environment: slow});
  const {socket, answer} = open(t, world);
  socket.write(head(`Content-Length: ${body().length}`));
  const pace = setInterval(() => socket.write('{'), 20);
  t.teardown(() => clearInterval(pace));
  await until(() => answer.text.includes('"trace"'));
  await checkProblem(t, readAnswers(answer.text)[0] as Response, 408, 'body-timeout');
  checkNothingMade(t, world, ['body-timeout']);
});

test('what came quickly buys no long silence', async t => {
  const world = await startExchange(t, {environment: slow});
  const {socket, answer} = open(t, world);
  const start = performance.now();
  // At the slowest pace allowed this much would pay for two minutes.
  socket.write(`${head('Content-Length: 2000000')}${'x'.repeat(1_200_000)}`);
  await until(() => answer.text.includes('"trace"'));
  await checkProblem(t, readAnswers(answer.text)[0] as Response, 408, 'body-timeout');
  t.true(performance.now() - start < 10_000);
});

test('a slow body that keeps the pace is read', async t => {
  const world = await startExchange(t, {environment: {...slow, BODY_BYTES_PER_SECOND: '200'}});
  const text = body();
  const answer = await stream(world.url, {...alice, 'Content-Length': `${text.length}`}, async send => {
    for (let at = 0; at < text.length; at += 50) {
      await send(text.slice(at, at + 50));
      await sleep(150);
    }
  });
  t.is(answer.status, 200);
});

test('beyond the budget of memory a notebook is sent away for a moment, and let in when there is room', async t => {
  const world = await startExchange(t, {environment: {...small, BODY_MEMORY_BYTES: '150000'}});
  const held = open(t, world);
  held.socket.write(`${head('Content-Length: 100000')}${'x'.repeat(99_000)}`);
  const large = {nb: {...makeNotebook(), own: 'x'.repeat(80_000)}};
  await until(() => world.hub.requests > 0);
  await sleep(100);
  const answer = await world.post(large, alice);
  const {detail} = await checkProblem(t, answer, 503, 'busy');
  t.is(answer.headers.get('retry-after'), '5');
  t.regex(detail, /press Submit again/);
  t.is((await world.post({nb: makeNotebook()}, alice)).status, 200, 'a small one fits');

  held.socket.destroy();
  await until(() => world.records.all('refusals').some(({code}) => code === 'incomplete-body'));
  t.is((await world.post(large, alice)).status, 200);
  checkWhole(t, world);
  checkRefusals(t, world, ['busy', 'incomplete-body']);
});

test('what is only announced takes no room', async t => {
  const world = await startExchange(t, {environment: {...small, BODY_MEMORY_BYTES: '150000'}});
  for (let count = 0; count < 20; count += 1) {
    open(t, world).socket.write(head('Content-Length: 100000'));
  }

  await until(() => world.hub.requests > 0);
  await sleep(100);
  t.is((await world.post({nb: {...makeNotebook(), own: 'x'.repeat(80_000)}}, alice)).status, 200);
});

test('the budget is whole again after thousands of refused and broken requests', async t => {
  const world = await startExchange(t, {
    environment: {...small, BODY_MEMORY_BYTES: '400000', BODY_GRACE_SECONDS: '0.3', BODY_BYTES_PER_SECOND: '100000'},
  });
  const attack = async (index: number) => {
    const kinds = [
      () => world.post('{bad', alice).then(answer => answer.text()),
      () => world.post('x'.repeat(60_000), alice).then(answer => answer.text()),
      () => world.post({nb: {}}, alice).then(answer => answer.text()),
      () => world.post({nb: makeNotebook('1', null)}, {Origin: world.url}).then(answer => answer.text()),
      () => world.post('x'.repeat(150_000), alice).then(answer => answer.text()),
      async () => {
        const {socket} = open(t, world);
        socket.write(`${head('Content-Length: 90000')}${'x'.repeat(40_000)}`);
        await sleep(index % 7);
        socket.resetAndDestroy();
      },
      () =>
        stream(world.url, {...alice, 'Transfer-Encoding': 'chunked'}, async send => {
          await send(Buffer.alloc(120_000));
        }),
    ];
    await kinds[index % kinds.length]?.();
  };
  for (let batch = 0; batch < 84; batch += 1) {
    await Promise.all(Array.from({length: 24}, (_, index) => attack(batch * 24 + index)));
  }

  // Nearly all of the budget at once: four bodies that wait for their last byte.
  await sleep(600);
  const waiting = Array.from({length: 4}, (_, index) => {
    const text = JSON.stringify({nb: {...makeNotebook(`${index}`), own: 'x'.repeat(95_000)}});
    return stream(world.url, {...alice, 'Content-Length': `${text.length}`}, async send => {
      await send(text.slice(0, -1));
      await sleep(150);
      await send(text.slice(-1));
    });
  });
  t.deepEqual(
    (await Promise.all(waiting)).map(({status}) => status),
    [200, 200, 200, 200],
  );
});

test('a request behind a refused body on the same connection is answered after it', async t => {
  const world = await startExchange(t, {environment: small});
  const {socket, answer} = open(t, world);
  const second = `GET ${prefix} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n`;
  socket.write(`${head('Content-Length: 150000')}${'x'.repeat(150_000)}${second}`);
  await until(() => answer.isClosed);
  const [refusal, greeting, ...more] = readAnswers(answer.text);
  await checkProblem(t, refusal as Response, 413, 'too-large');
  t.is(greeting?.status, 200);
  t.regex((await greeting?.text()) ?? '', /post only page/);
  t.deepEqual(more, []);
});

for (const keepAlive of [true, false]) {
  test(`a sender that looks at the answer last can send to the end, ${keepAlive ? 'and more' : 'and closes'}`, async t => {
    const world = await startExchange(t, {environment: small});
    const agent = new Agent({keepAlive});
    t.teardown(() => agent.destroy());
    const outgoing = request(world.url + prefix, {method: 'POST', headers: alice, agent});
    const answered = once(outgoing, 'response');
    let sent = 0;
    for (; sent < 30; sent += 1) {
      if (!outgoing.write(Buffer.alloc(2 ** 20, 'x'))) {
        await once(outgoing, 'drain', {signal: AbortSignal.timeout(10_000)});
      }
    }

    outgoing.end();
    const [incoming] = await answered;
    const {code} = JSON.parse(Buffer.concat(await incoming.toArray()).toString());
    t.deepEqual([incoming.statusCode, code, sent], [413, 'too-large', 30]);
  });
}

for (const [what, ...lines] of [
  ['two lengths', 'Content-Length: 5', 'Content-Length: 50'],
  ['a length and chunks', 'Content-Length: 5', 'Transfer-Encoding: chunked'],
  ['chunks that are not last', 'Transfer-Encoding: chunked, identity'],
  ['a length that is none', 'Content-Length: 5x'],
  ['a line that ends in the wrong way', 'X-Odd: a\nContent-Length: 50'],
] as const) {
  test(`a request with ${what} is not guessed at`, async t => {
    const world = await startExchange(t);
    const {socket, answer} = open(t, world);
    socket.write(`${head(...lines)}5\r\n{"nb"\r\n0\r\n\r\nGET ${prefix} HTTP/1.1\r\nHost: hub\r\n\r\n`);
    await until(() => answer.isClosed);
    t.regex(answer.text, /^HTTP\/1\.1 400 /);
    t.is(answer.text.match(/HTTP\/1\.1/g)?.length, 1, 'what follows is not taken for a request');
    t.deepEqual(world.records.all('submissions'), []);
  });
}

test('headers that are too long are refused, and the next request is answered', async t => {
  const world = await startExchange(t);
  t.is((await world.post({nb: makeNotebook()}, {...alice, Cookie: 'a'.repeat(20_000)})).status, 431);
  t.is((await world.post({nb: makeNotebook()}, alice)).status, 200);
});

test('200 MB of garbage is refused readably, in constant memory', async t => {
  t.timeout(120_000);
  const child = fork(path.join(import.meta.dirname, '../../testing/exchange-child.ts'));
  t.teardown(() => child.disconnect());
  const [{url}] = (await once(child, 'message')) as [{url: string}];
  const findPeak = async () => {
    child.send('peak');
    return ((await once(child, 'message')) as [{peakBytes: number}])[0].peakBytes;
  };
  const before = await findPeak();
  const chunk = Buffer.alloc(256 * 1024, '{"nb": [');
  const lengths: Record<string, string>[] = [
    {'Transfer-Encoding': 'chunked'},
    {'Content-Length': `${800 * chunk.length}`},
  ];
  for (const headers of lengths) {
    for (const sender of [alice, {Origin: url}]) {
      const answer = await stream(url, {...sender, ...headers}, async send => {
        for (let sent = 0; sent < 800; sent += 1) {
          await send(chunk);
        }
      });
      await checkProblem(t, answer, 413, 'too-large');
    }
  }

  const grown = ((await findPeak()) - before) / 2 ** 20;
  t.log(`${Math.round(grown)} MB more at the peak`);
  // 800 MB came.
  t.true(grown < 60, `${grown} MB`);
  t.is((await fetch(url + prefix)).status, 200);
});
