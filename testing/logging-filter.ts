/** A line of the functions' log, as Cloud Logging has it. */
export type LogLine = {service: string; severity: string; message: string; fields: Record<string, unknown>};

const severities = ['DEFAULT', 'DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL'];
const token = /\s*(\(|\)|AND\b|OR\b|([\w.]+)(=~|!=|>=|<=|=|>|<)("(?:[^"\\]|\\.)*"|[\w.-]+))/y;

type Condition = (line: LogLine) => boolean;

/**
 * Says whether a filter of the Logging query language takes a line. Knows the part of the language that Holt's metrics use;
 * AND binds closer than OR.
 *
 * Throws: for anything else.
 */
export const matches = (filter: string, line: LogLine): boolean => parse(filter)(line);

function parse(filter: string): Condition {
  const parts: RegExpExecArray[] = [];
  token.lastIndex = 0;
  for (let end = 0; end < filter.trimEnd().length; end = token.lastIndex) {
    token.lastIndex = end;
    const part = token.exec(filter);
    if (!part) {
      throw new Error(`not understood: ${filter.slice(end)}`);
    }

    parts.push(part);
  }

  const next = () => parts[0]?.[1];
  const readMany = (word: string, readOne: () => Condition, join: 'some' | 'every'): Condition => {
    const conditions = [readOne()];
    while (next() === word) {
      parts.shift();
      conditions.push(readOne());
    }

    return line => conditions[join](condition => condition(line));
  };
  const readAny = (): Condition => readMany('OR', readAll, 'some');
  const readAll = (): Condition => readMany('AND', readOne, 'every');
  const readOne = (): Condition => {
    const part = parts.shift();
    if (part?.[1] === '(') {
      const inner = readAny();
      if (parts.shift()?.[1] !== ')') {
        throw new Error(`a parenthesis is open: ${filter}`);
      }

      return inner;
    }

    const [, , field, operator, value] = part ?? [];
    if (!(field && operator && value)) {
      throw new Error(`a comparison is missing: ${filter}`);
    }

    return compare(field, operator, value.startsWith('"') ? JSON.parse(value) : value);
  };
  const condition = readAny();
  if (parts.length > 0) {
    throw new Error(`too much: ${parts[0]?.[1]}`);
  }

  return condition;
}

function compare(field: string, operator: string, wanted: string): Condition {
  return line => {
    const value = read(line, field);
    if (value === undefined) {
      return false;
    }

    switch (operator) {
      case '=':
        return String(value) === wanted;
      case '=~':
        return new RegExp(wanted).test(String(value));
      case '>=':
        return field === 'severity'
          ? severities.indexOf(String(value)) >= severities.indexOf(wanted)
          : Number(value) >= Number(wanted);
      default:
        throw new Error(`${operator} is not understood`);
    }
  };
}

function read({service, severity, message, fields}: LogLine, field: string): unknown {
  const entry = {
    severity,
    resource: {type: 'cloud_run_revision', labels: {service_name: service}},
    jsonPayload: {...fields, message},
  };
  return field
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], entry);
}
