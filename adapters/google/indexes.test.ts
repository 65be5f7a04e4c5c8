import {readFileSync} from 'node:fs';
import test from 'ava';
import {collections, indexes} from '../../domain/records.ts';

/** What `firestore.indexes.json` must say for the queries of the domain, in both directions. */
function describeIndexes() {
  const composite = Object.entries(indexes).flatMap(([collectionGroup, lists]) =>
    (lists as readonly (readonly string[])[])
      .filter(fields => fields.length > 1)
      .flatMap(fields =>
        ['ASCENDING', 'DESCENDING'].map(order => ({
          collectionGroup,
          queryScope: 'COLLECTION',
          fields: fields.map((fieldPath, index) => ({
            fieldPath,
            order: index === fields.length - 1 ? order : 'ASCENDING',
          })),
        })),
      ),
  );
  const expiring = Object.entries(collections).filter(
    ([, schema]) => 'expireAt' in ((schema as {shape?: object}).shape ?? {}),
  );
  const fieldOverrides = expiring.map(([collectionGroup]) => ({
    collectionGroup,
    fieldPath: 'expireAt',
    ttl: true,
    indexes: ['ASCENDING', 'DESCENDING'].map(order => ({order, queryScope: 'COLLECTION'})),
  }));
  return {indexes: composite, fieldOverrides};
}

test('firestore.indexes.json has exactly the indexes of the domain, and expires what has a time to expire', t => {
  const file = JSON.parse(readFileSync(new URL('../../firestore.indexes.json', import.meta.url), 'utf8'));
  t.deepEqual(file, describeIndexes(), `It must be:\n${JSON.stringify(describeIndexes(), null, 2)}`);
});
