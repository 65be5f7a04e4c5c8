import {hashBytes} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import type {Identity} from '../../domain/hub.ts';
import {notebookName} from '../../domain/object-names.ts';
import type {Now, Objects} from '../../domain/ports.ts';
import type {Dialect, Route} from './dialects/dialect.ts';
import {problem, type Reply, type Request, redirect, toKnown} from './http.ts';
import {namedUser} from './identify.ts';
import {isLoginState} from './login.ts';
import type {Parking} from './park.ts';
import type {BrowserWay, Place} from './place.ts';
import type {Attempt} from './refusals.ts';
import {makeCheckSameOrigin} from './same-origin.ts';
import type {Receipt, Upload} from './submit.ts';

export type ExchangeNeeds = {
  /** A place within another one stands before it. */
  places: readonly Place[];
  /** The origins of the hub's pages: what a browser's Origin is compared with. Never the Host header. */
  origins: readonly string[];
  identify: (request: Request) => Promise<Identity | undefined>;
  submit: (upload: Upload) => Promise<Receipt>;
  /** Checks that the assignment exists before a notebook is parked for it. */
  getConfig: (key: Parking['key']) => Promise<unknown>;
  answerStatus: (request: Request, path: string, base: string) => Promise<Reply | undefined>;
  /** Answers a client that speaks of activities; undefined without one. */
  answerActivities: ((request: Request) => Promise<Reply | undefined>) | undefined;
  refuse: (error: HoltError, attempt: Attempt) => Promise<void>;
  objects: Pick<Objects, 'write'>;
  now: Now;
};

const CALLBACK = 'oauth_callback';

/** Makes the exchange: one function from request to reply over the dialects, the hub's callback and the status routes. */
export function makeExchange(needs: ExchangeNeeds) {
  const {places, identify, submit, answerStatus, refuse, objects, now} = needs;
  const checkSameOrigin = makeCheckSameOrigin(needs.origins);

  return async (request: Request): Promise<Reply> => {
    for (const place of places) {
      if (request.path.startsWith(place.prefix)) {
        return answerUnder(place, request.path.slice(place.prefix.length), request);
      }

      if (`${request.path}/` === place.prefix && methodOf(request) === 'GET') {
        return redirect(place.prefix);
      }
    }

    const answered = await answerStatus(request, request.path.slice(1), '/');
    return answered ?? (await needs.answerActivities?.(request)) ?? notFound();
  };

  /** Answers under a client's prefix; what its dialect speaks of goes wrong in the dialect's own form. */
  async function answerUnder(place: Place, path: string, request: Request): Promise<Reply> {
    const status = await answerStatus(request, path, place.prefix);
    if (status) {
      return status;
    }

    const {encodeProblem} = place.dialect;
    const answer = answerRoute(place, path, request);
    return encodeProblem ? answer.catch(error => ({...encodeProblem(toKnown(error), request.trace), error})) : answer;
  }

  async function answerRoute(place: Place, path: string, request: Request): Promise<Reply> {
    const {prefix, dialect, browser} = place;
    const routes = dialect.routes.filter(route => route.path === path);
    const method = methodOf(request);
    const route = routes.find(candidate => candidate.method === method);
    if (route) {
      return route.verb === 'greet'
        ? route.encode(prefix)
        : recorded(request, dialect, attempt => answerSubmit(request, route, place, attempt));
    }

    const isCallback = path === CALLBACK && browser;
    if (isCallback && method === 'GET') {
      return recorded(request, dialect, attempt => answerCallback(request, place, attempt, browser));
    }

    return isCallback || routes.length > 0
      ? refuseMethod(request, dialect, isCallback ? ['GET'] : routes.map(({method}) => method))
      : notFound();
  }

  async function answerSubmit(
    request: Request,
    route: Extract<Route, {verb: 'submit'}>,
    {prefix, dialect: {name: client}, browser}: Place,
    attempt: Attempt,
  ): Promise<Reply> {
    checkSameOrigin(request);
    // Who asks comes first: a refused sender's notebook is never held in memory.
    const identity = await identify(request);
    attempt.student = identity?.proof.verified ? identity.name : undefined;
    const {key, content} = route.decode(request, await request.readBody());
    attempt.key = key;
    const sha256 = await hashBytes(content);
    const {namedStudent, trace} = attempt;
    // A session proves who logged in an hour ago, not who sits there now: when the page names another user, the hub is asked.
    const enough = identity && !(identity.proof.via === 'session' && namedStudent && namedStudent !== identity.name);
    if (!enough) {
      if (!browser) {
        throw new HoltError('not-authenticated', 'Nobody is logged in: send a hub token in the Authorization header.');
      }

      await needs.getConfig(key);
      const {address, cookies} = request;
      return browser.park({key, content, sha256, namedStudent, client, address, cookies, prefix, trace});
    }

    const receipt = await submit({
      key,
      student: identity.name,
      proof: identity.proof,
      flags: identity.proof.verified ? [] : ['unverified'],
      namedStudent,
      client,
      sha256,
      bytes: content.length,
      receivedAt: now(),
      trace,
      store: async id => void (await objects.write(notebookName(id), content, 'application/x-ipynb+json')),
    });
    const ended =
      identity.proof.kind === 'hub' ? await browser?.claim.claimWaiting(request, identity, prefix) : undefined;
    return withCookies(route.encode(receipt, prefix), ended ?? []);
  }

  async function answerCallback(
    request: Request,
    {prefix, dialect}: Place,
    attempt: Attempt,
    {login, claim}: NonNullable<BrowserWay>,
  ): Promise<Reply> {
    if (isLoginState(request.query.get('state') ?? '')) {
      const {user, next} = await login.finishLogin(request, prefix);
      return withCookies(redirect(next), await login.makePageSession(request, user, prefix));
    }

    const {parked, identity, receipt} = await claim.claimByCallback(request, attempt);
    const cookies = [claim.endCookie(parked.id, prefix)];
    if (identity) {
      cookies.push(...(await login.makeSessionCookie(request, identity, prefix)));
      cookies.push(...(await claim.claimWaiting(request, identity, prefix)));
    }

    const route = dialect.routes.find(candidate => candidate.verb === 'submit');
    return withCookies(
      route?.encode(receipt, prefix) ?? redirect(`${prefix}submissions/${receipt.submissionId}`),
      cookies,
    );
  }

  /** Source: RFC 9110, section 15.5.6: the answer names the methods that are allowed. */
  async function refuseMethod({method, trace}: Request, dialect: Dialect, allowed: string[]): Promise<Reply> {
    const error = new HoltError(
      'method-not-allowed',
      `${method} is not answered here: send ${allowed.join(' or ')} instead.`,
    );
    await refuse(error, {client: dialect.name, trace});
    const reply = (dialect.encodeProblem ?? problem)(error, trace);
    return {...reply, headers: {...reply.headers, Allow: allowed.join(', ')}};
  }

  /** Runs an attempt to submit; what is refused is recorded with as much as had become known. */
  async function recorded(
    request: Request,
    {name}: Dialect,
    run: (attempt: Attempt) => Promise<Reply>,
  ): Promise<Reply> {
    const attempt: Attempt = {client: name, namedStudent: namedUser(request), trace: request.trace};
    try {
      return await run(attempt);
    } catch (error) {
      await refuse(toKnown(error), attempt);
      throw error;
    }
  }
}

const notFound = (): never => {
  throw new HoltError('not-found', 'There is nothing at this address: your submissions are listed at …/submissions.');
};

const methodOf = ({method}: Request): string => (method === 'HEAD' ? 'GET' : method);

const withCookies = (reply: Reply, cookies: string[]): Reply =>
  cookies.length > 0 ? {...reply, headers: {...reply.headers, 'Set-Cookie': cookies}} : reply;
