import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import path from 'node:path';

/** As much of `google.cloud.run.v2.Execution` as its readers look at. */
export type Execution = {
  name: string;
  job: string;
  taskCount: number;
  startTime: string;
  completionTime?: string;
  succeededCount?: number;
  failedCount?: number;
  conditions: {type: string; state: string; executionReason?: string}[];
};

/** Cloud Run keeps so many ended executions of a job. */
const MAX_KEPT = 1000;

/** Makes the list of executions, kept in a file so that a later life can tell what became of them. */
export function makeExecutionStore(file: string) {
  mkdirSync(path.dirname(file), {recursive: true});
  const executions = new Map(read(file).map(execution => [execution.name, execution]));
  const save = () => {
    for (const name of [...executions.keys()].slice(0, Math.max(executions.size - MAX_KEPT, 0))) {
      executions.delete(name);
    }

    writeFileSync(`${file}.new`, JSON.stringify([...executions.values()]));
    renameSync(`${file}.new`, file);
  };
  const finish = (execution: Execution, failed: number, wasCancelled: boolean) => {
    const reason = wasCancelled ? 'CANCELLED' : failed > 0 ? 'NON_ZERO_EXIT_CODE' : undefined;
    const state = reason ? 'CONDITION_FAILED' : 'CONDITION_SUCCEEDED';
    executions.set(execution.name, {
      ...execution,
      completionTime: new Date().toISOString(),
      succeededCount: execution.taskCount - failed,
      failedCount: failed,
      conditions: [{type: 'Completed', state, ...(reason && {executionReason: reason})}],
    });
  };

  return {
    find: (name: string): Execution | undefined => executions.get(name),
    findById: (id: string): Execution | undefined =>
      [...executions.values()].find(({name}) => name.endsWith(`/executions/${id}`)),
    start(name: string, job: string, taskCount: number): void {
      const conditions = [{type: 'Completed', state: 'CONDITION_RECONCILING'}];
      executions.set(name, {name, job, taskCount, startTime: new Date().toISOString(), conditions});
      save();
    },
    end(name: string, failed: number, wasCancelled: boolean): void {
      const execution = executions.get(name);
      if (execution) {
        finish(execution, failed, wasCancelled);
        save();
      }
    },
    /** Marks what a former life left unfinished. */
    cancelRunning(): void {
      for (const execution of [...executions.values()].filter(({completionTime}) => !completionTime)) {
        finish(execution, execution.taskCount, true);
      }

      save();
    },
  };
}

function read(file: string): Execution[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
}
