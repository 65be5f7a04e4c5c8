import {existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {root} from './markdown.ts';

const folderOf = (name: string) => path.join(root, 'terraform', name);

/** Whether the configuration is there at all. */
export const hasTerraform = existsSync(folderOf('modules/course-environment/variables.tf'));

/** Reads every `.tf` file of a folder below `terraform/`, as one text; or those alone in which something stands. */
export const readTerraform = (folder: string, having = ''): string =>
  readdirSync(folderOf(folder))
    .filter(file => file.endsWith('.tf'))
    .map(file => readFileSync(path.join(folderOf(folder), file), 'utf8'))
    .filter(text => text.includes(having))
    .join('\n');

const namesOf = (folder: string, kind: string): string[] =>
  [...readTerraform(folder).matchAll(new RegExp(`^${kind} "([a-z_]+)"`, 'gm'))].map(([, name = '']) => name);

export const variablesOf = (folder: string): string[] => namesOf(folder, 'variable');
export const outputsOf = (folder: string): string[] => namesOf(folder, 'output');

/** Variables of a folder that have no default. */
export const neededOf = (folder: string): string[] =>
  readTerraform(folder)
    .split(/^(?=variable ")/m)
    .filter(block => block.startsWith('variable ') && !/^ {2}default +=/m.test(block))
    .flatMap(block => /^variable "([a-z_]+)"/.exec(block)?.[1] ?? []);

/** Titles of the alerts, as they are shown. */
export function alertTitles(): string[] {
  const text = readTerraform('modules/observability');
  const causes = /default = \{([^}]+)\}/.exec(/variable "failures" [\s\S]+/.exec(text)?.[0] ?? '')?.[1] ?? '';
  const names = [...causes.matchAll(/^\s*([a-z]+) += /gm)].map(([, cause = '']) => cause);
  const alerts = readTerraform('modules/observability', 'google_monitoring_alert_policy');
  const titles = [...alerts.matchAll(/^\s+title += "(.+)"$/gm)].map(([, title = '']) => title);
  const shown = [...alerts.matchAll(/display_name += "Holt \$\{var\.environment\}: ([^"$]+)"/g)].map(
    ([, title = '']) => title,
  );
  const own = shown.filter(title => title.trim() !== '');
  return [...titles, ...own].flatMap(title =>
    title.includes('${') ? names.map(name => title.replace(/\$\{.+\}/, name)) : [title],
  );
}
