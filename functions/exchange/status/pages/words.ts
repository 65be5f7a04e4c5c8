import type {Score} from '../../../../domain/score.ts';
import type {Status, StatusState} from '../../../../domain/status.ts';
import {type Instant, secondsBetween} from '../../../../domain/values.ts';
import {type Html, html} from './html.ts';

const day = new Intl.DateTimeFormat('en-GB', {timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric'});

/** A time for people: to the minute, or to the second where steps follow one another quickly. */
export const tellTime = (at: Instant, withSeconds = false): Html =>
  html`<time datetime="${at}">${day.format(new Date(at))}, ${at.slice(11, withSeconds ? 19 : 16)} UTC</time>`;

/** Only the time of day, for what happened on a day that is told nearby. */
export const tellClock = (at: Instant): Html =>
  html`<time datetime="${at}">${at.slice(11, 19)}<span class="unseen"> UTC on ${day.format(new Date(at))}</span></time>`;

/** How long ago, in the largest unit that says something. */
export function tellAgo(at: Instant, now: Instant): string {
  const seconds = Math.max(0, secondsBetween(at, now));
  const units: [number, string][] = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ];
  for (const [size, unit] of units) {
    if (seconds >= size) {
      const count = Math.floor(seconds / size);
      return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
    }
  }

  return 'just now';
}

const plain = new Intl.NumberFormat('en', {maximumFractionDigits: 2, useGrouping: false});

export const tellPoints = (points: number): string => plain.format(points);

export const tellScore = ({earned, possible}: Score): string => `${tellPoints(earned)} / ${tellPoints(possible)}`;

/** The share of the points that were earned, from 0 to 1; extra credit is full. */
export const shareOf = ({earned, possible}: Score): number => (possible > 0 ? Math.min(earned / possible, 1) : 0);

export const tellPercent = ({earned, possible}: Score): string =>
  possible > 0 ? `${Math.round((earned / possible) * 100)} %` : '';

export function tellBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toPrecision(3)} ${units[power]}`;
}

/** An id or a hash, as much of it as people compare. */
export const shorten = (id: string): string => id.slice(0, 8);

/** How a thing looks: never by its colour alone, the words and the sign say it too. */
export type Tone = 'good' | 'busy' | 'bad' | 'plain';

const states: Record<StatusState, {words: string; tone: Tone}> = {
  submitted: {words: 'Received', tone: 'plain'},
  queued: {words: 'Waiting in line', tone: 'busy'},
  grading: {words: 'Being graded', tone: 'busy'},
  graded: {words: 'Graded', tone: 'good'},
  failed: {words: 'Not graded', tone: 'bad'},
};

export const tellState = (state: StatusState): {words: string; tone: Tone} => states[state];

/** Whether the LMS has the score, in few words; undefined while there is no score. */
export function tellGradebook({
  state,
  passback,
  counts,
}: Pick<Status, 'state' | 'passback' | 'counts'>): {words: string; tone: Tone} | undefined {
  if (state !== 'graded') {
    return undefined;
  }

  if (counts === false) {
    return {words: 'Another submission counts', tone: 'plain'};
  }

  switch (passback?.state) {
    case 'sent':
      return {words: 'In the gradebook', tone: 'good'};
    case 'failed':
      return {words: 'Refused by the gradebook', tone: 'bad'};
    case 'off':
      return {words: 'No gradebook for this assignment', tone: 'plain'};
    case 'superseded':
      return {words: 'Another score counts', tone: 'plain'};
    default:
      return {words: 'On its way to the gradebook', tone: 'busy'};
  }
}
