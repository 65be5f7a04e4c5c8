import {type Command, InvalidArgumentError, Option} from 'commander';

/** Where Holt is and who is asking: the options that every command has. */
export type Address = {url: string; prefix: string; token?: string; as?: string};

/** Adds the options of an address to a command. */
export const withAddress = (command: Command): Command =>
  command
    .option('--url <url>', 'where Holt is', parseOrigin, 'http://127.0.0.1:10101')
    .option('--prefix <path>', 'the path that the hub forwards to Holt', parsePrefix, '/services/otter_grade/')
    .option('--token <token>', 'a JupyterHub token, from the hub’s token page')
    .addOption(
      new Option('--as <user>', 'be this user of a local stack, whose hub believes everybody').conflicts('token'),
    );

/** Reads a whole number of seconds from the command line. */
export function parseSeconds(value: string): number {
  if (!/^\d{1,6}$/.test(value)) {
    throw new InvalidArgumentError('Give a whole number of seconds.');
  }

  return Number(value);
}

/** The header that proves who is asking; none when nobody is named. */
export const authorizationOf = ({token, as}: Address): Record<string, string> => {
  // The stand-in hub of a local stack knows these tokens, and no other hub does.
  const known = token ?? (as === undefined ? undefined : `dev-${encodeURIComponent(as)}`);
  return known === undefined ? {} : {Authorization: `token ${known}`};
};

/** Reads where Holt is from the command line. */
export function parseOrigin(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new InvalidArgumentError('Give an address such as https://hub.example.org.');
  }

  return url.origin;
}

/** Reads a path from the command line, with a slash at both ends. */
export const parsePrefix = (value: string): string => `/${value}/`.replace(/\/+/g, '/');
