import type {Settings} from '../../functions/settings.ts';
import {findSandbox} from '../../grader-job/probe.ts';
import {readCheckSettings} from '../check-settings.ts';
import {about, type Finding} from './finding.ts';
import {look} from './look.ts';

/** GitHub refuses an App's token that is a minute off; an LMS may refuse a signature after some minutes. */
const MOST_SKEW_SECONDS = 30;

/** Compares this machine's clock with those of the servers that judge its signatures. */
export async function checkClock(urls: readonly string[]): Promise<Finding[]> {
  const clock = about('clock');
  const origins = [...new Set(urls.map(url => new URL(url).origin))];
  const findings = origins.map(async (origin): Promise<Finding[]> => {
    const seen = await look(origin);
    if (seen.kind === 'silent') {
      // Whatever else asks it says so.
      return [];
    }

    const {skewSeconds: skew} = seen;
    return [judgeClock(origin, skew)];
  });
  return (await Promise.all(findings)).flat();

  function judgeClock(origin: string, skew: number | undefined): Finding {
    if (skew === undefined) {
      return clock.skipped(`${origin} does not tell the time.`);
    }

    return Math.abs(skew) > MOST_SKEW_SECONDS
      ? clock.wrong(
          `This machine’s clock is ${Math.round(Math.abs(skew))} s ${skew > 0 ? 'behind' : 'ahead of'} ${origin}.`,
          'Set it by NTP: tokens and signatures carry the time, and are refused.',
        )
      : clock.ok(`This machine’s clock agrees with ${origin}.`);
  }
}

/** The servers whose clocks matter to these settings. */
export const listClocks = ({JUPYTERHUB_API_URL, EDX_BASE_URL, EDX_URL, HOLT_COURSES, GITHUB_API_URL}: Settings) =>
  [
    JUPYTERHUB_API_URL,
    EDX_BASE_URL ?? (EDX_URL && `https://${EDX_URL}`),
    /github\.com/.test(HOLT_COURSES ?? '') ? (GITHUB_API_URL ?? 'https://api.github.com') : undefined,
  ].filter(url => url !== undefined);

/** Checks that the emulators answer which the settings name. */
export async function checkEmulators(settings: Settings): Promise<Finding[]> {
  const emulators = about('emulators');
  const {FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST, STORAGE_ENDPOINT, RUN_ENDPOINT} = settings;
  const named = Object.entries({FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST, STORAGE_ENDPOINT, RUN_ENDPOINT});
  const findings = named.map(async ([name, place]): Promise<Finding[]> => {
    if (!place) {
      return [];
    }

    const seen = await look(/^https?:/.test(place) ? place : `http://${place}`);
    return [
      seen.kind === 'answered'
        ? emulators.ok(`${name}: ${place} answers.`)
        : emulators.wrong(
            `${name}: ${place} does not answer (${seen.reason}).`,
            'Start it (`./emulator.sh --engine google` starts all), or unset it for Google Cloud.',
          ),
    ];
  });
  return (await Promise.all(findings)).flat();
}

/** Checks that this machine can keep student code apart. */
export async function checkSandbox(): Promise<Finding[]> {
  const grader = about('grader');
  try {
    const {places, isBareAllowed} = readCheckSettings();
    const sandbox = await findSandbox(places, {isBareAllowed: false, log: () => {}});
    if (!('reason' in sandbox)) {
      return [grader.ok(`Student code is kept apart by ${sandbox.isolation}.`)];
    }

    return [
      isBareAllowed
        ? grader.wrong(
            `${sandbox.reason} HOLT_UNSAFE_NO_SANDBOX is set, so notebooks run without isolation.`,
            'Never do this with notebooks of strangers: install bubblewrap and allow user namespaces.',
          )
        : grader.wrong(sandbox.reason, 'Install bubblewrap and allow user namespaces.'),
    ];
  } catch (error) {
    return [grader.wrong((error as Error).message)];
  }
}
