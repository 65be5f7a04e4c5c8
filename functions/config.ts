import {parseArgs} from 'node:util';
import {z} from 'zod';
import {HoltError} from '../domain/errors.ts';
import {findMissing} from './requirements.ts';
import {Settings, Target, targets} from './settings.ts';

/** otter-service's lower-case names of the same settings. */
export const otherNames: Record<string, keyof Settings> = {
  github_app_id: 'COURSE_CONTENT_READER_APP_ID',
  github_app_private_key: 'COURSE_CONTENT_READER_PRIVATE_KEY',
  github_app_installation_id: 'COURSE_CONTENT_READER_INSTALLATION_ID',
  GOOGLE_CLOUD_PROJECT: 'GCP_PROJECT_ID',
};

/**
 * Reads the environment, once, at start. A missing or wrong setting stops the start, not the first student.
 *
 * Throws: `invalid-setting` that names each setting and says what is wrong with it.
 */
export function readConfig(target: Target | 'all', environment: NodeJS.ProcessEnv = process.env): Settings {
  const settings = readSettings(environment);
  const missing = findMissing(settings, target);
  if (missing.length > 0) {
    throw new HoltError('invalid-setting', missing.join('\n'));
  }

  return settings;
}

/**
 * Reads the settings that are given, whatever else is missing.
 *
 * Throws: `invalid-setting` that names each setting that is wrong.
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  // An empty value is what a template leaves where nothing was filled in.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  for (const [other, name] of Object.entries(otherNames)) {
    given[name] ??= given[other];
  }

  // Parsed once: compiling a parser first would take longer.
  const parsed = Settings.safeParse(given, {jitless: true});
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({path, message}) => `${path.join('.')}: ${message}.`);
    throw new HoltError('invalid-setting', issues.join('\n'), {cause: z.treeifyError(parsed.error)});
  }

  return parsed.data;
}

/**
 * Reads which function this process is to serve, as functions-framework does: its flag `--target`, or `FUNCTION_TARGET`.
 *
 * Throws: `invalid-setting` for any other name.
 */
export function readTarget(
  environment: NodeJS.ProcessEnv = process.env,
  parameters: readonly string[] = process.argv.slice(2),
): Target | undefined {
  const {values} = parseArgs({args: [...parameters], options: {target: {type: 'string'}}, strict: false});
  const target = Target.optional().safeParse(values.target ?? (environment.FUNCTION_TARGET?.trim() || undefined));
  if (!target.success) {
    throw new HoltError('invalid-setting', `FUNCTION_TARGET must be one of ${targets.join(', ')}, or not set.`);
  }

  return target.data;
}

/** What a grading task of the embedded engine finds in its environment: where its tools are, and nothing else. */
export const readGraderEnvironment = (
  {
    PATH = '/usr/local/bin:/usr/bin:/bin',
    HOLT_PYTHON,
    HOLT_LAYERS,
    HOLT_UNSAFE_NO_SANDBOX,
  }: NodeJS.ProcessEnv = process.env,
): Record<string, string> => ({
  PATH,
  ...(HOLT_PYTHON && {HOLT_PYTHON}),
  ...(HOLT_LAYERS && {HOLT_LAYERS}),
  ...(HOLT_UNSAFE_NO_SANDBOX && {HOLT_UNSAFE_NO_SANDBOX}),
});
