import type {ClientToken} from '../../../domain/client-token.ts';
import type {Settings} from '../../settings.ts';
import {modJupyter} from '../dialects/mod-jupyter.ts';
import {type CreateNeeds, makeCreate} from './create.ts';
import {makeDelete} from './delete.ts';
import {makeAnswerActivities} from './handler.ts';
import {makeSubmitAndWait, type SubmitNeeds} from './submit.ts';

type Needs = CreateNeeds &
  Omit<SubmitNeeds, 'settings'> & {checkClientToken: ((token: string) => Promise<ClientToken | undefined>) | undefined};

/** The secret that mod_jupyter is installed with: whoever reads its source can sign with it. */
const KNOWN_SECRET = 'your-256-bit-secret';
const SECRET_CHARACTERS = 32;

/** Puts the answers to Moodle together; undefined where no secret is set. Says at start what its tokens are not. */
export function composeActivities(needs: Needs, settings: Settings) {
  const {checkClientToken: checkToken, log} = needs;
  const {JWT_SECRET: secret} = settings;
  if (!checkToken || !secret) {
    return undefined;
  }

  if (secret === KNOWN_SECRET || secret.length < SECRET_CHARACTERS) {
    log(
      'WARNING',
      secret === KNOWN_SECRET
        ? 'JWT_SECRET is the one that mod_jupyter is installed with, which everybody knows: make one with `openssl rand -hex 32`, here and in Moodle'
        : `JWT_SECRET has fewer than ${SECRET_CHARACTERS} characters and can be guessed: make one with \`openssl rand -hex 32\`, here and in Moodle`,
    );
  }

  const areScopesRequired = settings.MOODLE_TOKEN_SCOPES === 'required';
  if (!areScopesRequired) {
    log(
      'WARNING',
      'a token without a scope may create, delete and submit for anybody, and need not expire, as mod_jupyter makes them: MOODLE_TOKEN_SCOPES=required refuses such',
    );
  }

  return makeAnswerActivities({
    dialect: modJupyter,
    prefix: settings.MOODLE_PREFIX,
    checkToken,
    areScopesRequired,
    create: makeCreate(needs),
    submit: makeSubmitAndWait({
      ...needs,
      settings: {
        seconds: settings.GRADING_TIMEOUT,
        waits: settings.MOODLE_WAITS_AT_ONCE,
        showHidden: settings.MOODLE_SHOW_HIDDEN_OUTPUT,
      },
    }),
    remove: makeDelete(needs),
    log,
  });
}
