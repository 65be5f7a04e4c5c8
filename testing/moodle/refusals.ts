import {makeForm, type Sending, signToken} from './client.ts';
import {existing, file, form, free, master, named, part, places, type Refused, rows} from './refusal-row.ts';
import {refuseByState, refuseFiles} from './refusals-of-files.ts';

const day = 86_400;

/**
 * Makes what no client sends, or only to do harm, and how it is refused. Each is sent by a valid token unless it says
 * otherwise, and with an activity in reach that it could do harm to. One table for every engine.
 */
export const makeRefused = async (secret: string): Promise<Refused[]> => [
  ...(await refuseTokens(secret)),
  ...refuseAddresses(),
  ...refuseForms(),
  ...refuseFiles(),
  ...refuseByState(),
];

async function refuseTokens(secret: string): Promise<Refused[]> {
  const now = Math.floor(Date.now() / 1000);
  const [head, body] = [{alg: 'none', typ: 'JWT'}, {name: 'admin'}].map(one =>
    Buffer.from(JSON.stringify(one)).toString('base64url'),
  );
  const sign = (claims: object) => signToken(secret, {name: 'teacher', ...claims});
  const good = await sign({});
  const [header, claims] = good.split('.');
  const tokens: Record<string, string | undefined> = {
    'no token': undefined,
    'a token of another secret': await signToken('another secret of enough characters'),
    'a token without an algorithm': `${head}.${body}.`,
    'a token without its signature': `${header}.${claims}.`,
    'another’s claims under a signature': `${header}.${body}.${good.split('.')[2]}`,
    'an expired token': await sign({exp: now - day}),
    'a token for later': await sign({nbf: now + day}),
    'a token made tomorrow': await sign({iat: now + day}),
    'a token for somebody else': await sign({aud: 'another'}),
    garbage: 'garbage',
    'garbage after Bearer': 'Bearer garbage',
    'a hub’s form of token': `token ${good}`,
    'two tokens': `${good}, ${good}`,
    'a token of 10,000 characters': 'x'.repeat(10_000),
  };
  return Object.entries(tokens).flatMap(([what, token]) =>
    (
      [
        ['POST', free],
        ['POST', `${existing}/alice`],
        ['DELETE', existing],
        // Who asks comes before where.
        ['POST', '/12/x'],
        ['PUT', existing],
      ] as const
    ).map(([method, path]) => ({
      ...{what, method, path, status: 401},
      sending: {token, ...(method === 'POST' && {file})},
      says: token === undefined ? {detail: 'No authorization header'} : {message: 'Invalid token.'},
    })),
  );
}

function refuseAddresses(): Refused[] {
  const issue = (name: string) => ({
    ...{loc: ['path', name], msg: 'value is not a valid integer', type: 'type_error.integer'},
  });
  const [course, activity] = [issue('course_id'), issue('activity_id')];
  const ids: [string, object[]][] = [
    ['/x/34', [course]],
    ['/12/3.5', [activity]],
    ['/12/1e3', [activity]],
    ['/0x1f/34', [course]],
    ['/x/y', [course, activity]],
    ['/x/34/alice', [course]],
    ['/99999999999999999999/1', [course]],
    ['/12/34$(touch%20PWNED)', [activity]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell would read it.
    ['/12/34;touch${IFS}PWNED', [activity]],
    ['/`id`/34', [course]],
    ['/12/34|id/alice', [activity]],
    ["/12/34'--/alice", [activity]],
    ['/..%2F..%2Fetc/34', [course]],
    ['/12/../34', [activity]],
    ['/../12/alice', [course]],
    ['/12/__proto__/alice', [activity]],
    ['/12/%00', [activity]],
  ];
  const nowhere = [
    ...['//12/34', '/12/34/', '/12/34/alice/more', '/12/34/../../../etc/passwd', '/12//alice', '/12/34/%zz'],
    ...['/12/34/%00', '/12/34/a%0Ab', '/12/34/%7F', '/12/34/%C3%28', `/12/34/${'x'.repeat(300)}`],
  ];
  return [
    ...ids.flatMap(([path, issues]) => [
      {what: 'an id', method: 'POST', path, sending: {file}, status: 422, says: {detail: issues}},
    ]),
    ...nowhere.map(path => ({what: 'an address', method: 'POST', path, sending: {file}, status: 404, says: /./})),
    ...['GET', 'PUT', 'PATCH'].map(method => ({
      ...{what: 'a method', method, path: existing, sending: {}, status: 405, says: {detail: 'Method Not Allowed'}},
    })),
    {
      ...{what: 'a student to delete', method: 'DELETE', path: `${existing}/alice`, sending: {}},
      ...{status: 405, says: {detail: 'Method Not Allowed'}},
    },
  ];
}

function refuseForms(): Refused[] {
  const missing = {detail: [{loc: ['body', 'file'], msg: 'field required', type: 'value_error.missing'}]};
  const without: Record<string, Sending> = {
    'no body': {},
    'another field’s name': {file, field: 'notebook'},
    'the field’s name in capitals': {file, field: 'FILE'},
    'a field’s name that is an object’s': {file, field: '__proto__'},
    'an empty field’s name': {file, field: ''},
    'the notebook without a form': {body: master, contentType: 'application/x-ipynb+json'},
    'JSON for a form': {body: Buffer.from('{"file": 1}'), contentType: 'application/json'},
    'a form of another kind': {body: Buffer.from('file=1'), contentType: 'application/x-www-form-urlencoded'},
    'a form without a type': {body: makeForm(file).body},
  };
  const whole = part(named, master.toString('utf8'));
  const disposition = 'Content-Disposition: form-data; name="x"';
  const damaged: Record<string, Sending> = {
    'a thousand parts': form(`${part(disposition).repeat(1000)}--b--\r\n`),
    'a thousand files': form(`${part(`${disposition}; filename="y"`).repeat(1000)}--b--\r\n`),
    'a notebook after a thousand parts': form(`${part(disposition).repeat(1000)}${whole}--b--\r\n`),
    'a head without an end': form(`--b\r\n${'X: y\r\n'.repeat(10_000)}`),
    'no last boundary': form(whole),
    'a form that ends in the notebook': form(whole.slice(0, -300)),
    'a form that ends in its head': form(`--b\r\n${named}`),
    'an empty form': form(''),
    'another boundary than was said': {...form(`${whole}--b--\r\n`), contentType: 'multipart/form-data; boundary=c'},
    'no boundary': {...form(`${whole}--b--\r\n`), contentType: 'multipart/form-data; x'},
  };
  const text = {...missing.detail[0], msg: "Expected UploadFile, received: <class 'str'>", type: 'value_error'};
  const large = {file: {name: 'demo.ipynb', content: Buffer.alloc(21 * 2 ** 20, ' ')}};
  return places.flatMap((path): Refused[] => [
    ...rows(path, without, 422, missing),
    ...rows(path, damaged, 400, /^\{"detail":"The form cannot be read: .+\."\}$/),
    ...rows(path, {'text for the file': form(`${part('Content-Disposition: form-data; name="file"')}--b--\r\n`)}, 422, {
      detail: [text],
    }),
    ...rows(path, {'a part of 21 MB': large}, 413, /larger than \d/),
  ]);
}
