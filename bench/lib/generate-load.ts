import {Agent, request as send} from 'node:http';
import {makeBody, mark} from './notebook.ts';
import {percentile} from './statistics.ts';
import {makeToken} from './token.ts';

/*
 * Students who press Submit, as a process of its own: it takes its settings as a message and answers what it measured.
 */

export type LoadSettings = {
  /** Where the exchange answers otter-submit. */
  url: string;
  /** Signs each student's token. */
  secret: string;
  clients: number;
  seconds: number;
  notebookBytes: number;
  /** Keeps the students of one round apart from another's. */
  round: string;
};

export type LoadResult = {
  accepted: number;
  perSecond: number;
  /** Milliseconds from the first byte sent to the whole answer. */
  p50: number;
  p95: number;
  p99: number;
  /** Answers other than success, by status. */
  refused: Record<string, number>;
};

async function generate(settings: LoadSettings): Promise<LoadResult> {
  const {url, secret, clients, seconds, notebookBytes, round} = settings;
  const agent = new Agent({keepAlive: true, maxSockets: clients});
  const {hostname, port, pathname} = new URL(url);
  const latencies: number[] = [];
  const refused: Record<string, number> = {};
  let number = 0;

  const submit = (body: Buffer, student: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const request = send(
        {
          agent,
          hostname,
          port,
          path: pathname,
          method: 'POST',
          headers: {
            Authorization: `Bearer ${makeToken(student, secret)}`,
            'Content-Type': 'application/json',
            'Content-Length': body.length,
            'X-Otter-User': student,
          },
        },
        response => {
          response.resume();
          response.once('error', reject);
          response.once('end', () => resolve(response.statusCode ?? 0));
        },
      );
      request.once('error', reject);
      request.end(body);
    });

  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  const runClient = async () => {
    const body = makeBody(notebookBytes);
    const place = body.indexOf(mark);
    while (performance.now() < until) {
      number += 1;
      const unique = String(number).padStart(8, '0');
      body.write(`${round}-${unique}`.padStart(mark.length, '0').slice(-mark.length), place);
      const sentAt = performance.now();
      const status = await submit(body, `student-${round}-${unique}`);
      if (status === 200) {
        latencies.push(performance.now() - sentAt);
      } else {
        refused[status] = (refused[status] ?? 0) + 1;
      }
    }
  };

  await Promise.all(Array.from({length: clients}, runClient));
  agent.destroy();
  return {
    accepted: latencies.length,
    perSecond: latencies.length / ((performance.now() - startedAt) / 1000),
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
    p99: percentile(latencies, 0.99),
    refused,
  };
}

process.once('message', async (settings: LoadSettings) => {
  const result = await generate(settings);
  process.send?.(result, () => process.disconnect());
});
