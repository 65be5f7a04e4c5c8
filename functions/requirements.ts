import type {Settings, Target} from './settings.ts';

/** What a function cannot start without, as sentences that name the setting. Empty when all is there. */
export function findMissing(settings: Settings, target: Target | 'all'): string[] {
  const on = (...names: Target[]) => target === 'all' || names.includes(target);
  const need = (name: keyof Settings, why: string) =>
    settings[name] === undefined || settings[name] === '' ? [`${name} is not set: ${why}.`] : [];
  const google = settings.HOLT_ENGINE === 'google';
  return [
    ...(google ? need('GCP_PROJECT_ID', 'the Google Cloud project that holds the records') : []),
    ...(google ? [] : need('HOLT_DATA', 'the folder that the embedded engine keeps everything in')),
    ...(google && on('exchange', 'dispatch', 'record', 'sweep')
      ? need('HOLT_BUCKET', 'the base name of the two buckets')
      : []),
    ...(google && on('dispatch', 'sweep')
      ? need('GRADER_JOB', 'the Cloud Run job, projects/P/locations/R/jobs/NAME')
      : []),
    ...(on('exchange') ? findMissingIdentity(settings, need) : []),
    ...(on('dispatch')
      ? [
          // Moodle's assignments come from Moodle.
          ...(settings.JWT_SECRET ? [] : need('HOLT_COURSES', 'where each course’s config and archives come from')),
          ...findMissingGitHub(settings, need),
        ]
      : []),
    ...(on('passback') ? findMissingLms(settings, need) : []),
  ];
}

type Need = (name: keyof Settings, why: string) => string[];

/** Nobody could submit without a hub or a key: better said now than to the first student. */
function findMissingIdentity(settings: Settings, need: Need): string[] {
  const hub = settings.JUPYTERHUB_API_URL ?? settings.JUPYTERHUB_API_TOKEN;
  const proxy = settings.HOLT_PROXY_SECRET ?? settings.HOLT_PROXY_PUBLIC_KEY;
  const key =
    settings.HOLT_JWT_SECRET ??
    settings.HOLT_JWT_PUBLIC_KEY ??
    (settings.HOLT_PROXY_HEADER && proxy) ??
    settings.JWT_SECRET;
  return [
    ...(hub
      ? [
          ...need('JUPYTERHUB_API_URL', 'the hub’s API, which says who a student is'),
          ...need('JUPYTERHUB_API_TOKEN', 'the API token of this service at the hub'),
          ...need('HOLT_HUB_ORIGIN', 'the hub’s address as browsers see it, e.g. https://hub.example.edu'),
        ]
      : []),
    ...((hub ?? key)
      ? []
      : [
          'Nobody could log in: set JUPYTERHUB_API_URL, JUPYTERHUB_API_TOKEN and HOLT_HUB_ORIGIN for a JupyterHub, HOLT_JWT_SECRET or HOLT_JWT_PUBLIC_KEY for tokens, or JWT_SECRET for Moodle.',
        ]),
    ...(settings.NO_AUTH
      ? [
          'NO_AUTH is set, but Holt lets nobody in without a token: unset it, and set JWT_SECRET to the secret in Moodle.',
        ]
      : []),
    ...(settings.HOLT_JWT_SECRET && settings.HOLT_JWT_PUBLIC_KEY
      ? ['HOLT_JWT_SECRET and HOLT_JWT_PUBLIC_KEY are both set: only one key is believed, so unset the other.']
      : []),
    ...(settings.HOLT_PROXY_SECRET && settings.HOLT_PROXY_PUBLIC_KEY
      ? ['HOLT_PROXY_SECRET and HOLT_PROXY_PUBLIC_KEY are both set: only one key is believed, so unset the other.']
      : []),
    ...(proxy && !settings.HOLT_PROXY_HEADER
      ? ['HOLT_PROXY_HEADER is not set: the key of a proxy is there, but not the header that it signs.']
      : []),
    ...(settings.HOLT_PROXY_HEADER && !proxy
      ? [
          'HOLT_PROXY_HEADER needs HOLT_PROXY_SECRET or HOLT_PROXY_PUBLIC_KEY: an unsigned header would be believed from anybody.',
        ]
      : []),
  ];
}

function findMissingGitHub(settings: Settings, need: Need): string[] {
  return /github\.com/.test(settings.HOLT_COURSES ?? '')
    ? [
        ...need('COURSE_CONTENT_READER_APP_ID', 'the GitHub App that reads the courses'),
        ...need('COURSE_CONTENT_READER_PRIVATE_KEY', 'the GitHub App’s private key in PEM'),
        ...need('COURSE_CONTENT_READER_INSTALLATION_ID', 'the installation of the GitHub App'),
      ]
    : [];
}

/** Posting grades is off when nothing of it is set, and whole when it is on. */
function findMissingLms(settings: Settings, need: Need): string[] {
  return settings.POST_GRADE === true
    ? [
        ...need('LTI_CONSUMER_KEY', 'POST_GRADE is on'),
        ...need('LTI_CONSUMER_SECRET', 'POST_GRADE is on'),
        ...(settings.HOLT_LMS_HOSTS.length > 0 ? [] : need('EDX_URL', 'POST_GRADE is on')),
      ]
    : [];
}
