import {readFileSync} from 'node:fs';
import path from 'node:path';
import {z} from 'zod';

export type Described = {name: string; what: string; standard: string; values: string};

type Kind = {type?: string; enum?: string[]; minimum?: number; maximum?: number; default?: unknown};

const root = path.join(import.meta.dirname, '../..');

/** Reads what a schema's source says of each setting: the comment before it, in parts. */
export function readComments(file: string): Map<string, string> {
  const found = readFileSync(path.join(root, file), 'utf8').matchAll(/^ {2}\/\*\*(.+?)\*\/\n {2}([A-Z_]+):/gms);
  return new Map(
    [...found].map(([, comment = '', name = '']) => [name, comment.replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim()]),
  );
}

/**
 * Describes each setting of a schema: by its comment what it is for, by the schema which values it takes and what it is
 * when it is not set. A comment may end in `Default: …` and `Values: …`, for what no schema says.
 */
export function describeSettings(shape: z.ZodRawShape, comments: ReadonlyMap<string, string>): Described[] {
  const {properties = {}} = z.toJSONSchema(z.object(shape), {io: 'input', unrepresentable: 'any'}) as {
    properties?: Record<string, Kind>;
  };
  return Object.entries(shape).map(([name, schema]) => {
    const [, what = '', standard, values] =
      /^(.*?)(?: Default: (.+?))?(?: Values: (.+))?$/.exec(comments.get(name) ?? '') ?? [];
    return {
      name,
      what,
      standard: standard ?? describeDefault(schema as z.ZodType),
      values: values ?? describeValues(schema as z.ZodType, properties[name] ?? {}),
    };
  });
}

function describeDefault(schema: z.ZodType): string {
  const {data} = schema.safeParse(undefined);
  return data === undefined || (Array.isArray(data) && data.length === 0) ? '' : `\`${String(data)}\``;
}

/** What a schema takes, found by asking it. */
function describeValues(schema: z.ZodType, {type, enum: words, minimum, maximum}: Kind): string {
  if (words) {
    return words
      .filter(word => word !== '')
      .map(word => `\`${word}\``)
      .join(' or ');
  }

  if (type === 'integer' || type === 'number') {
    const kind = type === 'integer' ? 'whole number' : 'number';
    return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
      ? `${kind}, at least ${minimum}`
      : `${kind}, ${minimum} to ${maximum}`;
  }

  const isList = Array.isArray(schema.safeParse('https://a.example').data);
  // What a schema says of nonsense is what it wants.
  const complaint = schema.safeParse('!').error?.issues[0]?.message ?? '';
  const wanted = /^(?:must be|must have|Must be) (.+)$/.exec(complaint)?.[1] ?? (complaint ? complaint : 'text');
  return `${wanted.replace('true or false', '`true` or `false`')}${isList ? ', by comma' : ''}`;
}
