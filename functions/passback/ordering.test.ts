import test, {type ExecutionContext} from 'ava';
import type {SendOutcome} from '../../domain/passback.ts';
import type {SendScore} from '../../domain/ports.ts';
import {toFraction} from '../../domain/score.ts';
import {addSeconds, type Instant} from '../../domain/values.ts';
import {createdEvent, lms, makePassbackWorld} from '../../testing/passback-world.ts';
import {makePassback} from './handler.ts';
import {SETTLE_SECONDS} from './in-flight.ts';
import {LEASE_SECONDS} from './turn.ts';

/*
 * A world of chance, repeatable by its seed: handlers run interleaved at every moment where they wait, freeze, die; events are lost,
 * doubled and late; the LMS is down, slow, or takes a score long after it should have. Whatever happens, the gradebook ends with
 * the newest score, and no record says that it has it before it has.
 */

/** A request reaches the LMS within this time of being sent, or never. */
const ARRIVAL_SECONDS = SETTLE_SECONDS - LEASE_SECONDS / 2;
const STUDENT = 'alice';

function makeChance(seed: number) {
  let state = seed;
  const chance = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number) => Math.floor(chance() * count);
  return {
    chance,
    below,
    pick: <T>(items: readonly T[]) => items[below(items.length)] as T,
    /** Takes one out, or undefined when there is none. */
    draw: <T>(items: T[]): T | undefined => items.splice(below(items.length), 1)[0],
  };
}

/** A handler that waits, perhaps within a send. `before` is set while its request has yet to leave. */
type Waiting = {go: () => void; sends?: boolean; before?: Instant};
type Delivery = {fraction: number; before: Instant};

async function simulate(seed: number, {jumps}: {jumps: readonly number[]}) {
  const {chance, below, pick, draw} = makeChance(seed);
  const waiting: Waiting[] = [];
  const deliveries: Delivery[] = [];
  const events: string[] = [];
  const trail: string[] = [];
  const counts = {sends: 0, sending: 0, mostSending: 0, crashes: 0, unknowns: 0};
  let alive = 0;
  let calm = true;
  let board: number | undefined;

  const pause = (about: Omit<Waiting, 'go'> = {}) => new Promise<void>(go => void waiting.push({...about, go}));
  const world = await makePassbackWorld({pause: async () => (calm ? undefined : pause())});
  await world.putCourse();
  const apply = (fraction: number) => {
    board = fraction;
    trail.push(`lms=${fraction}`);
  };

  const answer = async (fraction: number): Promise<SendOutcome> => {
    await pause({sends: true, before: addSeconds(world.clock.now, ARRIVAL_SECONDS)});
    const fate = calm ? 'taken' : pick(['taken', 'taken', 'taken', 'down', 'cut', 'slow', 'lost']);
    trail.push(`${fate} ${fraction}`);
    if (fate === 'down') {
      return {outcome: 'unavailable', message: fate};
    }

    if (fate === 'taken' || fate === 'cut') {
      apply(fraction);
      await pause({sends: true});
    } else if (fate === 'slow') {
      deliveries.push({fraction, before: addSeconds(world.clock.now, ARRIVAL_SECONDS)});
      await pause({sends: true});
    }

    counts.unknowns += fate === 'taken' ? 0 : 1;
    return {outcome: fate === 'taken' ? 'sent' : 'unknown', message: fate};
  };
  const sendScore: SendScore = async (_, fraction) => {
    counts.sends += 1;
    counts.sending += 1;
    counts.mostSending = Math.max(counts.mostSending, counts.sending);
    const outcome = await answer(fraction);
    counts.sending -= 1;
    return outcome;
  };

  let ids = 0;
  const passback = makePassback(
    {...world, sendScore, now: () => world.clock.now, newId: () => `holder-${++ids}`, log() {}},
    {post: true, lms, prefix: ''},
  );
  const start = (work: Promise<unknown>) => {
    alive += 1;
    void work.then(() => {
      alive -= 1;
    });
  };
  /** Lets everybody run until each one waits for what comes next. */
  const settle = async () => {
    while (waiting.length < alive) {
      await new Promise(setImmediate);
    }
  };
  const crash = () => {
    const dead = draw(waiting);
    if (dead) {
      alive -= 1;
      counts.sending -= dead.sends ? 1 : 0;
      counts.crashes += 1;
      trail.push('crash');
    }
  };
  const resume = () => draw(waiting)?.go();
  const arrive = () => {
    const delivery = draw(deliveries);
    if (delivery && chance() < 0.8) {
      trail.push('late');
      apply(delivery.fraction);
    }
  };
  /** Time does not pass what a request may take: first it arrives, or its sender dies. */
  const advance = async (seconds: number) => {
    const until = addSeconds(world.clock.now, seconds);
    for (;;) {
      const delivery = deliveries.findIndex(({before}) => before <= until);
      const late = waiting.findIndex(({before}) => before !== undefined && before <= until);
      if (delivery >= 0) {
        const [arrived] = deliveries.splice(delivery, 1);
        apply(arrived?.fraction as number);
      } else if (late >= 0) {
        waiting.splice(late, 1)[0]?.go();
        await settle();
      } else {
        break;
      }
    }

    world.advance(seconds);
    trail.push(`+${seconds}`);
  };
  const newScore = async () => {
    const decided = world.decide({earned: pick([0, 5, 8, 10]), possible: 10}).then(({id, score}) => {
      trail.push(`grade ${id} ${score.earned}`);
      events.push(...(chance() < 0.2 ? [] : [id]), ...(chance() < 0.3 ? [id] : []));
    });
    start(decided);
  };

  const newest = () => {
    const [grade] = world.all('grades');
    return grade && world.stateOf(`${grade.id}-${grade.revision}`);
  };
  /** What must hold at every moment: a newest score that is recorded as sent is the one in the gradebook. */
  const checkNow = () => {
    const passback = newest();
    return passback?.state !== 'sent' || board === toFraction(passback.score);
  };

  calm = false;
  for (let step = 0; step < 300; step += 1) {
    const dice = chance();
    if (dice < 0.025) {
      await newScore();
    } else if (dice < 0.07) {
      const id = draw(events);
      if (id) {
        start(passback(createdEvent(id)));
      }
    } else if (dice < 0.1) {
      for (const id of world.due()) {
        start(passback(createdEvent(id)));
      }
    } else if (dice < 0.115) {
      crash();
    } else if (dice < 0.135) {
      arrive();
    } else if (dice < 0.16) {
      await advance(jumps[below(jumps.length)] as number);
    } else {
      resume();
    }

    await settle();
    if (!checkNow()) {
      return {kept: false, trail, counts};
    }
  }

  // The storm is over: everybody goes on, nothing new comes, and sweep does its work.
  calm = true;
  for (let round = 0; round < 400; round += 1) {
    while (waiting.length > 0) {
      resume();
      await settle();
    }

    if (round > 0 && deliveries.length === 0 && world.all('passbacks').every(({state}) => state !== 'pending')) {
      break;
    }

    await advance(60);
    for (const id of world.due()) {
      start(passback(createdEvent(id)));
      await settle();
    }
  }

  await advance(3600);
  return {
    kept: checkNow(),
    trail,
    counts,
    board,
    newest: newest(),
    passbacks: world.all('passbacks'),
    leases: world.all('leases'),
    now: world.clock.now,
  };
}

async function check(t: ExecutionContext, seeds: number, jumps: readonly number[]) {
  const total = {sends: 0, crashes: 0, unknowns: 0, scores: 0, mostSending: 0};
  for (let seed = 1; seed <= seeds; seed += 1) {
    const end = await simulate(seed, {jumps});
    const story = `seed ${seed}: ${end.trail.join(', ')}`;
    if (!end.kept) {
      return t.fail(`a record says sent and the gradebook has another score; ${story}`) as never;
    }

    total.sends += end.counts.sends;
    total.crashes += end.counts.crashes;
    total.unknowns += end.counts.unknowns;
    total.mostSending = Math.max(total.mostSending, end.counts.mostSending);
    total.scores += end.passbacks?.length ?? 0;
    if (!end.newest) {
      continue;
    }

    t.is(end.newest.state, 'sent', story);
    t.is(end.board, toFraction(end.newest.score), story);
    t.deepEqual(
      end.passbacks?.filter(
        ({state, nextAttemptAt}) => !['sent', 'superseded'].includes(state) || nextAttemptAt !== null,
      ),
      [],
      story,
    );
    t.true(
      end.leases?.every(({holder, until}) => holder === '' || until <= (end.now ?? '')),
      story,
    );
  }

  return total;
}

test(`the gradebook ends with ${STUDENT}'s newest score, whatever happens`, async t => {
  const total = await check(t, 300, [1, 5, 20, 31, 45, LEASE_SECONDS, 95, SETTLE_SECONDS]);
  // A storm in which nothing happened would prove nothing.
  t.true(
    total.scores > 1000 && total.sends > 1000 && total.crashes > 500 && total.unknowns > 200,
    JSON.stringify(total),
  );
  t.true(total.mostSending > 1, 'frozen holders were overtaken');
});

test('while no lease runs out, only one score is under way', async t => {
  const total = await check(t, 100, [0]);
  t.is(total.mostSending, 1);
  t.true(total.sends > 200, JSON.stringify(total));
});
