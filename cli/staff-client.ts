import type {z} from 'zod';
import {
  PauseAnswer,
  RegradeList,
  type RegradeOrder,
  type RegradeRow,
  RegradeRows,
  RegradeView,
  ResendAnswer,
  type ResendOrder,
} from '../domain/staff-orders.ts';
import type {Address} from './address.ts';
import {ask} from './exchange-client.ts';

/** What an order may take: Holt works on it for most of a minute, then says that there is more. */
const ORDER_SECONDS = 180;

async function call<T extends z.ZodType>(
  address: Address,
  path: string,
  schema: T,
  body?: unknown,
): Promise<z.infer<T>> {
  const order = {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)};
  const response = await ask(address, path, body === undefined ? {} : order, ORDER_SECONDS);
  const answer = schema.safeParse(await response.json().catch(() => undefined));
  if (!answer.success) {
    throw new Error(`${response.url} does not speak Holt’s language of this version: use the same version.`);
  }

  return answer.data;
}

const at = (course: string, ...parts: string[]): string =>
  ['courses', course, ...parts].map(encodeURIComponent).join('/');

/** Pauses or resumes a course, or every course. */
export const orderPause = (address: Address, what: 'pause' | 'resume', course: string | null): Promise<PauseAnswer> =>
  call(address, course === null ? what : at(course, what), PauseAnswer, {});

/** Has scores sent again; a long list is gone through in several orders. */
export async function orderResend(
  address: Address,
  course: string,
  order: ResendOrder,
): Promise<ResendAnswer['scores']> {
  const scores: ResendAnswer['scores'] = [];
  let next = order;
  for (;;) {
    const answer = await call(address, at(course, 'resend'), ResendAnswer, next);
    scores.push(...answer.scores);
    next = 'submission' in order ? order : {...order, begun: answer.begun};
    if (!answer.more) {
      return scores;
    }
  }
}

/** Begins a regrade, or finds the one that this order began before. */
export const orderRegrade = (address: Address, course: string, order: RegradeOrder): Promise<RegradeView> =>
  call(address, at(course, 'regrades'), RegradeView, order);

/** Looks how far a regrade is. */
export const findRegrade = (address: Address, {course, id}: RegradeView): Promise<RegradeView> =>
  call(address, at(course, 'regrades', id), RegradeView);

/** Applies a regrade, to its end. */
export async function applyRegrade(address: Address, {course, id}: RegradeView): Promise<RegradeView> {
  for (;;) {
    const view = await call(address, at(course, 'regrades', id, 'apply'), RegradeView, {});
    if (view.state === 'applied') {
      return view;
    }
  }
}

/** Lists the regrades of a course, the newest first. */
export const listRegrades = async (address: Address, course: string): Promise<RegradeView[]> =>
  (await call(address, at(course, 'regrades'), RegradeList)).regrades;

/** Reads the whole table of a regrade. */
export async function readRegradeRows(address: Address, {course, id}: RegradeView): Promise<RegradeRow[]> {
  const rows: RegradeRow[] = [];
  let query = '';
  for (;;) {
    const page = await call(address, `${at(course, 'regrades', id, 'rows')}${query}`, RegradeRows);
    rows.push(...page.rows);
    if (page.next === null) {
      return rows;
    }

    query = `?after=${encodeURIComponent(page.next)}`;
  }
}
