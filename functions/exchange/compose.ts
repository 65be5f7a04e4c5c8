import {hashBytes} from '../../domain/document-id.ts';
import type {HubUser, OpenedSession, Session} from '../../domain/hub.ts';
import type {Hub, Log, NewId, Now, Objects, Records, Wait, Wake} from '../../domain/ports.ts';
import type {Settings} from '../settings.ts';
import {makeClaim} from './claim.ts';
import {otterSubmit} from './dialects/otter-submit.ts';
import {makeFindCourse} from './find-course.ts';
import {makeCheckSameOrigin, makeExchange} from './handler.ts';
import {makeIdentify} from './identify.ts';
import {makeLogin} from './login.ts';
import {makePark} from './park.ts';
import {makeRefuse} from './refusals.ts';
import {makeListener} from './serve-http.ts';
import {makeStatusRoutes} from './status/routes.ts';
import {makeSubmit} from './submit.ts';

type CheckToken = (token: string) => Promise<HubUser | undefined>;

export type ExchangePorts = Records & {
  objects: Objects;
  wake: Wake;
  now: Now;
  newId: NewId;
  wait: Wait;
  log: Log;
  hub: Hub | undefined;
  sessions:
    | {seal: (session: Session) => Promise<string>; open: (token: string) => Promise<OpenedSession | undefined>}
    | undefined;
  checkJwt: CheckToken | undefined;
  checkProxy: CheckToken | undefined;
};

/** Puts the exchange together: dialects, identity, verbs, status. Nothing here decides anything. */
export function composeExchange(ports: ExchangePorts, settings: Settings) {
  const {hub, sessions, log, newId, now} = ports;
  const origins = settings.HOLT_HUB_ORIGIN ?? [];
  const secure = origins[0]?.startsWith('https:') ?? false;
  if (settings.HOLT_TRUST_CLAIMED_USER) {
    log('WARNING', 'anybody can submit as anybody: HOLT_TRUST_CLAIMED_USER is on');
  }

  const {getConfig} = makeFindCourse(ports);
  const submit = makeSubmit({...ports, getConfig});
  const proxyHeader = settings.HOLT_PROXY_HEADER;
  const look = makeIdentify({
    hub,
    openSession: async token => sessions?.open(token),
    checkJwt: ports.checkJwt,
    proxy: proxyHeader && ports.checkProxy ? {header: proxyHeader, check: ports.checkProxy} : undefined,
    allowClaimed: settings.HOLT_TRUST_CLAIMED_USER,
  });
  const identify = (request: Parameters<typeof look>[0]) => look(request, hashBytes);
  const browser =
    hub && sessions
      ? {
          login: makeLogin({hub, sealSession: sessions.seal, secure}),
          claim: makeClaim({...ports, hub, submit, secure}),
          park: makePark({
            ...ports,
            hub,
            settings: {
              parkedPerAddress: settings.PARKED_PER_ADDRESS,
              parkedInTotal: settings.PARKED_IN_TOTAL,
              secure,
            },
          }),
        }
      : undefined;
  const answerStatus = makeStatusRoutes({
    ...ports,
    identify,
    startLogin: browser?.login.startLogin,
    claim: browser?.claim,
    checkSameOrigin: makeCheckSameOrigin(origins),
    admins: settings.HOLT_ADMINS,
  });
  const answer = makeExchange({
    dialects: [{prefix: settings.JUPYTERHUB_SERVICE_PREFIX, dialect: otterSubmit}],
    origins,
    identify,
    submit,
    getConfig,
    browser,
    answerStatus,
    refuse: makeRefuse(ports),
    objects: ports.objects,
    now,
  });
  return makeListener(answer, {
    settings: {
      maxBodyBytes: settings.MAX_NOTEBOOK_BYTES,
      bodyMemoryBytes: settings.BODY_MEMORY_BYTES,
      bodyGraceSeconds: settings.BODY_GRACE_SECONDS,
      minBytesPerSecond: settings.BODY_BYTES_PER_SECOND,
      proxyHops: settings.PROXY_HOPS,
    },
    newId,
    log,
  });
}
