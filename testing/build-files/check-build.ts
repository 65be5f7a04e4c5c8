import type {Build, Step} from './read-builds.ts';

/** What Cloud Build itself puts in. */
const builtIn =
  /^(PROJECT_ID|BUILD_ID|PROJECT_NUMBER|LOCATION|TRIGGER_NAME|COMMIT_SHA|SHORT_SHA|TAG_NAME|BRANCH_NAME|REPO_NAME)$/;
const REPORT = 'report';

/** Lists what is wrong with a build file that its schema does not know. */
export function checkBuild(build: Build): string[] {
  return [
    ...build.steps.flatMap((step, index) => checkStep(step, build.steps.slice(0, index))),
    ...checkReport(build),
    ...checkSubstitutions(build),
    ...checkSecrets(build),
    ...checkTime(build),
    ...(/\/serviceAccounts\/holt-build-\w+@\$PROJECT_ID\.iam\.gserviceaccount\.com$/.test(build.serviceAccount ?? '')
      ? []
      : [`serviceAccount ${build.serviceAccount} is not one of its own`]),
    ...(build.options.logging === 'CLOUD_LOGGING_ONLY' ? [] : ['options.logging is not CLOUD_LOGGING_ONLY']),
  ];
}

/** What a step follows, as step.sh is told; undefined when step.sh does not run it. */
export function followedBy({args}: Step): string[] | undefined {
  const end = args.indexOf('--');
  return args[0] === 'release/step.sh' && end > 1 ? args.slice(2, end) : undefined;
}

/** The command of a step, without what decides whether it is run. */
export const commandOf = ({args}: Step): string => args.slice(args.indexOf('--') + 1).join(' ');

/** Every step that a step waits for, however far back. */
export function ancestorsOf(steps: readonly Step[], id: string): Set<string> {
  const found = new Set<string>();
  const visit = (name: string) => {
    for (const one of steps.find(step => step.id === name)?.waitFor ?? []) {
      if (one !== '-' && !found.has(one)) {
        found.add(one);
        visit(one);
      }
    }
  };
  visit(id);
  return found;
}

function checkStep(step: Step, earlier: readonly Step[]): string[] {
  const {id, name, waitFor, timeout, allowFailure} = step;
  const isPinned = /@sha256:[0-9a-f]{64}$/.test(name) || /:\d+\.\d+\.\d+(-[\w.]+)?$/.test(name);
  const problems = [
    ...(earlier.some(one => one.id === id) ? ['has the id of another step'] : []),
    ...(isPinned ? [] : [`runs in ${name}, which is no whole version and no digest`]),
    ...(/^\d+s$/.test(timeout ?? '') ? [] : ['has no timeout']),
  ];
  if (id !== REPORT) {
    const followed = followedBy(step);
    const waited = (waitFor ?? []).filter(one => one !== '-');
    problems.push(
      ...(waitFor?.length ? [] : ['has no waitFor']),
      ...waited.filter(one => !earlier.some(other => other.id === one)).map(one => `waits for ${one}, no earlier step`),
      ...(step.entrypoint === 'sh' && followed && step.args[1] === id ? [] : ['is not run by step.sh under its id']),
      ...(followed?.join() === waited.join() ? [] : [`waits for ${waited} and follows ${followed}`]),
      ...(allowFailure ? [] : ['would end the build before anybody is told']),
    );
  }

  return problems.map(problem => `${id} ${problem}`);
}

/** The last step waits for all others, has their names in order, and alone fails the build. */
function checkReport({steps}: Build): string[] {
  const report = steps.at(-1);
  const others = steps.slice(0, -1).map(({id}) => id);
  const isLast = report?.id === REPORT && report.waitFor === undefined && !report.allowFailure;
  const told = report?.args.slice(2).join();
  return isLast && report.args[0] === 'release/report.ts' && told === others.join()
    ? []
    : ['the last step does not report every other one'];
}

function checkSubstitutions({substitutions, ...rest}: Build): string[] {
  const text = JSON.stringify(rest).replaceAll('$$', '');
  const used = new Set([...text.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)].map(([, braced, bare]) => braced ?? bare ?? ''));
  return [
    ...[...used].filter(name => !(name in substitutions || builtIn.test(name))).map(name => `$${name} is not defined`),
    ...Object.keys(substitutions)
      .filter(name => !used.has(name))
      .map(name => `${name} is defined and not used`),
  ];
}

function checkSecrets({steps, availableSecrets}: Build): string[] {
  const secrets = availableSecrets.secretManager;
  const readers = (env: string) => steps.filter(({secretEnv}) => secretEnv.includes(env)).map(({id}) => id);
  return [
    ...steps.flatMap(({id, secretEnv, env, args}) => [
      ...secretEnv
        .filter(name => !secrets.some(secret => secret.env === name))
        .map(name => `${id} reads no secret ${name}`),
      ...secrets
        .filter(secret => [...env, ...args].some(text => new RegExp(`\\$\\{?${secret.env}\\b`).test(text)))
        .map(secret => `${id} writes ${secret.env} where it can be read`),
    ]),
    ...secrets
      .filter(({env}) => readers(env).length !== 1)
      .map(({env}) => `${env} is read by ${readers(env).length} steps`),
    ...secrets
      .filter(({versionName}) => !/^projects\/\$PROJECT_ID\/secrets\/holt-[\w-]+\/versions\/\$_\w+$/.test(versionName))
      .map(({versionName}) => `${versionName} names no version that the trigger gives`),
  ];
}

const secondsOf = (duration: string | undefined): number => Number.parseInt(duration ?? '0', 10);

/** A build that runs out of time tells nobody, so its steps must run out first. */
function checkTime({steps, timeout}: Build): string[] {
  const needed = new Map<string, number>();
  for (const step of steps) {
    const before = step.waitFor ?? steps.slice(0, steps.indexOf(step)).map(({id}) => id);
    needed.set(step.id, Math.max(0, ...before.map(id => needed.get(id) ?? 0)) + secondsOf(step.timeout));
  }

  const longest = Math.max(...needed.values());
  return longest <= secondsOf(timeout) ? [] : [`its steps may take ${longest} s, the build only ${timeout}`];
}
