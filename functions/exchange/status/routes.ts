import {HoltError} from '../../../domain/errors.ts';
import {type Identity, PAGE_SESSION_SECONDS} from '../../../domain/hub.ts';
import type {Log} from '../../../domain/ports.ts';
import {secondsBetween} from '../../../domain/values.ts';
import type {Claim} from '../claim.ts';
import {json, type Reply, type Request} from '../http.ts';
import {makeStaffRoutes, type StaffNeeds} from '../staff/routes.ts';
import type {Waits} from '../waits.ts';
import {makeConfirm} from './confirm.ts';
import {type ExportGradesNeeds, makeExportGrades} from './grades.ts';
import {readFormat} from './grades-csv.ts';
import {type ListCourseNeeds, makeListCourse} from './list-course.ts';
import {makeListOwn} from './own.ts';
import {renderCoursePage} from './pages/course-page.ts';
import {renderOwnPage} from './pages/own-page.ts';
import {renderProblemPage} from './pages/problem-page.ts';
import {renderSubmissionPage} from './pages/submission-page.ts';
import {readPage, readWhole} from './paging.ts';
import {MAX_WAIT_SECONDS, makeShow, type ShowNeeds} from './show.ts';

export type StatusNeeds = ShowNeeds &
  ListCourseNeeds &
  ExportGradesNeeds &
  StaffNeeds & {
    identify: (request: Request) => Promise<Identity | undefined>;
    /** Sends a browser to log in and back to `next`; undefined without a hub. */
    startLogin: ((base: string, next: string) => Promise<Reply>) | undefined;
    waits: Waits;
    /** Undefined without a hub: nothing is ever parked. */
    claim: Pick<Claim, 'claim' | 'claimWaiting' | 'findWaiting' | 'endCookie'> | undefined;
    log: Log;
  };

type Visit = {request: Request; base: string; identity: Identity; wantsPage: boolean};
type Route = {method: 'GET' | 'POST'; answer: (visit: Visit) => Promise<Reply>};

/**
 * Makes the status routes: `submissions`, `submissions/{id}`, `submissions/confirm`, `courses/{course}/submissions`,
 * `courses/{course}/grades.csv`, and what staff order, below a client's prefix or the root. A browser gets pages, a program JSON.
 * Undefined for any other path.
 */
export function makeStatusRoutes(needs: StatusNeeds) {
  const {identify, startLogin, claim, waits, now, log} = needs;
  const show = makeShow(needs);
  const listOwn = makeListOwn(needs);
  const listCourse = makeListCourse(needs);
  const confirm = makeConfirm(needs);
  const exportGrades = makeExportGrades(needs);
  const findStaffRoute = makeStaffRoutes(needs);

  return async (request: Request, path: string, base: string): Promise<Reply | undefined> => {
    const route = findRoute(request.method, path);
    if (!route) {
      return undefined;
    }

    const wantsPage = prefersPage(request.headers.accept);
    try {
      const method = request.method === 'HEAD' ? 'GET' : request.method;
      if (method !== route.method) {
        throw new HoltError(
          'method-not-allowed',
          `${request.method} is not answered here: send ${route.method} instead.`,
        );
      }

      const identity = await identify(request);
      // Who a page merely says it belongs to sees nothing: a header must not open another student's work.
      if (!identity?.proof.verified || isStale(identity)) {
        return await askToLogIn(request, base, wantsPage);
      }

      return varied(await route.answer({request, base, identity, wantsPage}));
    } catch (error) {
      if (!wantsPage || !(error instanceof HoltError)) {
        throw error;
      }

      const {trace} = request;
      const cause = error.cause === undefined ? undefined : String(error.cause);
      log(error.status < 500 ? 'INFO' : 'ERROR', error.message, {trace, code: error.code, cause});
      return varied(await renderProblemPage(error, base, trace));
    }
  };

  function isStale({sealedAt}: Identity): boolean {
    return sealedAt !== undefined && secondsBetween(sealedAt, now()) > PAGE_SESSION_SECONDS;
  }

  function findRoute(method: string, path: string): Route | undefined {
    const [first, second, third, ...rest] = path.replace(/\/$/, '').split('/');
    if (first === 'submissions' && third === undefined) {
      if (second === 'confirm') {
        return {method: 'POST', answer: confirm};
      }

      return {method: 'GET', answer: second === undefined ? answerOwn : visit => answerShow(visit, second)};
    }

    if (first !== 'courses') {
      return second === undefined ? findStaffRoute(method, first, null, []) : undefined;
    }

    const course = decode(second);
    if (course === undefined || (rest.length === 0 && third === 'submissions')) {
      return course === undefined ? undefined : {method: 'GET', answer: visit => answerCourse(visit, course)};
    }

    return rest.length === 0 && third === 'grades.csv'
      ? {method: 'GET', answer: visit => answerGrades(visit, course)}
      : findStaffRoute(method, third, course, rest);
  }

  function answerGrades({request, identity}: Visit, course: string): Promise<Reply> {
    return exportGrades(identity, course, {format: readFormat(request.query), trace: request.trace});
  }

  async function answerShow({request, base, identity, wantsPage}: Visit, id: string): Promise<Reply> {
    const wait = readWhole(request.query, 'wait', 0, 999_999) ?? 0;
    const status = await waits.hold(Math.min(wait, MAX_WAIT_SECONDS), seconds =>
      show(identity, id, seconds, request.isGone),
    );
    return wantsPage ? renderSubmissionPage({status, base, user: identity.name, now: now()}) : json(status);
  }

  async function answerOwn({request, base, identity, wantsPage}: Visit): Promise<Reply> {
    const page = readPage(request.query);
    const cookies = (await claim?.claimWaiting(request, identity, base)) ?? [];
    const list = await listOwn(identity, (await claim?.findWaiting(request)) ?? [], page);
    if (wantsPage) {
      return renderOwnPage({list, base, user: identity.name, now: now(), isFirst: !page.after, cookies});
    }

    return json(list, 200, cookies.length > 0 ? {'Set-Cookie': cookies} : {});
  }

  async function answerCourse({request, base, identity, wantsPage}: Visit, course: string): Promise<Reply> {
    const page = readPage(request.query);
    const list = await listCourse(identity, course, page);
    return wantsPage
      ? renderCoursePage({list, base, user: identity.name, now: now(), isFirst: !page.after})
      : json(list);
  }

  async function askToLogIn({method, path, query}: Request, base: string, wantsPage: boolean): Promise<Reply> {
    if (!wantsPage || !startLogin) {
      throw new HoltError(
        'not-authenticated',
        'Nobody is logged in: open this page through the hub, or send a hub token in the Authorization header.',
      );
    }

    const search = query.size > 0 ? `?${query}` : '';
    return startLogin(base, method === 'POST' ? `${base}submissions` : `${path}${search}`);
  }
}

/** Whether a client would rather have a page than JSON. What accepts anything is a program. */
export function prefersPage(accept: string | undefined): boolean {
  const weightOf = (type: string): number => {
    const found = (accept ?? '').split(',').find(part => part.split(';')[0]?.trim().toLowerCase() === type);
    return found === undefined ? 0 : Number(/;\s*q=([\d.]+)/.exec(found)?.[1] ?? 1);
  };
  return weightOf('text/html') > weightOf('application/json');
}

/** One address has two faces; a cache must know. */
const varied = (reply: Reply): Reply => ({
  ...reply,
  headers: {...reply.headers, Vary: 'Accept, Authorization, Cookie'},
});

function decode(segment: string | undefined): string | undefined {
  try {
    return segment ? decodeURIComponent(segment) : undefined;
  } catch {
    return undefined;
  }
}
