import {setTimeout as sleep} from 'node:timers/promises';
import {isFinal, type Status, type StatusState} from '../../domain/status.ts';
import {findStatus, submitNotebook} from '../exchange-client.ts';
import type {Student} from './students.ts';

/** What became of one student's notebook, as far as it was seen. */
export type Seen = {
  student: string;
  /** Undefined when it was refused. */
  id?: string;
  acceptMilliseconds?: number;
  state?: StatusState;
  /** From the receipt to the recorded score, by the server's clock. */
  gradeSeconds?: number;
  /** Why it was not accepted or failed, or why its state could not be read at last. */
  error?: string;
};

export type Plan = {
  notebook: unknown;
  /** Submissions a second, at most. */
  rate: number;
  /** When nothing is waited for any more, in milliseconds of `performance.now()`. */
  until: number;
  signal: AbortSignal;
};

/** A slow exchange is not answered by more and more open requests. */
export const MOST_SUBMITTING = 32;
const MOST_ASKING = 8;
/** All questions about states together. */
const QUESTIONS_A_SECOND = 40;
const LEAST_PAUSE_SECONDS = 1;
/** How long a score may take to say whether it goes to a gradebook. */
const GRADEBOOK_SECONDS = 120;

/** Submits one student's notebook and measures the answer. */
async function submit({name, address}: Student, {notebook}: Plan): Promise<Seen> {
  const startedAt = performance.now();
  try {
    const id = await submitNotebook(address, notebook);
    return {student: name, id, acceptMilliseconds: performance.now() - startedAt};
  } catch (error) {
    return {student: name, error: kindOf(error)};
  }
}

/** A refusal without what differs between two of its kind. */
const kindOf = (error: unknown): string => (error as Error).message.replace(/ \(trace [^)]*\)$/, '');

/** Whether nothing more is to be sent or asked. */
export const isOver = ({until, signal}: Pick<Plan, 'until' | 'signal'>): boolean =>
  signal.aborted || performance.now() >= until;
/** Sleeps, and no longer than the run. */
export const pause = ({until, signal}: Pick<Plan, 'until' | 'signal'>, milliseconds: number) =>
  sleep(Math.max(0, Math.min(milliseconds, until - performance.now())), undefined, {signal}).catch(() => {});

/**
 * Lets one student go ahead of the class, and waits until the score has or has not gone to a gradebook.
 *
 * Throws: a sentence when the notebook is refused, does not end, or its score goes to a gradebook.
 */
export async function runFirst(student: Student, plan: Plan, mayReachGradebook: boolean): Promise<Seen> {
  const seen = await submit(student, plan);
  const {id} = seen;
  if (id === undefined) {
    throw new Error(`The first notebook was refused, so no more are sent: ${seen.error}`);
  }

  const wait = async (isEnough: (status: Status) => boolean, milliseconds: number): Promise<Status> => {
    const last = performance.now() + milliseconds;
    for (;;) {
      const status = await findStatus(student.address, id, 0);
      if (isEnough(status) || isOver(plan) || performance.now() > last) {
        return status;
      }

      await pause(plan, LEAST_PAUSE_SECONDS * 1000);
    }
  };

  const status = await wait(isFinal, Number.POSITIVE_INFINITY);
  if (!isFinal(status)) {
    throw new Error(
      `The first notebook is ${status.state} at the end of the time, so no more are sent: look at it by \`holt show ${id}\`.`,
    );
  }

  const settled = await wait(({passback}) => passback?.state !== 'pending', GRADEBOOK_SECONDS * 1000);
  const {passback} = settled;
  if (!mayReachGradebook && passback && passback.state !== 'off') {
    throw new Error(
      `Scores of this assignment go to a gradebook (${passback.state}), so no more are sent: take an assignment without a line item.`,
    );
  }

  return {...seen, ...tell(settled)};
}

/** Lets the class submit at its rate, and waits until every notebook has ended or the time is over. */
export async function runClass(students: readonly Student[], plan: Plan): Promise<Seen[]> {
  const seen: Seen[] = [];
  const waiting: {student: Student; seen: Seen; askAt: number}[] = [];
  const startedAt = performance.now();
  const pauseMilliseconds = Math.max(LEAST_PAUSE_SECONDS, students.length / QUESTIONS_A_SECOND) * 1000;
  let next = 0;
  let submitting = students.length;

  const press = async () => {
    for (let index = next++; index < students.length; index = next++) {
      await pause(plan, startedAt + (index / plan.rate) * 1000 - performance.now());
      submitting -= 1;
      if (!isOver(plan)) {
        const student = students[index] as Student;
        const one = await submit(student, plan);
        seen.push(one);
        if (one.id !== undefined) {
          waiting.push({student, seen: one, askAt: performance.now() + pauseMilliseconds});
        }
      }
    }
  };

  let pressing = true;
  const ask = async () => {
    while (!isOver(plan) && (pressing || submitting > 0 || waiting.length > 0)) {
      const one = waiting.shift();
      await pause(plan, one ? one.askAt - performance.now() : 50);
      if (one && !isOver(plan)) {
        await look(one.student, one.seen);
        if (!one.seen.state || !isFinal({state: one.seen.state})) {
          waiting.push({...one, askAt: performance.now() + pauseMilliseconds});
        }
      }
    }
  };

  const presses = Promise.all(Array.from({length: MOST_SUBMITTING}, press)).then(() => {
    pressing = false;
  });
  await Promise.all([presses, ...Array.from({length: MOST_ASKING}, ask)]);
  return seen;
}

/** Looks once; a question that fails is asked again, and told when it was the last. */
async function look({address}: Student, seen: Seen): Promise<void> {
  try {
    const status = await findStatus(address, seen.id ?? '', 0);
    delete seen.error;
    Object.assign(seen, tell(status));
  } catch (error) {
    seen.error = kindOf(error);
  }
}

function tell({state, timeline, cause, message}: Status): Partial<Seen> {
  const at = (stage: string) => timeline.find(entry => entry.stage === stage)?.at;
  const [from, to] = [at('submitted'), at('recorded')];
  return {
    state,
    ...(from && to && {gradeSeconds: (Date.parse(to) - Date.parse(from)) / 1000}),
    ...(state === 'failed' && {error: `failed (${cause ?? 'no cause'}): ${message}`}),
  };
}
