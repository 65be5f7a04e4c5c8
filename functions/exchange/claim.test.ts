import test, {type ExecutionContext} from 'ava';
import {checkNothingMade, checkProblem, checkRefusals, checkWhole} from '../../testing/exchange-checks.ts';
import {type ExchangeWorld, makeNotebook, prefix, startExchange} from '../../testing/exchange-world.ts';

const notebook = makeNotebook();
const first = makeNotebook('1');
const second = makeNotebook('2');
const day = 24 * 3600;
const alice = {notebook, student: 'alice'};

const setUp = async (t: ExecutionContext, environment: Record<string, string> = {}) => {
  const world = await startExchange(t, {environment});
  const browser = world.openBrowser();
  await browser.logIn('alice');
  return {world, browser};
};

const parkedOf = ({records}: ExchangeWorld) => records.all('parked');
const isLoginPage = (response: Response) =>
  response.status === 200 && !response.headers.has('holt-submission') && response.headers.has('content-type');

test('a press is parked, sent through the hub and claimed', async t => {
  const {world, browser} = await setUp(t);
  const parking = await browser.startPress(alice);
  t.is(parking.status, 303);
  const place = new URL(parking.headers.get('location') ?? '', world.url);
  t.is(place.pathname, '/hub/api/oauth2/authorize');
  t.like(Object.fromEntries(place.searchParams), {
    ...{response_type: 'code', code_challenge_method: 'S256', redirect_uri: `${prefix}oauth_callback`},
  });
  const [parked] = parkedOf(world);
  t.like(parked, {namedStudent: 'alice', claimed: false, claimedAs: null, otherLogin: null});
  t.false(JSON.stringify(parked).includes(place.searchParams.get('state') ?? 'none'), 'the state is not stored');
  t.deepEqual([...world.content.keys()], [`work/parked/${parked?.submissionId}.ipynb`]);
  t.deepEqual(world.records.all('submissions'), []);

  const answer = await browser.follow(parking);
  t.is(answer.status, 200);
  t.is(answer.headers.get('holt-submission'), parked?.submissionId ?? '');
  t.like(world.records.all('submissions')[0], {
    ...{student: 'alice', flags: [], namedStudent: null, receivedAt: parked?.receivedAt},
    proof: {kind: 'hub', verified: true, via: 'oauth'},
  });
  t.deepEqual([...world.content.keys()], [`work/notebooks/${parked?.submissionId}.ipynb`]);
  t.like(parkedOf(world)[0], {claimed: true, claimedAs: parked?.submissionId});
  checkWhole(t, world);
  checkRefusals(t, world, []);
});

test('the cookie of a parked notebook is for its prefix, unseen by scripts, and ends with the claim', async t => {
  for (const [origin, secure] of [
    ['https://hub.example', true],
    ['http://hub.example', false],
  ] as const) {
    const {world, browser} = await setUp(t, {HOLT_HUB_ORIGIN: origin});
    const parking = await browser.startPress({...alice, headers: {Origin: origin}});
    const [cookie] = browser.cookies().filter(({name}) => name.startsWith('holt-parked-'));
    t.is(cookie?.name, `holt-parked-${parkedOf(world)[0]?.id}`);
    t.deepEqual(cookie?.attributes, [
      `Path=${prefix}`,
      `Max-Age=${14 * day}`,
      'HttpOnly',
      'SameSite=Lax',
      ...(secure ? ['Secure'] : []),
    ]);
    t.true((cookie?.value.length ?? 0) >= 43);
    t.false(JSON.stringify(parkedOf(world)).includes(cookie?.value ?? 'none'), 'the secret is not stored');
    t.is((await browser.follow(parking)).status, 200);
    t.deepEqual(
      browser.cookies().filter(({name}) => name.startsWith('holt-parked-')),
      [],
    );
  }
});

for (const [what, contents, count] of [
  ['the same notebook', [notebook, notebook], 1],
  ['two notebooks', [first, second], 2],
] as const) {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    test(`a double press with ${what}, callbacks in the order ${order}, loses and doubles nothing`, async t => {
      const {world, browser} = await setUp(t);
      const parkings = [];
      for (const content of contents) {
        parkings.push(await browser.startPress({notebook: content, student: 'alice'}));
        world.pass(1);
      }

      t.is(parkedOf(world).length, 2);
      t.is(new Set(browser.cookies().map(({name}) => name)).size, 4);
      const callbacks = [];
      for (const parking of parkings) {
        callbacks.push(await browser.askHub(parking));
      }

      for (const index of order) {
        t.is((await browser.step(callbacks[index] ?? '')).status, 200);
      }

      t.is(world.records.all('submissions').length, count);
      t.true(world.records.all('submissions').every(({flags}) => flags.length === 0));
      t.true(parkedOf(world).every(({claimed}) => claimed));
      checkWhole(t, world);
      checkRefusals(t, world, []);
    });
  }

  test(`a double press with ${what}, all at once, loses and doubles nothing`, async t => {
    const {world, browser} = await setUp(t);
    const answers = await Promise.all(contents.map(content => browser.press({notebook: content, student: 'alice'})));
    t.deepEqual(
      answers.map(({status}) => status),
      [200, 200],
    );
    t.is(world.records.all('submissions').length, count);
    t.is([...world.content.keys()].length, count);
    checkWhole(t, world);
    checkRefusals(t, world, []);
  });
}

test('a callback that comes again is answered as the first time and creates nothing', async t => {
  const {world, browser} = await setUp(t);
  const callback = await browser.askHub(await browser.startPress(alice));
  const cookies = browser.cookies();
  const answer = await browser.step(callback);
  for (const {name, value} of cookies) {
    browser.setCookie(name, value, '/');
  }

  for (let again = 0; again < 3; again += 1) {
    const repeated = await browser.step(callback);
    t.is(repeated.status, 200);
    t.is(repeated.headers.get('holt-submission'), answer.headers.get('holt-submission'));
    for (const {name, value} of cookies) {
      browser.setCookie(name, value, '/');
    }
  }

  t.is(world.records.all('submissions').length, 1);
  t.is(world.wakes.length, 1);
  checkWhole(t, world);
});

test('ten copies of one callback at once make one submission', async t => {
  const {world, browser} = await setUp(t);
  const callback = await browser.askHub(await browser.startPress(alice));
  const answers = await Promise.all(Array.from({length: 10}, () => browser.step(callback)));
  t.true(answers.some(({status}) => status === 200));
  t.true(answers.every(({status}) => status === 200 || status === 400));
  t.is(world.records.all('submissions').length, 1);
  checkWhole(t, world);
});

const refusedCallback = test.macro({
  async exec(
    t,
    _: string,
    change: (given: {
      callback: string;
      world: ExchangeWorld;
      browser: ReturnType<ExchangeWorld['openBrowser']>;
    }) => string | Promise<string>,
    status: number,
    code: string,
  ) {
    const {world, browser} = await setUp(t);
    const callback = await browser.askHub(await browser.startPress(alice));
    await checkProblem(t, await browser.step(await change({callback, world, browser})), status, code);
    t.deepEqual(world.records.all('submissions'), []);
    t.deepEqual(world.records.all('queue'), []);
    checkRefusals(t, world, [code]);
    t.is([...world.content.keys()].length, 1, 'the notebook is kept');
    t.like(parkedOf(world)[0], {claimed: false, claimedAs: null});
  },
  title: (_, what) => `a callback ${what} is refused, recorded, and the notebook kept`,
});

const withQuery = (callback: string, change: (query: URLSearchParams) => void): string => {
  const url = new URL(callback, 'http://hub');
  change(url.searchParams);
  return url.pathname + url.search;
};

test(
  refusedCallback,
  'without its cookie',
  ({callback, browser}) => {
    browser.forget(/^holt-parked/);
    return callback;
  },
  ...([400, 'invalid-state'] as const),
);
test(
  refusedCallback,
  'with a cookie that is almost right',
  ({callback, browser, world}) => {
    browser.setCookie(`holt-parked-${parkedOf(world)[0]?.id}`, 'A'.repeat(43));
    return callback;
  },
  ...([400, 'invalid-state'] as const),
);
test(
  refusedCallback,
  'with a state that never was',
  ({callback}) => withQuery(callback, query => query.set('state', 'A'.repeat(43))),
  400,
  'invalid-state',
);
test(
  refusedCallback,
  'without a state',
  ({callback}) => withQuery(callback, query => query.delete('state')),
  400,
  'invalid-state',
);
test(
  refusedCallback,
  'with a login’s state',
  ({callback}) => withQuery(callback, query => query.set('state', 'login.x')),
  400,
  'invalid-state',
);
test(
  refusedCallback,
  'with another code',
  ({callback}) => withQuery(callback, query => query.set('code', 'wrong')),
  400,
  'invalid-state',
);
test(
  refusedCallback,
  'that says access_denied',
  ({callback}) =>
    withQuery(callback, query => {
      query.delete('code');
      query.set('error', 'access_denied');
    }),
  ...([401, 'not-authenticated'] as const),
);
test(
  refusedCallback,
  'while the hub is down',
  ({callback, world}) => {
    world.hub.isDown = true;
    return callback;
  },
  ...([502, 'hub-unavailable'] as const),
);
test(
  refusedCallback,
  'after 14 days',
  ({callback, world}) => {
    world.pass(14 * day);
    return callback;
  },
  ...([410, 'expired'] as const),
);

test('a code that was asked for with another notebook’s challenge claims nothing', async t => {
  const {world, browser} = await setUp(t);
  const callback = await browser.askHub(await browser.startPress(alice));
  const mallory = world.openBrowser();
  await mallory.logIn('alice');
  const foreign = await mallory.askHub(await mallory.startPress(alice));
  const code = new URL(foreign, world.url).searchParams.get('code') ?? '';
  const mixed = withQuery(callback, query => query.set('code', code));
  await checkProblem(t, await browser.step(mixed), 400, 'invalid-state');
  t.deepEqual(world.records.all('submissions'), []);
});

test('a callback with another browser’s cookies is nobody’s', async t => {
  const {world, browser} = await setUp(t);
  const callback = await browser.askHub(await browser.startPress(alice));
  const mallory = world.openBrowser();
  await mallory.logIn('mallory');
  await mallory.askHub(await mallory.startPress({notebook, student: 'mallory'}));
  await checkProblem(t, await mallory.step(callback), 400, 'invalid-state');
  t.deepEqual(world.records.all('submissions'), []);
  t.is((await browser.step(callback)).status, 200, 'its owner still can');
  t.deepEqual(
    world.records.all('submissions').map(({student}) => student),
    ['alice'],
  );
});

test('a callback that met a hub that was down works when it is sent again', async t => {
  const {world, browser} = await setUp(t);
  const callback = await browser.askHub(await browser.startPress({notebook: first, student: 'alice'}));
  world.hub.isDown = true;
  await checkProblem(t, await browser.step(callback), 502, 'hub-unavailable');
  world.hub.isDown = false;
  world.pass(60);
  t.is((await browser.step(callback)).status, 200, 'the same callback works once the hub is back');

  t.is(world.records.all('submissions').length, 1);
  checkWhole(t, world);
});

test('a notebook is kept when another person is logged in, and is never theirs', async t => {
  const world = await startExchange(t);
  const browser = world.openBrowser();
  await browser.logIn('bob');
  const answer = await browser.press(alice);
  const {detail} = await checkProblem(t, answer, 403, 'not-allowed');
  t.regex(detail, /belongs to alice, but bob is logged in.*Log in as alice/);
  t.like(parkedOf(world)[0], {otherLogin: 'bob', claimed: false});
  t.like(world.records.all('refusals')[0], {student: 'bob', namedStudent: 'alice', course: 'demo', assignment: 'lab'});
  t.deepEqual(world.records.all('submissions'), []);
  t.is(world.content.size, 1);

  // Bob's own press does not take it either.
  world.pass(300);
  t.is((await browser.press({notebook: second, student: 'bob'})).status, 200);
  t.deepEqual(
    world.records.all('submissions').map(({student}) => student),
    ['bob'],
  );

  await browser.logOut();
  await browser.logIn('alice');
  world.pass(300);
  t.is((await browser.press({notebook: first, student: 'alice'})).status, 200);
  const own = world.records.all('submissions').filter(({student}) => student === 'alice');
  t.is(own.length, 2);
  t.deepEqual(own.map(({flags}) => flags).sort(), [[], ['claimed-late']]);
  checkWhole(t, world);
});

test('a page that names nobody is whoever is logged in', async t => {
  const {world, browser} = await setUp(t);
  t.is((await browser.press({notebook, student: null})).status, 200);
  t.like(world.records.all('submissions')[0], {student: 'alice', namedStudent: null, flags: []});
});

test('a press with an expired login is claimed by the next of that name, late and behind what is newer', async t => {
  const {world, browser} = await setUp(t);
  browser.expireLogin();
  t.true(isLoginPage(await browser.press({notebook: first, student: 'alice'})));
  t.is(parkedOf(world).length, 1);
  t.deepEqual(world.records.all('submissions'), []);

  world.pass(600);
  await browser.logIn('alice');
  const answer = await browser.press({notebook: second, student: 'alice'});
  t.is(answer.status, 200);
  const submissions = world.records.all('submissions').sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
  t.deepEqual(
    submissions.map(({flags, receivedAt}) => ({flags, receivedAt})),
    parkedOf(world)
      .sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1))
      .map(({receivedAt}, index) => ({receivedAt, flags: index === 0 ? ['claimed-late'] : []})),
  );
  t.is(world.records.all('heads')[0]?.submissionId, answer.headers.get('holt-submission') ?? '');
  t.false(
    browser.cookies().some(({name}) => name.startsWith('holt-parked-')),
    'both cookies have ended',
  );
  checkWhole(t, world);
  checkRefusals(t, world, []);
});

test('the same notebook pressed before and after the login is one submission', async t => {
  const {world, browser} = await setUp(t);
  browser.expireLogin();
  for (let presses = 0; presses < 3; presses += 1) {
    await browser.press(alice);
    world.pass(60);
  }

  await browser.logIn('alice');
  t.is((await browser.press(alice)).status, 200);
  t.is(world.records.all('submissions').length, 1);
  t.is(world.content.size, 1);
  t.true(parkedOf(world).every(({claimed}) => claimed));
  checkWhole(t, world);
});

test('a login of another name claims nothing that waits', async t => {
  const {world, browser} = await setUp(t);
  browser.expireLogin();
  await browser.press({notebook: first, student: 'alice'});
  world.pass(600);
  await browser.logIn('bob');
  t.is((await browser.press({notebook: second, student: 'bob'})).status, 200);
  t.deepEqual(
    world.records.all('submissions').map(({student}) => student),
    ['bob'],
  );
  t.is(parkedOf(world).filter(({claimed}) => !claimed).length, 1);
});

test('what waited for 14 days is claimed no more', async t => {
  const {world, browser} = await setUp(t);
  browser.expireLogin();
  await browser.press({notebook: first, student: 'alice'});
  world.pass(14 * day);
  await browser.logIn('alice');
  t.is((await browser.press({notebook: second, student: 'alice'})).status, 200);
  t.is(world.records.all('submissions').length, 1);
});

test('whoever presses all evening without a login can still press the next day', async t => {
  const {world, browser} = await setUp(t);
  browser.expireLogin();
  for (let presses = 0; presses < 150; presses += 1) {
    t.true(isLoginPage(await browser.press({notebook: makeNotebook(`${presses}`), student: 'alice'})));
    world.pass(1);
  }

  t.is(parkedOf(world).length, 150);
  t.true(browser.cookies().length < 30);
  await browser.logIn('alice');
  world.pass(600);
  t.is((await browser.press({notebook, student: 'alice'})).status, 200);
  const held = world.records.all('submissions').length;
  t.true(held >= 20, `${held}: those whose cookies are held`);
  t.like(
    world.records.all('submissions').sort((a, b) => (a.receivedAt < b.receivedAt ? 1 : -1))[1],
    {flags: ['claimed-late']},
    'the newest are claimed',
  );
  checkWhole(t, world);
});

test('parking is limited per address, and in total', async t => {
  const {world} = await setUp(t, {PARKED_PER_ADDRESS: '2', PARKED_IN_TOTAL: '3', PROXY_HOPS: '1'});
  const press = async (address: string) => {
    const answer = await world
      .openBrowser()
      .startPress({notebook, student: 'x', headers: {'X-Forwarded-For': address}});
    return answer.status === 429 ? (await checkProblem(t, answer, 429, 'too-many-requests')).status : answer.status;
  };
  t.deepEqual([await press('192.0.2.1'), await press('192.0.2.1')], [303, 303]);
  t.is(await press('192.0.2.1'), 429);
  t.is(await press('192.0.2.2'), 303);
  t.is(await press('192.0.2.3'), 429);
  t.is(parkedOf(world).length, 3);
  t.is(world.content.size, 3);
  checkRefusals(t, world, ['too-many-requests', 'too-many-requests']);
});

test('claimed notebooks count for no limit', async t => {
  const {world, browser} = await setUp(t, {PARKED_PER_ADDRESS: '1'});
  for (let presses = 0; presses < 5; presses += 1) {
    browser.forget(/^holt-session/);
    t.is((await browser.press({notebook: makeNotebook(`${presses}`), student: 'alice'})).status, 200);
  }

  t.is(world.records.all('submissions').length, 5);
});

test('a notebook for an assignment that does not exist is never parked', async t => {
  const {world, browser} = await setUp(t);
  const unknown = makeNotebook('1', {course: 'demo', section: '1', assignment: 'other'});
  await checkProblem(t, await browser.press({notebook: unknown, student: 'alice'}), 404, 'unknown-assignment');
  checkNothingMade(t, world, ['unknown-assignment']);
});

test('without its cookie nobody learns what became of a notebook, or claims one that waits', async t => {
  const {world, browser} = await setUp(t);
  const callback = await browser.askHub(await browser.startPress({notebook: first, student: 'alice'}));
  t.is((await browser.step(callback)).status, 200);
  const forger = world.openBrowser();
  await forger.logIn('alice');
  forger.setCookie(`holt-parked-${parkedOf(world)[0]?.id}`, 'A'.repeat(43));
  const answer = await forger.step(callback);
  t.is(answer.headers.get('holt-submission'), null);
  await checkProblem(t, answer, 400, 'invalid-state');

  browser.expireLogin();
  browser.forget(/^holt-session/);
  await browser.press({notebook: second, student: 'alice'});
  const waiting = parkedOf(world).find(({claimed}) => !claimed)?.id;
  forger.setCookie(`holt-parked-${waiting}`, 'A'.repeat(43));
  world.pass(300);
  t.is((await forger.press({notebook, student: 'alice'})).status, 200);
  t.like(
    parkedOf(world).find(({id}) => id === waiting),
    {claimed: false},
  );
});
