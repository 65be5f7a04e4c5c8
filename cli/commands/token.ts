import {Command, InvalidArgumentError} from 'commander';
import {SignJWT} from 'jose';
import {TokenScope} from '../../domain/client-token.ts';
import {parseSeconds} from '../address.ts';
import {readSecret} from '../read-secret.ts';

type Options = {secretFile: string; scope?: string; seconds?: number; audience?: string};

/** `holt token NAME`: makes a token as Moodle does, limited where it is said. */
export const makeTokenCommand = (): Command =>
  new Command('token')
    .description('make a token for Moodle’s routes, signed with the secret that Holt has as JWT_SECRET')
    .argument('<name>', 'the user it is for')
    .requiredOption('--secret-file <file>', 'a file that holds the secret; - reads it from standard input')
    .option('--scope <scopes>', `what it may be used for, by comma: ${TokenScope.options.join(', ')}`, parseScopes)
    .option('--seconds <seconds>', 'how long it lives; without an end unless given', parseSeconds)
    .option('--audience <name>', 'who it is for: MOODLE_TOKEN_AUDIENCE')
    .action(async (name: string, {secretFile, scope, seconds, audience}: Options) => {
      const secret = await readSecret(secretFile, 'JWT_SECRET');
      const token = new SignJWT({name, ...(scope !== undefined && {scope})}).setProtectedHeader({
        typ: 'JWT',
        alg: 'HS256',
      });
      if (seconds !== undefined) {
        token.setIssuedAt().setExpirationTime(`${seconds}s`);
      }

      if (audience !== undefined) {
        token.setAudience(audience);
      }

      console.log(await token.sign(new TextEncoder().encode(secret)));
    });

/** Scopes as a token has them: words with a space between. */
function parseScopes(value: string): string {
  const scopes = value.split(/[\s,]+/).filter(Boolean);
  const unknown = scopes.filter(scope => !TokenScope.safeParse(scope).success);
  if (unknown.length > 0 || scopes.length === 0) {
    throw new InvalidArgumentError(`Give some of ${TokenScope.options.join(', ')}.`);
  }

  return scopes.join(' ');
}
