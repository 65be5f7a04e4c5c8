import test from 'ava';
import {makeLog} from './log.ts';

const setUp = (settings: Partial<Parameters<typeof makeLog>[0]> = {}) => {
  const lines: string[] = [];
  const log = makeLog({...settings, write: line => lines.push(line)});
  return {log, lines, entries: () => lines.map(line => JSON.parse(line))};
};

test('an entry is one line, whatever is in it', t => {
  const {log, lines, entries} = setUp({component: 'exchange'});
  log('INFO', 'notebook received', {course: 'a\r\n{"severity":"ERROR"}\u2028', trace: 't'});
  t.is(lines.length, 1);
  t.is(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1);
  t.like(entries()[0], {severity: 'INFO', message: 'notebook received', component: 'exchange', trace: 't'});
  t.false(Number.isNaN(Date.parse(entries()[0].time)));
});

test('what is below the level is not written', t => {
  const {log, entries} = setUp({level: 'WARNING'});
  for (const severity of ['DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR'] as const) {
    log(severity, 'an entry');
  }

  t.deepEqual(
    entries().map(({severity}) => severity),
    ['WARNING', 'ERROR'],
  );
});

test('with a project, a trace is also where Cloud Logging looks for it', t => {
  const {log, entries} = setUp({projectId: 'p'});
  log('INFO', 'an entry', {trace: 'abc'});
  log('INFO', 'an entry');
  t.is(entries()[0]['logging.googleapis.com/trace'], 'projects/p/traces/abc');
  t.false('logging.googleapis.com/trace' in entries()[1]);
});

test('a field never passes for the entry’s own', t => {
  const {log, entries} = setUp();
  log('ERROR', 'the sentence', {severity: 'DEBUG', message: 'another', time: 'never'});
  t.like(entries()[0], {severity: 'ERROR', message: 'the sentence'});
  t.not(entries()[0].time, 'never');
});

test('fields that cannot be written cost the fields and not the request', t => {
  const {log, entries} = setUp();
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  log('INFO', 'an entry', circle);
  log('INFO', 'an entry', {big: 1n});
  t.deepEqual(
    entries().map(({message}) => message),
    ['an entry', 'an entry'],
  );
});
