import {randomInt} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {z} from 'zod';
import {isOver, MOST_SUBMITTING, type Plan, pause, type Seen} from './run-class.ts';
import {nameStudents, type Proof, signToken} from './students.ts';

/** What Moodle's plugin is told when an activity was made: the students' notebook under its file's name. */
const Created = z.record(z.string(), z.unknown());
const Refused = z.object({detail: z.union([z.string(), z.array(z.unknown()).transform(String)])});

/** Moodle counts its courses and activities from 1: real ones are far below. */
const FIRST_NUMBER = 900_000_000;
const MOST_NUMBER = 999_999_999;
/** Beyond what Holt waits for a grade by default. */
const ANSWER_MILLISECONDS = 600_000;
const DELETE_TRIES = 5;

type Activity = {
  /** Where Moodle's routes begin. */
  base: string;
  master: {name: string; content: Uint8Array};
  secret: Exclude<Proof, 'stand-in'>;
  tokenSeconds: number;
};

/**
 * Lets a class submit as Moodle's plugin does, to an activity made for it and deleted after it, however it ends.
 *
 * Throws: a sentence when the activity cannot be made, or cannot be deleted.
 */
export async function runActivity(
  run: string,
  count: number,
  {base, master, secret, tokenSeconds}: Activity,
  plan: Omit<Plan, 'notebook'>,
): Promise<Seen[]> {
  const numbers = [randomInt(FIRST_NUMBER, MOST_NUMBER), randomInt(FIRST_NUMBER, MOST_NUMBER)];
  const url = `${base}${numbers.join('/')}`;
  const token = (name: string, scope: string) => signToken({name, scope}, secret, tokenSeconds);
  const send = async (method: string, path: string, authorization: string, file?: Uint8Array, ended?: AbortSignal) => {
    const body = new FormData();
    if (file) {
      body.set('file', new Blob([Buffer.from(file)]), master.name);
    }

    const signal = AbortSignal.any([AbortSignal.timeout(ANSWER_MILLISECONDS), ...(ended ? [ended] : [])]);
    return fetch(url + path, {method, headers: {Authorization: authorization}, signal, ...(file && {body})});
  };

  let mayExist = true;
  try {
    const created = await send('POST', '', await token(run, 'create'), master.content, plan.signal);
    if (created.status !== 201) {
      mayExist = created.status >= 500;
      throw new Error(`The activity cannot be made: ${await tellRefusal(created)}`);
    }

    const student = Created.parse(await created.json())[master.name];
    const notebook = Buffer.from(z.string().parse(student), 'base64');
    return await submitAll(run, count, plan, async name => {
      const startedAt = performance.now();
      const answer = await send('POST', `/${name}`, await token(name, 'submit'), notebook, plan.signal);
      return judge(name, answer, (performance.now() - startedAt) / 1000);
    });
  } finally {
    if (mayExist) {
      await tidyUp(async () => send('DELETE', '', await token(run, 'delete')));
    }
  }
}

async function submitAll(
  run: string,
  count: number,
  plan: Omit<Plan, 'notebook'>,
  submit: (name: string) => Promise<Seen>,
): Promise<Seen[]> {
  const names = nameStudents(run, count);
  const seen: Seen[] = [];
  const startedAt = performance.now();
  let next = 0;
  const press = async () => {
    for (let index = next++; index < count; index = next++) {
      await pause(plan, startedAt + (index / plan.rate) * 1000 - performance.now());
      if (!isOver(plan)) {
        const name = names[index] as string;
        seen.push(await submit(name).catch(error => ({student: name, error: reasonOf(error)})));
      }
    }
  };

  await Promise.all(Array.from({length: MOST_SUBMITTING}, press));
  return seen;
}

async function judge(student: string, answer: Response, seconds: number): Promise<Seen> {
  if (answer.status === 200) {
    await answer.text();
    return {student, id: student, state: 'graded', gradeSeconds: seconds};
  }

  const error = await tellRefusal(answer);
  // It is kept and will be graded; Moodle's student was told that it takes too long.
  return answer.status === 408 ? {student, id: student, state: 'queued', error} : {student, error};
}

async function tellRefusal(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    return Refused.parse(JSON.parse(text)).detail;
  } catch {
    return `${answer.status} from ${new URL(answer.url).origin}: check the address, --prefix and the secret.`;
  }
}

const reasonOf = (error: unknown): string => {
  const {message, cause} = error as Error & {cause?: {code?: string}};
  return cause?.code ?? message;
};

/** Deletes the activity; one that was never made is gone already. */
async function tidyUp(remove: () => Promise<Response>): Promise<void> {
  for (let left = DELETE_TRIES; ; left -= 1) {
    const answer = await remove().catch(reasonOf);
    const isGone = typeof answer !== 'string' && (answer.status === 204 || answer.status === 400);
    if (isGone) {
      return;
    }

    if (left === 1) {
      const why = typeof answer === 'string' ? answer : await tellRefusal(answer);
      throw new Error(`The activity could not be deleted (${why}): it stays, and nobody but this run knows it.`);
    }

    await sleep(1000);
  }
}
