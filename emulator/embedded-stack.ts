import path from 'node:path';
import {startNodeChild} from './node-child.ts';
import {makeEnvironment, type Stack, type StackSettings} from './stack.ts';

/** Starts Holt on the embedded engine: one process that serves everything. */
export async function startEmbeddedStack(settings: StackSettings): Promise<Stack> {
  const child = await startNodeChild({
    name: 'Holt',
    program: 'emulator/embedded-process.ts',
    environment: {
      ...makeEnvironment(settings),
      HOLT_ENGINE: 'embedded',
      HOLT_DATA: path.join(settings.dataFolder, 'store'),
      HOLT_COMPANIONS: settings.companionsUrl,
      HOLT_UPGRADE: String(settings.upgrade),
    },
    onLine: settings.onLine,
    onUnexpectedExit: settings.onUnexpectedExit,
  });
  return {
    url: child.url(),
    parts: new Map([['Holt', child]]),
    async restart(changed) {
      if (!/^(domain|functions|adapters|grader-job)\//.test(changed)) {
        return [];
      }

      await child.restart();
      return ['Holt'];
    },
    close: child.close,
  };
}
