import type {EnvironmentFile} from './environment-files.ts';

/** What a root says beside its `environment.json`. */
export type RootSettings = {
  stateBucket: string;
  sharesProject: boolean;
  hub?: {apiUrl: string; origin: string};
  courses: Record<string, string>;
  github: {appId: string; installationId: string};
  lti?: {key: string; edxHost: string};
  admins: string[];
  alertEmails: string[];
  deployers: string[];
};

/** Quotes a text for HCL: `${` and `%{` begin expressions there. */
const quote = (text: string): string => JSON.stringify(text).replaceAll('${', '$${').replaceAll('%{', '%%{');
const list = (texts: readonly string[]): string => `[${texts.map(quote).join(', ')}]`;
const map = (entries: Record<string, string>): string =>
  `{ ${Object.entries(entries)
    .map(([key, value]) => `${key} = ${value}`)
    .join(', ')} }`;

/** Lines of one block, their signs of equality below one another, as `terraform fmt` has them. */
function align(entries: readonly (readonly [string, string])[], indent: string): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${indent}${name.padEnd(width)} = ${value}`).join('\n');
}

const BACKEND = (bucket: string, name: string) => `terraform {
  backend "gcs" {
    bucket = ${quote(bucket)}
    prefix = ${quote(`environments/${name}`)}
  }
}
`;

const OUTPUTS = `output "environment" {
  description = "What the hub's administrator and the operator need: terraform output -json environment."
  value       = module.course_environment
}
`;

const VERSIONS = `terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}
`;

const READ = `locals {
  environment = jsondecode(file("\${path.module}/environment.json"))
}

provider "google" {
  project = local.environment.project_id
  region  = local.environment.region
}
`;

function writeMain(settings: RootSettings): string {
  const {sharesProject, hub, courses, github, lti, admins, alertEmails, deployers} = settings;
  const given: [string, string][] = [
    ...['name', 'project_id', 'region', 'images'].map((name): [string, string] => [name, `local.environment.${name}`]),
    ...(sharesProject ? [['shares_project', 'true'] as [string, string]] : []),
    ...(hub ? [['hub', map({api_url: quote(hub.apiUrl), origins: list([hub.origin])})] as [string, string]] : []),
    ['courses', map(Object.fromEntries(Object.entries(courses).map(([name, source]) => [quote(name), quote(source)])))],
    ['github', map({app_id: quote(github.appId), installation_id: quote(github.installationId)})],
    ...(lti ? [['lti', map({consumer_key: quote(lti.key), edx_host: quote(lti.edxHost)})] as [string, string]] : []),
    ...(admins.length > 0 ? [['admins', list(admins)] as [string, string]] : []),
    ...(deployers.length > 0 ? [['deployers', list(deployers)] as [string, string]] : []),
    ['alert_emails', list(alertEmails)],
  ];
  return `${READ}
module "course_environment" {
  source = "../../modules/course-environment"

${align(given, '  ')}
}
`;
}

/** Writes the files of an environment's root, by name. */
export const writeRoot = (environment: EnvironmentFile, settings: RootSettings): Record<string, string> => ({
  'backend.tf': BACKEND(settings.stateBucket, environment.name),
  'environment.json': `${JSON.stringify(environment, null, 2)}\n`,
  'main.tf': writeMain(settings),
  'outputs.tf': OUTPUTS,
  'versions.tf': VERSIONS,
});

/** Finds the state's bucket in another root, so that a second environment keeps its state beside the first one's. */
export const findStateBucket = (backend: string): string | undefined =>
  /backend "gcs" \{[^}]*?\bbucket\s*=\s*"([^"]+)"/.exec(backend)?.[1];
