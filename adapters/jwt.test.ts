import test from 'ava';
import {decodeJwt, SignJWT} from 'jose';
import {HoltError} from '../domain/errors.ts';
import {makeJwtCheck, makeSessions} from './jwt.ts';

const session = {name: 'alice', groups: ['demo-staff'], admin: false, hubSession: 'hash'};
const secret = 'a secret of 32 characters or so.';

test('a session is opened as it was sealed, for an hour', async t => {
  const {seal, open} = makeSessions(secret);
  const token = await seal(session);
  const {iat = 0, exp = 0} = decodeJwt(token);
  t.deepEqual(await open(token), {...session, sealedAt: new Date(iat * 1000).toISOString()});
  t.is(exp - iat, 3600);
});

test('a session that was changed, cut or sealed elsewhere does not open', async t => {
  const {seal, open} = makeSessions(secret);
  const token = await seal(session);
  const elsewhere = await makeSessions('another secret, long enough too.').seal(session);
  for (const wrong of ['', 'x', token.slice(0, -2), `${token}x`, elsewhere, token.replace('.', '..')]) {
    t.is(await open(wrong), undefined, wrong);
  }
});

test('what opens must be a session', async t => {
  const sign = (payload: object) =>
    new SignJWT({...payload})
      .setProtectedHeader({alg: 'HS256'})
      .setIssuer('holt')
      .setAudience('session')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(secret));
  const {open} = makeSessions(secret);
  t.is(await open(await sign({name: 'alice'})), undefined);
  t.is(await open(await sign({...session, name: ''})), undefined);
  t.truthy(await open(await sign(session)));
});

test('a token’s names and groups are the user’s, and it makes nobody an admin', async t => {
  const check = makeJwtCheck({name: 'HOLT_JWT', secret});
  const token = await new SignJWT({sub: 'alice', groups: ['demo-staff'], admin: true})
    .setProtectedHeader({alg: 'HS256'})
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret));
  t.deepEqual(await check(token), {name: 'alice', groups: ['demo-staff'], admin: false});
  t.is(await check('dev-alice'), undefined);
  t.is(await check(''), undefined);
});

test('a secret that is too short is refused with how to make one', t => {
  for (const make of [() => makeSessions('short'), () => makeJwtCheck({name: 'HOLT_JWT', secret: 'short'})]) {
    const error = t.throws(make, {instanceOf: HoltError});
    t.is(error.code, 'invalid-setting');
    t.regex(error.message, /openssl rand/);
  }
});
