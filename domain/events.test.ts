import test from 'ava';
import {courseOf, documentOf, eventTypes, isWatched, objectOf, type StageEvent} from './events.ts';

const event = {id: '1', type: eventTypes.documentCreated};
const messageOf = (attributes: Record<string, string>) => ({...event, data: {message: {attributes}}});

test('a document event names its collection without the environment’s prefix, and its id', t => {
  const about = {...event, subject: 'documents/staging-results/s1-1'};
  t.deepEqual(documentOf(about, 'staging-'), {collection: 'results', id: 's1-1'});
  t.deepEqual(documentOf({...event, subject: 'documents/results/s1-1'}, ''), {collection: 'results', id: 's1-1'});
  t.deepEqual(documentOf(messageOf({document: 'staging-results/s1-1'}), 'staging-'), {
    collection: 'results',
    id: 's1-1',
  });
});

test('an event of another environment, of a sub-collection or of nothing names no document', t => {
  t.is(documentOf({...event, subject: 'documents/results/s1'}, 'staging-'), undefined);
  t.is(documentOf({...event, subject: 'documents/a/b/c/d'}, ''), undefined);
  t.is(documentOf({...event, subject: 'documents/a'}, ''), undefined);
  t.is(documentOf({...event, subject: ''}, ''), undefined);
  t.is(documentOf(event, ''), undefined);
});

test('an object event names its object, replayed or not', t => {
  t.is(objectOf({...event, subject: 'objects/results/s1/1.json'}), 'results/s1/1.json');
  t.is(objectOf(messageOf({object: 'results/s1/1.json'})), 'results/s1/1.json');
  t.is(objectOf(event), undefined);
});

test('a wake-up may name a course; a message of any shape is none', t => {
  t.is(courseOf(messageOf({course: 'demo'})), 'demo');
  t.is(courseOf(messageOf({queue: 'changed'})), undefined);
  for (const data of [undefined, null, 'text', 7, {}, {message: null}, {message: {attributes: null}}]) {
    t.is(courseOf({...event, data}), undefined);
  }
});

test('a message that a subscription pushes by itself is read as one in an event is', t => {
  const push = (attributes: Record<string, string>) =>
    ({message: {attributes, messageId: '1'}, subscription: 's'}) as unknown as StageEvent;
  t.is(courseOf(push({course: 'demo'})), 'demo');
  t.is(objectOf(push({object: 'results/s1/1.json'})), 'results/s1/1.json');
  t.deepEqual(documentOf(push({document: 'passbacks/p1'}), ''), {collection: 'passbacks', id: 'p1'});
  t.is(objectOf({} as StageEvent), undefined);
});

test('the audit log is not watched', t => {
  t.false(isWatched('audit'));
  t.true(isWatched('parked'));
});
