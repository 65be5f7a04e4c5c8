import {makeNotebook, startExchange} from './exchange-world.ts';

/*
 * The exchange in a process of its own, so that its memory can be told from the test's. It tells its address, then at
 * each line it is sent the most memory that it ever had.
 */

const {url, post} = await startExchange({teardown() {}} as never, {environment: {MAX_NOTEBOOK_BYTES: '5000000'}});
for (let warm = 0; warm < 50; warm += 1) {
  await post({nb: makeNotebook(`${warm}`)}, {Authorization: 'token dev-alice'});
}

process.send?.({url});
process.on('message', () => process.send?.({peakBytes: process.resourceUsage().maxRSS * 1024}));
process.on('disconnect', () => process.exit(0));
