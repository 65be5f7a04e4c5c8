import {readConfig} from '../functions/config.ts';
import {startEmbedded} from '../functions/serve-embedded.ts';
import {reportReady, tellErrors} from './child.ts';
import {forward} from './companions.ts';

/*
 * Holt on the embedded engine, as a child of the local stack: the same server as `npm start`, with the stand-in hub
 * under the same address.
 */

const companions = process.env.HOLT_COMPANIONS;

await tellErrors(async () => {
  const {url, close} = await startEmbedded(readConfig('all'), (request, response) => {
    const isHub = companions !== undefined && /^\/hub(\/|\?|$)/.test(request.url ?? '');
    if (isHub) {
      forward(request, response, companions);
    }

    return isHub;
  });
  reportReady(url, close);
});
