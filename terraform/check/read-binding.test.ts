import test from 'ava';
import {readBinding} from './read-binding.ts';
import {listTypes} from './schema.ts';

/** A JavaScript file as the package has it: its source map carries the TypeScript. */
const publish = (source: string) => {
  const map = Buffer.from(JSON.stringify({version: 3, sourcesContent: [source]})).toString('base64');
  return `exports.x = 1;\n//# sourceMappingURL=data:application/json;base64,${map}\n`;
};
const field = (name: string, flags: string, rest: string) => `  // ${name} - ${flags}\n${rest}\n`;
const required = 'computed: false, optional: false, required: true';
const optional = 'computed: false, optional: true, required: false';
const computed = 'computed: true, optional: false, required: false';
const text = (name: string) => `  public get it() {\n    return this.getStringAttribute('${name}');\n  }`;

const bucket = `
export interface StorageBucketConfig {
  /**
  * Which class. Possible values: ["STANDARD", "NEARLINE"]
  *
  * Docs {@link https://example.org/docs#storage_class StorageBucket#storage_class}
  */
  readonly storageClass?: string;
}
export class StorageBucketRuleOutputReference extends cdktf.ComplexObject {
${field('age', optional, "    return this.getNumberAttribute('age');")}
}
export class StorageBucketRuleList extends cdktf.ComplexList {
}
export class StorageBucket extends cdktf.TerraformResource {
${field('name', required, text('name'))}
${field('storage_class', optional, text('storage_class'))}
${field('url', computed, text('url'))}
${field('labels', optional, "    return this.getStringMapAttribute('labels');")}
${field('members', optional, "    return cdktf.Fn.tolist(this.getListAttribute('members'));")}
${field('rule', optional, '  private _rule = new StorageBucketRuleList(this, "rule", true);')}
${field('history', computed, '  private _history = new StorageBucketRuleList(this, "history", false);')}
}
`;

test('a binding tells each field’s type, and whether it is set, required or computed', t => {
  t.deepEqual(readBinding([publish(bucket)]), {
    kind: 'resource',
    block: {
      attributes: {
        name: {type: 'string', required: true},
        storage_class: {type: 'string', optional: true, values: ['STANDARD', 'NEARLINE']},
        url: {type: 'string', computed: true},
        labels: {type: ['map', 'string'], optional: true},
        members: {type: ['set', 'string'], optional: true},
        history: {type: ['list', ['object', {age: 'number'}]], computed: true},
      },
      blocks: {
        rule: {mode: 'set', block: {attributes: {age: {type: 'number', optional: true}}, blocks: {}}},
      },
    },
  });
});

test('a form that is not known is said, not guessed', t => {
  const strange = bucket.replace("this.getStringAttribute('url')", 'this.getRiddle()');
  t.throws(() => readBinding([publish(strange)]), {message: /The field url has a form/});
  t.throws(() => readBinding(['exports.x = 1;']), {message: /holds no resource/});
});

test('the types that files use are found, those of tests too', t => {
  const files = [
    'resource "google_storage_bucket" "a" {}\nresource "google_storage_bucket" "b" {}\n',
    'mock_provider "google" {\n  mock_data "google_project" {\n  }\n}\n# resource "google_comment" "c" {}\n',
  ];
  t.deepEqual(listTypes(files), ['data/google_project', 'resource/google_storage_bucket']);
});
