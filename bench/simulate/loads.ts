import {makeRandom} from '../../testing/make.ts';

/** One upload: when, in milliseconds since the beginning, of which course, and how long its grading takes. */
export type Arrival = {at: number; course: string; serviceSeconds: number};

/** What comes in, and the part of it that is measured. */
export type Load = {arrivals: Arrival[]; courses: string[]; from: number; to: number};

/** Seconds that grading one notebook takes, and their coefficient of variation: log-normal. */
export const SERVICE = {seconds: 20, variation: 0.6} as const;

/** A deadline: the rate grows evenly from nothing until the last moment. */
export function makeSpike(seed: number, {submissions, seconds, serviceSeconds = SERVICE.seconds}: SpikeShape): Load {
  const random = makeRandom(seed);
  const times = Array.from({length: submissions}, () => seconds * 1000 * Math.sqrt(random())).sort((a, b) => a - b);
  const drawService = makeService(random, serviceSeconds);
  const arrivals = times.map(at => ({at, course: 'demo', serviceSeconds: drawService()}));
  return {arrivals, courses: ['demo'], from: 0, to: Number.POSITIVE_INFINITY};
}
export type SpikeShape = {submissions: number; seconds: number; serviceSeconds?: number};

/** A stretch of a day at one rate, of many courses. Before it the system fills, and after it the load goes on. */
export function makeStretch(seed: number, {perSecond, seconds, courses}: StretchShape): Load {
  const random = makeRandom(seed);
  const names = Array.from({length: courses}, (_, index) => `course-${index + 1}`);
  const drawService = makeService(random, SERVICE.seconds);
  const from = WARM_UP_SECONDS * 1000;
  const to = from + seconds * 1000;
  const arrivals: Arrival[] = [];
  for (let at = gap(random, perSecond); at < to + COOL_DOWN_SECONDS * 1000; at += gap(random, perSecond)) {
    const course = names[Math.floor(random() * courses)] ?? '';
    arrivals.push({at, course, serviceSeconds: drawService()});
  }

  return {arrivals, courses: names, from, to};
}
export type StretchShape = {perSecond: number; seconds: number; courses: number};

const WARM_UP_SECONDS = 300;
const COOL_DOWN_SECONDS = 300;

const gap = (random: () => number, perSecond: number): number => (-Math.log(1 - random()) / perSecond) * 1000;

function makeService(random: () => number, seconds: number): () => number {
  const spread = Math.sqrt(Math.log(1 + SERVICE.variation ** 2));
  return () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.exp(Math.log(seconds) - spread ** 2 / 2 + spread * normal);
  };
}

/** The day: 24 hours of three rates, as times of the mean. */
export const day = {
  submissions: 1_000_000,
  levels: [
    {name: 'night', hours: 8, factor: 0.25},
    {name: 'day', hours: 10, factor: 1},
    {name: 'evening', hours: 6, factor: 2},
  ],
} as const;
