/*
 * What a task does in the suite of `jobs.ts`: it tells the suite's server how it was started, and ends with the exit
 * code that it is told, when it is told. `stubborn` ignores the polite signal and has a child that does, too.
 */
import {spawn} from 'node:child_process';

const {MANIFEST_INDEX_URL, CLOUD_RUN_TASK_INDEX, CLOUD_RUN_TASK_COUNT, CLOUD_RUN_EXECUTION} = process.env;
let child: number | undefined;
if (process.argv.includes('stubborn')) {
  process.on('SIGTERM', () => {});
  const script = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
  child = spawn(process.execPath, ['-e', script], {stdio: 'ignore'}).pid;
}

console.log(`task ${CLOUD_RUN_TASK_INDEX} is here`);
console.error('and says so');
const response = await fetch(String(MANIFEST_INDEX_URL), {
  method: 'POST',
  body: JSON.stringify({
    index: CLOUD_RUN_TASK_INDEX,
    count: CLOUD_RUN_TASK_COUNT,
    execution: CLOUD_RUN_EXECUTION,
    environment: Object.keys(process.env).toSorted(),
    pid: process.pid,
    child,
  }),
});
process.exit(Number(await response.text()));
