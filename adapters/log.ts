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

    const trace = typeof fields.trace === 'string' && projectId;
    write(
      `${JSON.stringify({
        severity,
        message,
        time: new Date().toISOString(),
        ...(component ? {component} : {}),
        ...(trace ? {'logging.googleapis.com/trace': `projects/${projectId}/traces/${fields.trace}`} : {}),
        ...fields,
      })}\n`,
    );
  };
}
