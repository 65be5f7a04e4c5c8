import {HoltError} from '../../../domain/errors.ts';
import type {Identity} from '../../../domain/hub.ts';
import {type RegradeList, RegradeOrder, ResendOrder} from '../../../domain/staff-orders.ts';
import {RecordId} from '../../../domain/values.ts';
import {json, type Reply, type Request} from '../http.ts';
import {type ApplyRegradeNeeds, makeApplyRegrade} from './apply-regrade.ts';
import {type BeginRegradeNeeds, makeBeginRegrade} from './begin-regrade.ts';
import {makePauseOrders, type PauseNeeds} from './pause.ts';
import {readOrder} from './read-order.ts';
import {makeRequireStaff, type RequireStaffNeeds} from './require-staff.ts';
import {makeResend, type ResendNeeds} from './resend.ts';
import {makeShowRegrade, type ShowRegradeNeeds} from './show-regrade.ts';

export type StaffNeeds = RequireStaffNeeds &
  PauseNeeds &
  ResendNeeds &
  BeginRegradeNeeds &
  ShowRegradeNeeds &
  ApplyRegradeNeeds & {
    /** Throws `cross-site`. */
    checkSameOrigin: (request: Request) => void;
  };

type Visit = {request: Request; identity: Identity};
export type StaffRoute = {method: 'GET' | 'POST'; answer: (visit: Visit) => Promise<Reply>};
type Answer = (visit: Visit, course: string) => Promise<Reply>;

/**
 * Makes what staff order: `pause`, `resume` of every course; `courses/{course}/pause`, `resume`, `resend`, `regrades`,
 * `regrades/{id}`, `regrades/{id}/rows`, `regrades/{id}/apply`. For programs: JSON in, JSON out.
 */
export function makeStaffRoutes(needs: StaffNeeds) {
  const {checkSameOrigin} = needs;
  const requireStaff = makeRequireStaff(needs);
  const pauses = makePauseOrders(needs);
  const resend = makeResend(needs);
  const beginRegrade = makeBeginRegrade(needs);
  const applyRegrade = makeApplyRegrade(needs);
  const {getRegrade, view, listRegrades, showRows} = makeShowRegrade(needs);

  const get = (course: string, answer: Answer): StaffRoute => ({
    method: 'GET',
    async answer(visit) {
      await requireStaff(visit.identity, course);
      return answer(visit, course);
    },
  });
  const post = (course: string | null, answer: (visit: Visit) => Promise<Reply>): StaffRoute => ({
    method: 'POST',
    async answer(visit) {
      checkSameOrigin(visit.request);
      requireToken(visit.identity);
      await requireStaff(visit.identity, course);
      return answer(visit);
    },
  });

  const orderPause = (what: 'pause' | 'resume', course: string | null): StaffRoute =>
    post(course, async ({identity, request: {trace}}) => json(await pauses[what](identity, {course, trace})));

  const orderResend = (course: string): StaffRoute =>
    post(course, async ({identity, request}) => {
      const order = await readOrder(request, ResendOrder);
      return json(await resend(identity, {course, trace: request.trace}, order));
    });

  const orderRegrade = (course: string): StaffRoute =>
    post(course, async ({identity, request}) => {
      const order = await readOrder(request, RegradeOrder);
      return json(await view(await beginRegrade(identity, {course, trace: request.trace}, order)));
    });

  const orderApply = (course: string, id: string): StaffRoute =>
    post(course, async ({identity, request: {trace}}) =>
      json(await view(await applyRegrade(identity, await getRegrade(course, id), trace))),
    );

  const answerList: Answer = async (_, course) => {
    const list: RegradeList = {regrades: await listRegrades(course)};
    return json(list);
  };

  const answerRows =
    (id: string): Answer =>
    async ({request}, course) =>
      json(await showRows(await getRegrade(course, id), readCursor(request.query)));

  function findRegradeRoute(method: string, course: string, rest: readonly string[]): StaffRoute | undefined {
    const [id, part, ...more] = rest;
    if (more.length > 0) {
      return undefined;
    }

    if (id === undefined) {
      return method === 'POST' ? orderRegrade(course) : get(course, answerList);
    }

    switch (part) {
      case undefined:
        return get(course, async () => json(await view(await getRegrade(course, id))));
      case 'rows':
        return get(course, answerRows(id));
      case 'apply':
        return orderApply(course, id);
      default:
        return undefined;
    }
  }

  /** Finds the route of a path's segments; `course` is decoded. */
  return (method: string, what: string | undefined, course: string | null, rest: string[]): StaffRoute | undefined => {
    if ((what === 'pause' || what === 'resume') && rest.length === 0) {
      return orderPause(what, course);
    }

    if (course === null) {
      return undefined;
    }

    if (what === 'resend' && rest.length === 0) {
      return orderResend(course);
    }

    return what === 'regrades' ? findRegradeRoute(method, course, rest) : undefined;
  };
}

/**
 * A browser sends its session with whatever a page makes it send, and pages of all user servers of a hub may share an
 * origin: what changes grades needs a token, which no page has.
 */
function requireToken({proof}: Identity): void {
  if (proof.via !== 'token') {
    throw new HoltError(
      'not-authenticated',
      'A browser’s session is not enough for this: send a hub token in the Authorization header.',
    );
  }
}

/** Reads where a page of rows goes on. Throws `malformed-request`. */
function readCursor(query: URLSearchParams): readonly [string, string] | undefined {
  const after = query.get('after');
  if (after === null) {
    return undefined;
  }

  const [workId, id, ...rest] = after.split('~').map(part => RecordId.safeParse(part).data);
  if (workId === undefined || id === undefined || rest.length > 0) {
    throw new HoltError('malformed-request', 'The value of "after" is no page of this list: take it from "next".');
  }

  return [workId, id];
}
