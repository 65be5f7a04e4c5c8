import {mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {openRoot, type Plan, planRoot} from '../check/plan.ts';
import {prepareProvider} from '../check/provider.ts';
import {listTypes} from '../check/schema.ts';
import {copyConfiguration, listFolders, readFiles, removeWorkspace} from '../check/terraform.ts';

/**
 * Plans environments that are given by the text of their module's arguments, on the stand-in and with every value known.
 *
 * Throws: what Terraform says of an environment that it cannot plan.
 */
export async function planEnvironments(root: string, texts: Record<string, string>): Promise<Record<string, Plan>> {
  const cache = path.join(root, '.holt/terraform');
  const types = listTypes(listFolders(root).flatMap(folder => readFiles(root, folder, /\.tf$/)));
  const environment = await prepareProvider('stand-in', types, {root, cache, environment: process.env});
  const workspace = copyConfiguration(root, environment);
  const plans: Record<string, Plan> = {};
  try {
    for (const [name, text] of Object.entries(texts)) {
      const folder = `terraform/environments/names-${name}`;
      mkdirSync(path.join(workspace.root, folder), {recursive: true});
      writeFileSync(path.join(workspace.root, folder, 'main.tf'), makeRoot(text));
      const faults = await openRoot(workspace, folder);
      const outcome = faults ? {faults} : await planRoot(workspace, folder, 'known');
      if ('faults' in outcome) {
        throw new Error(`The environment ${name} cannot be planned: ${outcome.faults}`);
      }

      plans[name] = outcome.plan;
    }
  } finally {
    removeWorkspace(workspace);
  }

  return plans;
}

const makeRoot = (text: string) => `module "environment" {
  source = "../../modules/course-environment"
${text}
}

output "hub_config" {
  value = module.environment.hub_config
}
`;
