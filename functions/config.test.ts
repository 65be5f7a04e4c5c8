import {generateKeyPairSync} from 'node:crypto';
import test from 'ava';
import {HoltError} from '../domain/errors.ts';
import {readConfig, readGraderEnvironment, readTarget} from './config.ts';
import {findMissing} from './requirements.ts';
import {type Settings, type Target, targets} from './settings.ts';

const hub = {
  JUPYTERHUB_API_URL: 'http://127.0.0.1:8081/hub/api',
  JUPYTERHUB_API_TOKEN: 'token',
  HOLT_HUB_ORIGIN: 'https://hub.example.edu',
};
const embedded = {HOLT_ENGINE: 'embedded', HOLT_DATA: 'data', HOLT_COURSES: 'demo=./course', ...hub};
const google = {
  GCP_PROJECT_ID: 'project',
  HOLT_BUCKET: 'holt',
  GRADER_JOB: 'projects/p/locations/r/jobs/otter-grader',
  HOLT_COURSES: 'demo=./course',
  ...hub,
};

const refuse = (environment: Record<string, string>, target: Target | 'all' = 'all'): string => {
  try {
    readConfig(target, environment);
    return 'started';
  } catch (error) {
    return error instanceof HoltError && error.code === 'invalid-setting' ? error.message : String(error);
  }
};

test('the smallest settings start, with their defaults', t => {
  const settings = readConfig('all', embedded);
  t.like(settings, {
    ...{PORT: 8080, HOST: undefined, ENVIRONMENT: undefined, VERBOSE_LOGGING: false, MAX_NOTEBOOK_BYTES: 20 * 2 ** 20},
    ...{JUPYTERHUB_SERVICE_PREFIX: '/services/otter_grade/', HOLT_TRUST_CLAIMED_USER: false, POST_GRADE: undefined},
    ...{HOLT_HUB_ORIGIN: ['https://hub.example.edu'], HOLT_ADMINS: [], PROXY_HOPS: 0},
  });
  t.is(refuse(google), 'started');
});

test('Moodle alone needs its secret, and neither a hub nor courses', t => {
  const moodle = {HOLT_ENGINE: 'embedded', HOLT_DATA: 'data', JWT_SECRET: 'your-256-bit-secret'};
  t.like(readConfig('all', moodle), {
    ...{GRADING_TIMEOUT: 120, MOODLE_PREFIX: '/', MOODLE_TOKEN_SCOPES: 'optional', MOODLE_SHOW_HIDDEN_OUTPUT: true},
  });
  t.regex(refuse({...moodle, NO_AUTH: 'true'}), /^NO_AUTH is set, but Holt lets nobody in without a token: unset it/);
});

const needs: Record<Target, string[]> = {
  exchange: ['GCP_PROJECT_ID', 'HOLT_BUCKET', 'JUPYTERHUB_API_URL', 'HOLT_JWT_SECRET'],
  dispatch: ['GCP_PROJECT_ID', 'HOLT_BUCKET', 'GRADER_JOB', 'HOLT_COURSES'],
  record: ['GCP_PROJECT_ID', 'HOLT_BUCKET'],
  passback: ['GCP_PROJECT_ID'],
  audit: ['GCP_PROJECT_ID'],
  sweep: ['GCP_PROJECT_ID', 'HOLT_BUCKET', 'GRADER_JOB'],
};
for (const target of targets) {
  test(`${target} names all that it cannot start without, and nothing else`, t => {
    const message = refuse({}, target);
    const named = [...message.matchAll(/^([A-Z_]+) is not set/gm)].map(match => match[1]);
    t.deepEqual(
      named,
      needs[target].filter(name => !/^(JUPYTERHUB|HOLT_JWT)/.test(name)),
    );
    for (const name of needs[target]) {
      t.true(message.includes(name), name);
    }
  });
}

for (const name of ['HOLT_DATA', 'HOLT_COURSES', ...Object.keys(hub)]) {
  for (const empty of [undefined, '', ' \t']) {
    test(`the embedded engine does not start with ${name} ${empty === undefined ? 'unset' : JSON.stringify(empty)}`, t => {
      const {[name as keyof typeof embedded]: _, ...rest} = embedded;
      t.regex(refuse(empty === undefined ? rest : {...rest, [name]: empty}), new RegExp(`^${name} is not set: .+\\.$`));
    });
  }
}

const wrong: Record<string, string[]> = {
  HOLT_ENGINE: ['aws'],
  ENVIRONMENT: ['Prod', 'a_b', '-a', 'a-', 'x'.repeat(31), 'a/b'],
  VERBOSE_LOGGING: ['maybe'],
  STORAGE_ENDPOINT: ['localhost', 'ftp://x'],
  HOLT_UPGRADE: ['2'],
  PORT: ['-1', '65536', 'http', '80.5'],
  JUPYTERHUB_API_URL: ['hub:8081', 'javascript:alert(1)', 'ftp://hub/hub/api', '/hub/api'],
  HOLT_GOFER_PREFIX: ['services/x/', '/services/x', '//evil.example/'],
  HOLT_LMS_HOSTS: ['https://lms.example', 'lms.example/outcomes', 'user@lms.example', 'a b'],
  JUPYTERHUB_SERVICE_PREFIX: ['services/x/', '/services/x', '//evil.example/', '/a;b/', '/a b/', '/a\r\nb/'],
  JUPYTERHUB_BASE_URL: ['jupyter/', '/jupyter', '//'],
  HOLT_HUB_ORIGIN: ['hub.example.edu', 'https://a.example,nonsense', ','],
  HOLT_SESSION_KEY: ['short'],
  HOLT_JWT_SECRET: ['short'],
  HOLT_PROXY_SECRET: ['short'],
  HOLT_TRUST_CLAIMED_USER: ['perhaps'],
  MAX_NOTEBOOK_BYTES: ['0', '20MB', '-5'],
  BODY_MEMORY_BYTES: ['1', 'much'],
  BODY_GRACE_SECONDS: ['-1', 'soon'],
  BODY_BYTES_PER_SECOND: ['0'],
  PARKED_PER_ADDRESS: ['0', 'all'],
  PARKED_IN_TOTAL: ['0'],
  PROXY_HOPS: ['-1', '11', 'one'],
  GITHUB_API_URL: ['api.github.com'],
  MAX_PARALLEL_TASKS: ['0', '10001'],
  MAX_SUBMISSIONS_PER_TASK: ['0', '501'],
  MAX_LISTS_PER_TASK: ['0', '101'],
  MIN_SECONDS_BETWEEN_RUNS: ['-1'],
  START_ALLOWANCE_SECONDS: ['long'],
  EDX_URL: ['https://edge.edx.org', 'a b'],
  EDX_BASE_URL: ['edge.edx.org', 'ftp://x'],
  POST_GRADE: ['sometimes'],
};
for (const [name, values] of Object.entries(wrong)) {
  test(`a wrong ${name} stops the start and is named`, t => {
    for (const value of values) {
      const message = refuse({...embedded, [name]: value});
      t.regex(message, new RegExp(`^${name}(\\.\\d+)?: .+\\.$`), `${value}: ${message}`);
      t.notRegex(message, /\n/, 'one fault, one line');
    }
  });
}

test('two faults are both named, and no secret is shown', t => {
  const message = refuse({...embedded, PORT: 'x', HOLT_SESSION_KEY: 'hush'});
  t.regex(message, /PORT: /);
  t.regex(message, /HOLT_SESSION_KEY: /);
  t.false(message.includes('hush'));
});

test('a GitHub course needs the GitHub App, by either name', t => {
  const course = {...embedded, HOLT_COURSES: '8x=github.com/owner/repo'};
  const message = refuse(course);
  t.deepEqual(
    [...message.matchAll(/^([A-Z_]+) is not set/gm)].map(match => match[1]),
    ['COURSE_CONTENT_READER_APP_ID', 'COURSE_CONTENT_READER_PRIVATE_KEY', 'COURSE_CONTENT_READER_INSTALLATION_ID'],
  );
  const old = {github_app_id: '1', github_app_private_key: 'pem', github_app_installation_id: '2'};
  t.like(readConfig('all', {...course, ...old}), {
    COURSE_CONTENT_READER_APP_ID: '1',
    COURSE_CONTENT_READER_PRIVATE_KEY: 'pem',
    COURSE_CONTENT_READER_INSTALLATION_ID: '2',
  });
  const own = readConfig('all', {...course, ...old, COURSE_CONTENT_READER_APP_ID: '9'});
  t.is(own.COURSE_CONTENT_READER_APP_ID, '9', 'the new name wins');
  const emptied = readConfig('all', {...course, ...old, COURSE_CONTENT_READER_APP_ID: ' '});
  t.is(emptied.COURSE_CONTENT_READER_APP_ID, '1', 'an empty one does not');
});

test('posting grades is off when nothing is set, and whole when it is on', t => {
  t.is(refuse({...embedded, LTI_CONSUMER_KEY: 'k'}), 'started');
  const message = refuse({...embedded, POST_GRADE: 'True'});
  t.deepEqual(
    [...message.matchAll(/^([A-Z_]+) is not set/gm)].map(match => match[1]),
    ['LTI_CONSUMER_KEY', 'LTI_CONSUMER_SECRET', 'EDX_URL'],
  );
  t.is(readConfig('all', {...embedded, POST_GRADE: 'f'}).POST_GRADE, false);
});

test('a key alone is a way to log in; a proxy needs header and key', t => {
  const {JUPYTERHUB_API_URL: _, JUPYTERHUB_API_TOKEN: __, HOLT_HUB_ORIGIN: ___, ...bare} = embedded;
  const secret = 'long enough for a secret';
  t.regex(refuse(bare), /^Nobody could log in: set JUPYTERHUB_API_URL/);
  t.is(refuse({...bare, HOLT_JWT_SECRET: secret}), 'started');
  t.is(refuse({...bare, HOLT_PROXY_HEADER: 'X-User', HOLT_PROXY_SECRET: secret}), 'started');
  t.regex(refuse({...embedded, HOLT_PROXY_HEADER: 'X-User'}), /^HOLT_PROXY_HEADER needs HOLT_PROXY_SECRET/);
  t.regex(refuse({...embedded, HOLT_PROXY_SECRET: secret}), /^HOLT_PROXY_HEADER is not set/);
  for (const kind of ['JWT', 'PROXY']) {
    const both = {[`HOLT_${kind}_SECRET`]: secret, [`HOLT_${kind}_PUBLIC_KEY`]: 'pem', HOLT_PROXY_HEADER: 'x'};
    t.regex(refuse({...embedded, ...both}), new RegExp(`HOLT_${kind}_SECRET and HOLT_${kind}_PUBLIC_KEY are both set`));
  }

  t.is(
    readConfig('all', {...embedded, HOLT_PROXY_HEADER: 'X-User', HOLT_PROXY_SECRET: secret}).HOLT_PROXY_HEADER,
    'x-user',
  );
});

test('what is set for others is no fault', t => {
  t.is(
    refuse({...embedded, PATH: '/bin', HOME: '/', SOMETHING: 'else', toString: 'x', __proto__: null as never}),
    'started',
  );
});

test('origins are compared as browsers send them', t => {
  const {HOLT_HUB_ORIGIN} = readConfig('all', {
    ...embedded,
    HOLT_HUB_ORIGIN: ' https://Hub.Example.edu:443/jupyter/ , http://127.0.0.1:8000',
  });
  t.deepEqual(HOLT_HUB_ORIGIN, ['https://hub.example.edu', 'http://127.0.0.1:8000']);
});

test('the target is one of the functions, or unset', t => {
  t.is(readTarget({}), undefined);
  t.is(readTarget({FUNCTION_TARGET: ''}), undefined);
  t.is(readTarget({FUNCTION_TARGET: 'audit'}), 'audit');
  const error = t.throws(() => readTarget({FUNCTION_TARGET: 'exchnage'}), {instanceOf: HoltError});
  t.is(error.code, 'invalid-setting');
  t.regex(error.message, /^FUNCTION_TARGET must be one of exchange, dispatch/);
});

test('every requirement is a setting', t => {
  const settings = {...readConfig('all', embedded), HOLT_ENGINE: 'google'} as Settings;
  t.deepEqual(
    findMissing(settings, 'all').map(sentence => sentence.split(' ')[0]),
    ['GCP_PROJECT_ID', 'HOLT_BUCKET', 'GRADER_JOB'],
  );
});

test('a grading task learns where its tools are, and no secret', t => {
  t.deepEqual(
    readGraderEnvironment({
      PATH: '/bin',
      HOLT_PYTHON: 'python',
      HOLT_LAYERS: 'layers',
      JUPYTERHUB_API_TOKEN: 'x',
      HOME: '/root',
    }),
    {
      PATH: '/bin',
      HOLT_PYTHON: 'python',
      HOLT_LAYERS: 'layers',
    },
  );
});

test('a public key that cannot verify anything stops the start and is named', async t => {
  const {makeIdentityChecks} = await import('../adapters/identity.ts');
  const none = {hub: undefined, sessionKey: undefined, jwt: {name: 'HOLT_JWT'}, proxy: {name: 'HOLT_PROXY'}};
  const pemOf = (type: string, options: object) =>
    (generateKeyPairSync as (type: string, options: object) => ReturnType<typeof generateKeyPairSync>)(type, {
      ...options,
      publicKeyEncoding: {type: 'spki', format: 'pem'},
      privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
    }).publicKey as unknown as string;
  for (const publicKey of [
    'nonsense',
    pemOf('ed25519', {}),
    pemOf('ec', {namedCurve: 'P-384'}),
    pemOf('rsa', {modulusLength: 1024}),
  ]) {
    for (const kind of ['jwt', 'proxy'] as const) {
      const name = none[kind].name;
      const error = t.throws(() => makeIdentityChecks({...none, [kind]: {name, publicKey}}), {instanceOf: HoltError});
      t.is(error.code, 'invalid-setting');
      t.regex(error.message, new RegExp(`^${name}_PUBLIC_KEY is not a public key`));
    }
  }
});
