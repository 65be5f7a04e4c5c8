import path from 'node:path';
import {startLocal} from '../emulator/local.ts';
import {sampleLab} from '../emulator/options.ts';
import {readCpuSeconds} from './lib/cpu.ts';
import {occupyGrader, runRounds, toFigures} from './lib/load.ts';
import {report} from './lib/report.ts';
import {withFolder} from './lib/work-folder.ts';

/*
 * Accepted submissions a second on the google engine against the emulators. The load goes to the exchange's own process;
 * the emulators, the other functions and the event router share the machine.
 */

const secret = 'a secret of this bench only';
const environment = {
  HOLT_JWT_SECRET: secret,
  MAX_PARALLEL_TASKS: '1',
  // For a profile of each function.
  NODE_OPTIONS: process.env.HOLT_BENCH_NODE_OPTIONS ?? '',
};

await withFolder(async dataFolder => {
  const local = await startLocal({
    engine: 'google',
    port: 0,
    dataFolder,
    course: path.join(sampleLab, 'autograders'),
    // Not another hub: students' tokens are signed, so that no hub is asked while it is measured.
    startHub: async () => ({environment, async close() {}}),
    onUnexpectedExit(reason) {
      throw new Error(reason);
    },
  });
  try {
    const exchange = local.stack.parts.get('exchange');
    if (!exchange) {
      throw new Error('the stack has no exchange');
    }

    const target = {url: `${exchange.url()}/services/otter_grade/`, secret};
    await occupyGrader(target);
    const pid = exchange.pid() ?? 0;
    const before = readCpuSeconds(pid);
    const rounds = await runRounds(target, 8);
    const accepted = rounds.reduce((sum, round) => sum + round.accepted, 0);
    await report([
      ...toFigures('google', rounds, {perSecond: {least: 60}}),
      {
        name: 'processor time of a submission, google engine',
        value: (1000 * (readCpuSeconds(pid) - before)) / accepted,
        unit: 'ms',
        note: 'the exchange alone',
      },
    ]);
  } finally {
    await local.close();
  }
});
