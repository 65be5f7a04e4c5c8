import type {ClientToken} from '../../domain/client-token.ts';
import {hashBytes} from '../../domain/document-id.ts';
import type {HubUser, OpenedSession, Session} from '../../domain/hub.ts';
import type {Hub, Log, NewId, Now, Objects, Records, Wait, Wake} from '../../domain/ports.ts';
import type {Settings} from '../settings.ts';
import {composeActivities} from './activities/compose.ts';
import {makeClaim} from './claim.ts';
import type {Dialect} from './dialects/dialect.ts';
import {goferSubmit} from './dialects/gofer-submit.ts';
import {otterSubmit} from './dialects/otter-submit.ts';
import {makeFindCourse} from './find-course.ts';
import {makeExchange} from './handler.ts';
import type {Request} from './http.ts';
import {makeIdentify} from './identify.ts';
import {makeLogin} from './login.ts';
import {makePark} from './park.ts';
import type {BrowserWay} from './place.ts';
import {makeRefuse} from './refusals.ts';
import {makeCheckSameOrigin} from './same-origin.ts';
import {makeListener} from './serve-http.ts';
import {makeStatusRoutes} from './status/routes.ts';
import {makeSubmit} from './submit.ts';
import {makeWaits} from './waits.ts';

/** An instance on Google Cloud answers few requests at once, by its price; one machine has none but itself. */
const GOOGLE_WAITS = 4;
const EMBEDDED_WAITS = 500;

type CheckToken = (token: string) => Promise<HubUser | undefined>;

export type ExchangePorts = Records & {
  objects: Objects;
  wake: Wake;
  now: Now;
  newId: NewId;
  wait: Wait;
  log: Log;
  hub: Hub | undefined;
  /** The hub as its service for gofer_submit sees it. */
  goferHub?: Hub | undefined;
  sessions:
    | {seal: (session: Session) => Promise<string>; open: (token: string) => Promise<OpenedSession | undefined>}
    | undefined;
  checkJwt: CheckToken | undefined;
  checkProxy: CheckToken | undefined;
  checkClientToken: ((token: string) => Promise<ClientToken | undefined>) | undefined;
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
  const makeLook = (service: Hub | undefined) =>
    makeIdentify({
      hub: service,
      openSession: async token => sessions?.open(token),
      checkJwt: ports.checkJwt,
      proxy: proxyHeader && ports.checkProxy ? {header: proxyHeader, check: ports.checkProxy} : undefined,
      allowClaimed: settings.HOLT_TRUST_CLAIMED_USER,
    });
  const makeWay = (service: Hub | undefined): BrowserWay =>
    service && sessions
      ? {
          login: makeLogin({hub: service, sealSession: sessions.seal, secure}),
          claim: makeClaim({...ports, hub: service, submit, secure}),
          park: makePark({
            ...ports,
            hub: service,
            settings: {
              parkedPerAddress: settings.PARKED_PER_ADDRESS,
              parkedInTotal: settings.PARKED_IN_TOTAL,
              secure,
            },
          }),
        }
      : undefined;
  const makePlace = (prefix: string, dialect: Dialect, service: Hub | undefined) => ({
    ...{prefix, dialect, browser: makeWay(service), look: makeLook(service)},
  });
  const otter = makePlace(settings.JUPYTERHUB_SERVICE_PREFIX, otterSubmit, hub);
  const gofer = makePlace(settings.HOLT_GOFER_PREFIX, goferSubmit, ports.goferHub);
  // A place within another one stands before it, and a hub's service that is gofer's own has no place for otter-submit.
  const places = [gofer, otter].toSorted((a, b) => b.prefix.length - a.prefix.length);
  const placeOf = (path: string) => places.find(({prefix}) => path.startsWith(prefix)) ?? otter;
  const {browser} = otter;
  const identify = (request: Request) => placeOf(request.path).look(request, hashBytes);
  const answerStatus = makeStatusRoutes({
    ...ports,
    identify,
    startLogin: browser && ((base, next) => (placeOf(base).browser ?? browser).login.startLogin(base, next)),
    claim: browser?.claim,
    checkSameOrigin: makeCheckSameOrigin(origins),
    admins: settings.HOLT_ADMINS,
    waits: makeWaits(settings.WAITS_AT_ONCE ?? (settings.HOLT_ENGINE === 'embedded' ? EMBEDDED_WAITS : GOOGLE_WAITS)),
  });
  const answer = makeExchange({
    places,
    origins,
    identify,
    submit,
    getConfig,
    answerStatus,
    answerActivities: composeActivities({...ports, submit}, settings),
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
