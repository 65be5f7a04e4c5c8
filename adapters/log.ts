import type {Log, Severity} from '../domain/ports.ts';

const order: readonly Severity[] = ['DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR'];

/**
 * Makes the log: one JSON line for each entry, as Cloud Logging reads it (`severity`, `message`, and fields). A field
 * `trace` also becomes Google's own trace field when the project is known.
 */
export function makeLog({
  level = 'INFO',
  component,
  projectId,
  write = line => process.stdout.write(line),
}: {
  level?: Severity | undefined;
  component?: string | undefined;
  projectId?: string | undefined;
  write?: (line: string) => unknown;
}): Log {
  return (severity, message, fields = {}) => {
    if (order.indexOf(severity) < order.indexOf(level)) {
      return;
    }

    const {trace} = fields;
    const own = {
      severity,
      message,
      time: new Date().toISOString(),
      ...(component ? {component} : {}),
      ...(typeof trace === 'string' && projectId
        ? {'logging.googleapis.com/trace': `projects/${projectId}/traces/${trace}`}
        : {}),
    };
    write(`${toJson({...own, ...fields, ...own}) ?? JSON.stringify(own)}\n`);
  };
}

/** What cannot be written costs the fields; it must not cost the request that is told of. */
function toJson(entry: object): string | undefined {
  try {
    return JSON.stringify(entry);
  } catch {
    return undefined;
  }
}
