import {z} from 'zod';
import {runTerraform, useLocalState, type Workspace} from './terraform.ts';

/** A resource as it would be made, with the values that it would have. */
export type Resource = {address: string; type: string; name: string; values: Record<string, unknown>};
export type Plan = {resources: Resource[]; outputs: Record<string, unknown>};

const Planned = z.object({
  address: z.string(),
  mode: z.enum(['managed', 'data']),
  type: z.string(),
  name: z.string(),
  values: z.record(z.string(), z.unknown()),
});
type Module = {resources?: z.infer<typeof Planned>[]; child_modules?: Module[]};
const Module: z.ZodType<Module> = z.lazy(() =>
  z.object({resources: z.array(Planned).optional(), child_modules: z.array(Module).optional()}),
);
const Shown = z.object({
  planned_values: z.object({
    outputs: z.record(z.string(), z.object({value: z.unknown().optional()})).default({}),
    root_module: Module,
  }),
});

/** Makes a root ready for plans. */
export async function openRoot(workspace: Workspace, folder: string): Promise<string> {
  useLocalState(workspace, folder);
  const {isDone, output} = await runTerraform(workspace, folder, ['init', '-input=false', '-no-color']);
  return isDone ? '' : output.trim();
}

/**
 * Plans a root on the stand-in.
 *
 * `known` makes up what Google Cloud would answer, so that the plan holds every value; `unknown` leaves it open, as the
 * first apply of a new environment has it.
 */
export async function planRoot(
  workspace: Workspace,
  folder: string,
  values: 'known' | 'unknown',
): Promise<{plan: Plan} | {faults: string}> {
  const parameters = ['plan', '-input=false', '-no-color', '-lock=false', '-refresh=false', '-out=check.tfplan'];
  const planned = await runTerraform(workspace, folder, parameters, {STAND_IN_VALUES: values});
  if (!planned.isDone) {
    return {faults: fromError(planned.output)};
  }

  const shown = await runTerraform(workspace, folder, ['show', '-json', 'check.tfplan']);
  if (!shown.isDone) {
    return {faults: shown.output.trim()};
  }

  const {planned_values} = Shown.parse(JSON.parse(shown.output));
  return {
    plan: {
      resources: listResources(planned_values.root_module),
      outputs: Object.fromEntries(Object.entries(planned_values.outputs).map(([name, {value}]) => [name, value])),
    },
  };
}

/** What Terraform complains of, without the plan that it had made so far. */
const fromError = (output: string): string => output.slice(Math.max(0, output.indexOf('\nError: '))).trim();

const listResources = ({resources = [], child_modules = []}: Module): Resource[] => [
  ...resources.filter(({mode}) => mode === 'managed').map(({mode: _, ...resource}) => resource),
  ...child_modules.flatMap(listResources),
];
