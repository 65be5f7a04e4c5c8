/*
 * The published bindings of the provider hashicorp/google carry, in their source maps, the TypeScript they were made
 * from. It was generated from the provider's schema and names each field's type and whether it is computed, optional
 * or required. So the schema can be read back from it.
 */

/** A type in Terraform's own JSON form. */
export type Kind = string | ['list' | 'set' | 'map', Kind] | ['object', {[name: string]: Kind}];
export type Attribute = {type: Kind; required?: true; optional?: true; computed?: true; values?: string[]};
export type Nested = {mode: 'list' | 'set' | 'single'; minimum?: 1; maximum?: 1; block: Block};
export type Block = {attributes: {[name: string]: Attribute}; blocks: {[name: string]: Nested}};
export type Binding = {kind: 'resource' | 'data' | 'provider'; block: Block};

type Flags = {computed: boolean; optional: boolean; required: boolean};
type Class = {base: string; body: string};
/** What the sources of one binding say: its classes, and the values that its documentation lists, by interface. */
type Source = {classes: Map<string, Class>; values: Map<string, string[]>};

const kinds = {TerraformResource: 'resource', TerraformDataSource: 'data', TerraformProvider: 'provider'} as const;
const collections: {[name: string]: Kind} = {
  StringMap: ['map', 'string'],
  NumberMap: ['map', 'number'],
  BooleanMap: ['map', 'bool'],
  StringListMap: ['map', ['list', 'string']],
  StringMapList: ['list', ['map', 'string']],
};
const getters: {[name: string]: Kind} = {
  getStringAttribute: 'string',
  getNumberAttribute: 'number',
  getBooleanAttribute: 'bool',
  getListAttribute: ['list', 'string'],
  getNumberListAttribute: ['list', 'number'],
  getStringMapAttribute: ['map', 'string'],
  getNumberMapAttribute: ['map', 'number'],
  getBooleanMapAttribute: ['map', 'bool'],
};

/**
 * Reads the schema of a resource, a data source or the provider from the JavaScript files of its binding.
 *
 * Throws: an error when the files hold no such schema, or a field in a form that is not known.
 */
export function readBinding(files: readonly string[]): Binding {
  const text = files.map(readSource).join('\n');
  const source: Source = {classes: readClasses(text), values: readValues(text)};
  for (const [name, {base}] of source.classes) {
    const kind = kinds[base as keyof typeof kinds];
    if (kind) {
      return {kind, block: readBlock(source, name, `${name}Config`)};
    }
  }

  throw new Error('A binding of the provider holds no resource: read-binding.ts does not know its form.');
}

/** Takes the TypeScript out of a file's source map. */
function readSource(file: string): string {
  const [, encoded] = /sourceMappingURL=data:application\/json;base64,(\S+)/.exec(file) ?? [];
  const map: {sourcesContent?: string[]} = encoded ? JSON.parse(Buffer.from(encoded, 'base64').toString()) : {};
  return map.sourcesContent?.join('\n') ?? '';
}

const readClasses = (text: string) =>
  new Map(
    [...text.matchAll(/^export class (\w+) extends cdktf\.(\w+) \{\n(.*?)^\}/gms)].map(
      ([, name = '', base = '', body = '']) => [name, {base, body}] as const,
    ),
  );

/** Reads the lists that a field's documentation calls its possible values. */
function readValues(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, owner, body = ''] of text.matchAll(/^export interface (\w+)[^{]*\{\n(.*?)^\}/gms)) {
    for (const [, comment = ''] of body.matchAll(/\/\*\*(.*?)\*\/\s*readonly /gs)) {
      const [, list] = /Possible values: \[((?:"[^"]*"(?:, )?)+)\]/.exec(comment) ?? [];
      const [, field] = /#(\w+) \w+#\1\}/.exec(comment) ?? [];
      if (list && field) {
        found.set(
          `${owner}.${field}`,
          [...list.matchAll(/"([^"]*)"/g)].map(([, value = '']) => value),
        );
      }
    }
  }

  return found;
}

function* readFields({classes}: Source, name: string): Generator<[field: string, flags: Flags, rest: string]> {
  const body = classes.get(name)?.body ?? '';
  const field =
    /\/\/ (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n(.*?)(?=\/\/ \w+ - computed: |$)/gs;
  for (const [, key = '', computed, optional, required, rest = ''] of body.matchAll(field)) {
    yield [key, {computed: computed === 'true', optional: optional === 'true', required: required === 'true'}, rest];
  }
}

function readBlock(source: Source, name: string, owner: string): Block {
  const block: Block = {attributes: {}, blocks: {}};
  for (const [field, {computed, optional, required}, rest] of readFields(source, name)) {
    const nested = findNested(source, field, rest);
    // What is computed is an attribute, even when it holds objects.
    if (nested && !computed) {
      block.blocks[field] = {
        mode: field === 'timeouts' ? 'single' : nested.mode,
        ...(field !== 'timeouts' && required && {minimum: 1}),
        ...(field !== 'timeouts' && nested.isSingle && {maximum: 1}),
        block: readBlock(source, nested.name, nested.name.replace(/OutputReference$/, '')),
      };
      continue;
    }

    const values = source.values.get(`${owner}.${field}`);
    block.attributes[field] = {
      type: readKind(source, field, rest),
      ...(required && {required}),
      ...(optional && {optional}),
      ...(computed && {computed}),
      ...(values && {values}),
    };
  }

  return block;
}

type NestedClass = {name: string; mode: 'list' | 'set'; isSingle: boolean};

/** Finds the class that a field's objects are of; undefined for a plain value. */
function findNested({classes}: Source, field: string, rest: string): NestedClass | undefined {
  const [, made = '', isSet] =
    new RegExp(`= new ([\\w.]+)\\(this, ["']${field}["'](?:, (true|false))?\\)`).exec(rest) ?? [];
  const name = made.replace(/List$/, 'OutputReference');
  return made.startsWith('cdktf.') || !classes.has(name)
    ? undefined
    : {name, mode: isSet === 'true' ? 'set' : 'list', isSingle: !made.endsWith('List')};
}

function readKind(source: Source, field: string, rest: string): Kind {
  const nested = findNested(source, field, rest);
  if (nested) {
    const inner = [...readFields(source, nested.name)].map(
      ([key, , text]) => [key, readKind(source, key, text)] as const,
    );
    return [nested.mode, ['object', Object.fromEntries(inner)]];
  }

  const [, collection = ''] = /= new cdktf\.(\w+)\(this/.exec(rest) ?? [];
  const [, cast, getter = ''] = /return (cdktf\.Fn\.tolist\()?[^;]*?this\.(get\w+Attribute)\(/.exec(rest) ?? [];
  const kind = collections[collection] ?? getters[getter] ?? readProviderKind(rest);
  if (!kind) {
    throw new Error(`The field ${field} has a form that read-binding.ts does not know.`);
  }

  return cast && Array.isArray(kind) && kind[0] === 'list' ? ['set', kind[1] as Kind] : kind;
}

/** Reads a type from a private field, as the provider's own class has it. */
function readProviderKind(rest: string): Kind | undefined {
  const [, type = ''] = /private _\w+\?: ([^;]+);/.exec(rest) ?? [];
  return type.includes('key: string')
    ? ['map', 'string']
    : type.startsWith('string[]')
      ? ['list', 'string']
      : type.startsWith('boolean')
        ? 'bool'
        : type.startsWith('string')
          ? 'string'
          : type.startsWith('number')
            ? 'number'
            : type.startsWith('GoogleProvider')
              ? 'dynamic'
              : undefined;
}
